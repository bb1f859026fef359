"""Watching jobs from the outside: what did not start at its time, and what runs for too long.

It trusts nothing that starts jobs: slots come from the cron expressions, and what became of them from the runs alone. Called by the
watchdog every few seconds and by the worker every minute; both at once tell people once.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from alerts import lifecycle, tongues
from alerts.enums import Resolution
from jobs import job_alerts
from jobs.enums import GOOD, RUN_BAD, RUN_OPEN, RunStatus
from jobs.models import Job, JobRun
from jobs.run_texts import clock
from sentinel_site.lib import cron, ids
from sentinel_site.lib.cron import CronError

EARLY: Final = timedelta(minutes=5)
"""An external program's clock may be so far ahead: its run counts for the slot."""
CLOCK_SKEW: Final = timedelta(hours=1)
"""Ids are born with their rows, give or take; the primary key narrows the search to them."""
TOLD_WITHIN, JUST_NOW = timedelta(hours=1), timedelta(seconds=10)
"""Bad ends are told by whoever writes them. For so long they are told here as well, in case that failed."""
SECRETS: Final = ("job__http_url", "job__http_headers", "job__http_body")
MINUTE: Final = timedelta(minutes=1)
MOST_KNOWN: Final = 10_000
Thing = TypeVar("Thing")
_RUNS: Final = """
SELECT due.job_id, run.id, run.status
FROM unnest(%(jobs)s::bigint[], %(slots)s::timestamptz[], %(from)s::timestamptz[], %(first)s::uuid[]) AS due (job_id, slot, since, first)
JOIN LATERAL (
    SELECT id, status FROM jobs_jobrun
    WHERE job_id = due.job_id AND id >= due.first
    AND (scheduled_for BETWEEN due.slot AND %(until)s OR started_at BETWEEN due.since AND %(until)s)
    ORDER BY status = 'queued', id DESC LIMIT 1
) run ON true
"""
_around: dict[tuple[str, str], tuple[datetime, datetime]] = {}
"""Expression and zone → the slot that was found last and the one after it: between them nothing has to be worked out."""
logger = logging.getLogger(__name__)


class Due(NamedTuple):
    """A job and the slot at which it should have started by now."""

    job: Job
    slot: datetime


def sweep(*, at: datetime) -> int:
    """Tell people of every job that is late or takes too long at ``at``, once each, and end what is over. Returns how many were raised.

    A job that cannot be judged is logged and left; the others are judged. Raises DatabaseError when nothing could be read.
    """
    found = _each(_late(at=at), "late", lambda due: job_alerts.late(due[0].job, due[0].slot, due[1], at=at))
    found += _each(_long(at=at), "too long", lambda run: job_alerts.too_long(run, at=at))
    found += _each(_bad(at=at), "failed", lambda run: job_alerts.ended_untold(run, at=at))
    settle(at=at)
    return found


def due_slots(jobs: Iterable[Job], *, at: datetime) -> Iterator[Due]:
    """For each job the last slot whose grace is over. Slots before the job was last saved or while it was paused do not count."""
    for job in jobs:
        try:
            slot = _slot(job, at - timedelta(seconds=job.grace_seconds))
        except (CronError, ZoneInfoNotFoundError, ValueError):
            logger.exception("the schedule of the job %s cannot be read", job.slug)
            continue
        known = (job.created_at, job.changed_at, job.paused_until)
        since = [moment for moment in known if moment and moment <= at]  # others are of a clock that was ahead
        if slot is not None and all(slot > moment for moment in since):
            yield Due(job, slot)


def settle(*, at: datetime) -> int:
    """Resolve alerts of jobs that were deleted or switched off, and of late ones that have started or are paused. Returns how many."""
    alerts = job_alerts.open_alerts()
    known = {alert.pk: job_alerts.job_id(alert) for alert in alerts}
    jobs = Job.objects.in_bulk([pk for pk in known.values() if pk is not None]) if alerts else {}
    count = 0
    for alert in alerts:
        job = jobs.get(known[alert.pk] or 0)
        resolution, say = _over(job, alert.created_at, late=alert.type == job_alerts.LATE, at=at)
        if say is not None:
            count += lifecycle.resolve_all([(alert, tongues.note(say))], by=None, at=at, resolution=resolution)
    return count


