"""The admin of `jobs`, one module per subject; importing them registers them."""

from jobs.admin import jobs, runs

__all__ = ["jobs", "runs"]
