"""What `jobs` tells about its runs."""

from django.dispatch import Signal

run_ended = Signal()
"""A run ended, or was skipped (inside its transaction). ``run``: JobRun with its job, ``at``, ``again``: the run that tries it once
more, or None. Each receiver works in a savepoint of its own: a fault in it is logged, and the run's record stays."""
