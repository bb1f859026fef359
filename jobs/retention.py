"""Forgetting runs: old ones are deleted, but of every job its last stays, and what is open is never deleted."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max

from jobs.enums import RUN_OPEN
from jobs.models import JobRun
from sentinel_site.lib import ids, registry

BATCH: Final = 1000


def sweep(*, at: datetime) -> int:
    """Delete the runs that are older than SENTINEL_KEEP_RUNS_DAYS. Returns how many."""
    cutoff = at - timedelta(days=settings.SENTINEL_KEEP_RUNS_DAYS)
    last = list(JobRun.objects.order_by().values("job_id").annotate(last=Max("queued_at")).values_list("job_id", "last"))
    kept = {run for job_id, at in last for run in JobRun.objects.filter(job_id=job_id, queued_at=at).values_list("pk", flat=True)}
    old = JobRun.objects.filter(pk__lt=ids.floor(cutoff), queued_at__lt=cutoff).exclude(status__in=RUN_OPEN).exclude(pk__in=kept)
    deleted = 0
    while found := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        JobRun.objects.filter(pk__in=found).delete()
        deleted += len(found)
        registry.progress("runs deleted", deleted)
    return deleted
