"""What `alerts` tells the apps above it."""

from django.dispatch import Signal

alerts_raised = Signal()
"""New alerts were stored (inside their transaction). ``alerts``: list of ids, ``at``."""

alert_closed = Signal()
"""An alert was resolved or expired (inside the transaction). ``alert``: Alert, ``at``."""

work_wanted = Signal()
"""Work that this app declares (job_callables) is wanted once, soon. ``name``, ``arguments``, ``by``: User or None, ``at``."""

story_wanted = Signal()
"""Somebody reads the story of an alert. ``asked``: story_parts.Asked. A receiver that knows of the alert returns a story_parts.Part, any
other None. One that fails is logged, and the story says that something is missing."""
