"""What of runs is rolled up, and kept so: by when they were queued. Runs that ended lately, or are young, are counted anew."""

from datetime import datetime, timedelta
from typing import Final

from jobs.models import JobRun, RunRollup, RunRollupProgress
from sentinel_site.lib import ids
from sentinel_site.lib.rolling.keeping import Changes, Kept
from sentinel_site.lib.rolling.rollup import Rollup

LATELY: Final = timedelta(minutes=15)
LOOKED_BACK: Final = timedelta(days=1)
"""After so long without a worker the runs of that time are found by the history, which begins anew."""
RUNS: Final = Rollup(
    RunRollup, {"job": "''"}, ("runs", "success", "warning", "error", "orphaned", "skipped"), ("lasted",),
    """
    SELECT run.queued_at AS at, job.slug AS job, 1 AS runs, (run.status = 'success')::int AS success,
        (run.status = 'warning')::int AS warning, (run.status = 'error')::int AS error, (run.status = 'orphaned')::int AS orphaned,
        (run.status = 'skipped')::int AS skipped,
        CASE WHEN run.status IN ('success', 'warning', 'error') THEN run.duration_ms::float8 / 1000 END AS lasted
    FROM stretch JOIN jobs_jobrun AS run ON run.id >= stretch.first AND run.id < stretch.last
        AND run.queued_at >= stretch.since AND run.queued_at < stretch.until
    JOIN jobs_job AS job ON job.id = run.job_id
    """,
)  # fmt: skip


def changed(progress: RunRollupProgress, at: datetime) -> Changes:
    """When the runs were queued that began or ended since the last look."""
    looked, progress.looked_back_at = progress.looked_back_at, at
    if looked is None or at - looked > LOOKED_BACK:
        return Changes((), 0, lost=looked is not None)
    since = looked - LATELY
    ended = JobRun.objects.filter(finished_at__gte=since).order_by().values_list("queued_at", flat=True)
    begun = JobRun.objects.filter(pk__gte=ids.floor(since)).order_by().values_list("queued_at", flat=True)
    return Changes([*ended, *begun], 0)


def _first() -> datetime | None:
    return JobRun.objects.order_by("pk").values_list("queued_at", flat=True).first()


KEPT: Final = (Kept("runs", RUNS, RunRollupProgress, changed, _first),)
"""For the worker, who keeps them, and for whoever counts a stretch anew."""