def _over(job: Job | None, raised_at: datetime, *, late: bool, at: datetime) -> tuple[Resolution, Callable[[], str] | None]:
    """How an alert is over, and what says why; None: it is not."""
    if job is None:
        return Resolution.AUTO, lambda: _("The job was deleted.")
    if not job.enabled:
        return Resolution.AUTO, lambda: _("The job was switched off.")
    if late and job.paused_until and job.paused_until > at:
        return Resolution.AUTO, lambda: _("The job is paused.")
    if late and not job.cron:
        return Resolution.AUTO, lambda: _("The job has no schedule any more.")
    run = job.runs.filter(id__gte=ids.floor(raised_at - CLOCK_SKEW), started_at__gte=raised_at).order_by("id").first() if late else None
    if run is not None and run.started_at is not None:
        began = run.started_at
        return Resolution.RECOVERED, lambda: _("It started at %(start)s.") % {"start": clock(began, job)}
    return Resolution.AUTO, None


def _late(*, at: datetime) -> list[tuple[Due, JobRun | None]]:
    awake = Q(paused_until=None) | Q(paused_until__lte=at)
    jobs = Job.objects.filter(awake, enabled=True).exclude(cron="").defer("http_url", "http_headers", "http_body").select_related("source")
    due = list(due_slots(jobs, at=at))
    runs = _best_runs(due, at=at)
    waiting = {pk for pk, status in runs.values() if status == RunStatus.QUEUED}
    queued = JobRun.objects.select_related("parent__job", "triggered_by").in_bulk(waiting) if waiting else {}
    found: list[tuple[Due, JobRun | None]] = [(each, None) for each in due if each.job.pk not in runs]
    for each in due:
        run = queued.get(runs[each.job.pk][0]) if each.job.pk in runs else None
        if run is not None and run.queued_at + timedelta(seconds=each.job.grace_seconds) <= at:  # or it is only just being caught up
            found.append((each, run))
    return found


def _best_runs(due: list[Due], *, at: datetime) -> dict[int, tuple[UUID, str]]:
    """For each job the run that stands for its slot: one that began or was skipped, else one that waits."""
    if not due:
        return {}
    since = [each.slot - min(EARLY, timedelta(seconds=each.job.grace_seconds)) for each in due]
    values: dict[str, Any] = {
        "jobs": [each.job.pk for each in due], "slots": [each.slot for each in due], "from": since,
        "first": [ids.floor(moment - CLOCK_SKEW) for moment in since], "until": at + EARLY,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, values)
        return {job_id: (pk, status) for job_id, pk, status in cursor.fetchall()}


def _long(*, at: datetime) -> list[JobRun]:
    running = JobRun.objects.filter(status=RunStatus.RUNNING, job__long_seconds__isnull=False, started_at__lt=at)
    runs = running.select_related("job__source", "parent__job", "triggered_by").defer(
        "job__http_url", "job__http_headers", "job__http_body"
    )
    return [run for run in runs if run.started_at and run.started_at + timedelta(seconds=run.job.long_seconds or 0) <= at]


def _bad(*, at: datetime) -> list[JobRun]:
    """Runs that ended badly a short while ago and are the last word on their job. Whether people know is asked of the alerts."""
    later = JobRun.objects.filter(job_id=OuterRef("job_id"), id__gt=OuterRef("pk"), status__in=(*GOOD, *RUN_OPEN, *RUN_BAD))
    ended = JobRun.objects.filter(finished_at__gt=at - TOLD_WITHIN, finished_at__lte=at - JUST_NOW, status__in=RUN_BAD, job__enabled=True)
    runs = ended.filter(~Exists(later)).select_related("job__source", "parent__job", "triggered_by")
    return list(runs.defer(*SECRETS))


def _slot(job: Job, moment: datetime) -> datetime | None:
    """The last slot of the job at or before ``moment``. Raises CronError, and ZoneInfoNotFoundError."""
    key = (job.cron, job.time_zone)
    known = _around.get(key)
    if known and known[0] <= moment < known[1]:
        return known[0]
    zone = ZoneInfo(job.time_zone)
    slot = cron.before(job.cron, moment.replace(second=0, microsecond=0) + MINUTE, zone)
    following = cron.after(job.cron, slot, zone) if slot else None
    if slot and following:
        if len(_around) > MOST_KNOWN:
            _around.clear()
        _around[key] = (slot, following)
    return slot


def _each(things: Iterable[Thing], what: str, tell: Callable[[Thing], bool]) -> int:
    count = 0
    for thing in things:
        try:
            count += tell(thing)
        except Exception:  # one job that cannot be told of must not keep the others from it
            logger.exception("a job that is %s could not be told of", what)
    return count
