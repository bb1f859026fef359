"""What `jobs` offers as work. Each reads the clock and makes one call."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs import retention
from sentinel_site.lib.registry import job


@job("jobs.retention", title=gettext_noop("Forget old runs"), every="41 3 * * *", timeout=600)
def forget() -> dict[str, Any]:
    """Delete runs of jobs that are older than SENTINEL_KEEP_RUNS_DAYS; the last one of each job stays."""
    return {"runs_deleted": retention.sweep(at=timezone.now())}
