"""The only writer of JobRun.status. A run is a row from the moment it is wanted; what has ended stays ended.

Locks are taken in the order jobs (by id; for an end together with all that follow), run. Everything an end brings about (the next one
that waits, another try, the jobs that follow, alerts) is in the same transaction as the end itself.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jobs import kept, retries
from jobs.enums import RUN_OPEN, JobKind, Overlap, RunStatus, Trigger
from jobs.errors import IllegalRun, NotRunnable
from jobs.models import Job, JobRun, descendants
from jobs.signals import run_ended
from sentinel_site.lib import wake
from sentinel_site.lib.ids import uuid7
from sentinel_site.lib.queue import enqueue

TRANSITIONS: Final[Mapping[RunStatus, tuple[RunStatus, ...]]] = {
    RunStatus.RUNNING: (RunStatus.QUEUED,),
    RunStatus.SUCCESS: (RunStatus.RUNNING, RunStatus.ORPHANED),
    RunStatus.WARNING: (RunStatus.RUNNING, RunStatus.ORPHANED),
    RunStatus.ERROR: (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.ORPHANED),
    RunStatus.ORPHANED: (RunStatus.RUNNING,),
    RunStatus.SKIPPED: (RunStatus.QUEUED,),
}
"""For each status, the ones it may be reached from. An orphan that reports after all is believed."""
ENDED_BY_ITSELF: Final = (RunStatus.SUCCESS, RunStatus.WARNING, RunStatus.ERROR)
By = AbstractBaseUser | None
logger = logging.getLogger(__name__)


@transaction.atomic
def queue(
    job: Job, *, trigger: Trigger, at: datetime, by: By = None, by_name: str = "", arguments: Mapping[str, Any] | None = None,
    scheduled_for: datetime | None = None, chain_id: UUID | None = None, parent: JobRun | None = None, wait: bool = False,
) -> JobRun:  # fmt: skip
    """Want one run of ``job``: it is QUEUED and a worker is told, or SKIPPED when another is open and the job skips then.

    ``arguments`` go over the job's own. With ``wait`` it is queued whatever the job's overlap says. A try that waits for its time is
    given up for it. A slot that has its run already answers that run. Raises NotRunnable for an external job.
    """
    job = _locked(job.pk)
    if job.kind == JobKind.EXTERNAL:
        raise NotRunnable(_("%(job)s runs outside of Sentinel, which can only hear of it. Start it where it lives.") % {"job": job.name})
    if trigger == Trigger.SCHEDULER and (known := job.runs.filter(trigger=trigger, scheduled_for=scheduled_for).first()):
        return known
    _give_up_tries(job, at=at)
    run = _new(
        job, trigger=trigger, triggered_by=by, triggered_by_name=by_name[:150], scheduled_for=scheduled_for, parent=parent, queued_at=at,
        arguments={**job.arguments, **(arguments or {})}, chain_id=chain_id,
    )  # fmt: skip
    if job.overlap == Overlap.SKIP and not wait and (other := _open(job).first()):
        return _skipped(run, _in_the_way(other), at=at)
    return _queued(run)


@transaction.atomic
def skip(
    job: Job, *, trigger: Trigger, at: datetime, reason: str, chain_id: UUID | None = None, parent: JobRun | None = None
) -> JobRun:  # fmt: skip
    """Put down that a run of ``job`` was wanted and is not made, and why."""
    return _skipped(_new(job, trigger=trigger, parent=parent, queued_at=at, chain_id=chain_id, arguments=job.arguments), reason, at=at)


@transaction.atomic
def start(run_id: UUID, *, at: datetime, worker: str) -> JobRun | None:
    """Take a queued run: it is RUNNING, and yours. None when it is not to be started (now): taken, ended, too early, or another one runs.

    One run of a job at a time, whoever asks: the job's row is locked while that is decided.
    """
    switched_off = JobRun.objects.filter(pk=run_id, job__enabled=False).exists()
    run = _locked_run(run_id, ends=switched_off)
    if run is None or run.status != RunStatus.QUEUED or (run.not_before and run.not_before > at):
        return None
    if not run.job.enabled and run.trigger not in (Trigger.MANUAL, Trigger.API):
        _end(run, RunStatus.SKIPPED, at=at, fields={"reason": "The job was switched off before it could start."})
        return None
    if run.job.runs.filter(status=RunStatus.RUNNING).exists():
        return None
    _move(run, RunStatus.RUNNING, {"started_at": at, "beat_at": at, "worker": worker[:120]})
    return run


def hand_over(run_id: UUID, *, at: datetime, lease: timedelta) -> bool:
    """Whether a process may be started for this queued run: for one run of a job in the time of ``lease``, in which it should be taken."""
    with transaction.atomic():
        run = _locked_run(run_id)
        fresh = Q(status=RunStatus.RUNNING) | Q(status=RunStatus.QUEUED, beat_at__gt=at - lease)
        if run is None or run.status != RunStatus.QUEUED or run.job.runs.filter(fresh).exists():
            return False
        _write(run, {"beat_at": at})
        return True


def is_free(job: Job) -> bool:
    """Whether no run of the job is running: a look ahead only, `start` decides."""
    return not job.runs.filter(status=RunStatus.RUNNING).exists()


def beat(run_id: UUID, *, at: datetime, progress: Mapping[str, Any] | None = None) -> bool:
    """A sign of life of a running run, with how far it is. False when it does not run (any more): its work must be stopped then."""
    fields: dict[str, Any] = {"beat_at": at}
    if progress is not None:
        fields["progress"] = kept.mapping(progress)
    return bool(JobRun.objects.filter(pk=run_id, status=RunStatus.RUNNING).update(**fields))


@transaction.atomic
def finish(
    run_id: UUID, *, status: RunStatus, at: datetime, stats: Mapping[str, Any] | None = None, message: str = "", error: str = "",
    output: str = "",
) -> JobRun:  # fmt: skip
    """A run ended as ``status`` (success, warning or error). What follows from it is in the same transaction.

    Saying the same again is a quiet success. Raises IllegalRun when it ended otherwise, JobRun.DoesNotExist when it is gone.
    """
    run = _locked_run(run_id, ends=True)
    if run is None:
        raise JobRun.DoesNotExist(f"There is no run {run_id} (any more).")
    if status not in ENDED_BY_ITSELF:
        raise IllegalRun(RunStatus(run.status), status)
    if run.status == status:
        return run
    return _end(run, status, at=at, fields=kept.result(stats=stats, message=message, error=error, output=output))


@transaction.atomic
def orphan(run_id: UUID, *, at: datetime, reason: str, silent_since: datetime) -> bool:
    """A running run gave no sign of life after ``silent_since``: it is ORPHANED, unless it has given one meanwhile."""
    run = _locked_run(run_id, ends=True)
    if run is None or run.status != RunStatus.RUNNING or (run.beat_at and run.beat_at > silent_since):
        return False
    _end(run, RunStatus.ORPHANED, at=at, fields={"reason": reason[:300]})
    return True


@transaction.atomic
def report(
    job: Job, *, status: RunStatus, at: datetime, started_at: datetime, by: By = None, by_name: str = "",
    stats: Mapping[str, Any] | None = None, message: str = "", error: str = "", output: str = "",
) -> JobRun:  # fmt: skip
    """A run of an external job that began at ``started_at``, as its program reports it: RUNNING, or ended at ``at`` in one go.

    External runs are never refused or held back: they have happened. Raises NotRunnable for a job that Sentinel runs itself.
    """
    job = _locked(job.pk)
    if job.kind != JobKind.EXTERNAL:
        raise NotRunnable(_("%(job)s is run by Sentinel itself. Make it an external job to report its runs.") % {"job": job.name})
    run = _new(
        job, trigger=Trigger.API, triggered_by=by, triggered_by_name=by_name[:150], queued_at=started_at, started_at=started_at,
        beat_at=max(at, started_at), arguments=job.arguments,
    )  # fmt: skip
    run.status = RunStatus.RUNNING
    result = kept.result(stats=stats, message=message, error=error, output=output)
    for name, value in result.items():
        setattr(run, name, value)
    run.save(force_insert=True)
    return run if status == RunStatus.RUNNING else _end(run, status, at=at, fields=result)


@transaction.atomic
def heard_of(
    run_id: UUID, *, at: datetime, stats: Mapping[str, Any] | None = None, message: str | None = None,
    progress: Mapping[str, Any] | None = None,
) -> JobRun:  # fmt: skip
    """An external run still runs: a sign of life, with what it says so far. Raises IllegalRun when it has ended, JobRun.DoesNotExist."""
    run = JobRun.objects.select_for_update(no_key=True, of=["self"]).select_related("job").get(pk=run_id)
    if run.status != RunStatus.RUNNING:
        raise IllegalRun(RunStatus(run.status), RunStatus.RUNNING)
    fields: dict[str, Any] = {"beat_at": at}
    if stats is not None:
        fields["stats"] = kept.mapping(stats)
    if message is not None:
        fields["message"] = kept.text(message, kept.MESSAGE)
    if progress is not None:
        fields["progress"] = kept.mapping(progress)
    return _write(run, fields)


def tell_again(*, at: datetime, queued_before: datetime, limit: int = 20) -> int:
    """Tell a worker once more of runs that wait since before ``queued_before``: the queue may have lost its task. Returns of how many.

    Call it in the worker alone: it looks only while it works off its queue, so that nothing piles up while it does not.
    """
    ready = Q(not_before=None) | Q(not_before__lte=at)
    waiting = JobRun.objects.filter(ready, status=RunStatus.QUEUED, queued_at__lt=queued_before)
    found = list(waiting.order_by("job_id", "id").distinct("job_id").values_list("pk", flat=True)[:limit])
    for run_id in found:
        enqueue("jobs.tasks.run", str(run_id))
    return len(found)


@transaction.atomic
def release_due(*, at: datetime, limit: int = 100) -> int:
    """Tell a worker of every further try whose time has come. Returns how many."""
    due = JobRun.objects.select_for_update(skip_locked=True, no_key=True).filter(status=RunStatus.QUEUED, not_before__lte=at)
    found = list(due.order_by("not_before").values_list("pk", flat=True)[:limit])
    for run_id in found:
        enqueue("jobs.tasks.run", str(run_id))
    JobRun.objects.filter(pk__in=found).update(not_before=None)
    return len(found)


def _locked(job_id: int) -> Job:
    return Job.objects.select_for_update(no_key=True).get(pk=job_id)


def _locked_run(run_id: UUID, *, ends: bool = False) -> JobRun | None:
    """The run with its job, both locked, the job first; for an end with every job that may follow, so that no two ends lock crosswise."""
    job_id = JobRun.objects.filter(pk=run_id).values_list("job_id", flat=True).first()
    if job_id is None:
        return None
    locked = {job_id, *(descendants(job_id) if ends else ())}
    jobs = {job.pk: job for job in Job.objects.select_for_update(no_key=True).filter(pk__in=locked).order_by("pk")}
    run = JobRun.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None or job_id not in jobs:  # deleted meanwhile
        return None
    run.job = jobs[job_id]
    return run


def _new(job: Job, **fields: Any) -> JobRun:
    run_id = uuid7()
    return JobRun(id=run_id, job=job, **{**fields, "chain_id": fields.get("chain_id") or run_id})


def _open(job: Job) -> Any:
    return job.runs.filter(status__in=RUN_OPEN).order_by("id")


def _in_the_way(other: JobRun) -> str:
    return f"The run of {other.queued_at:%Y-%m-%d %H:%M:%S} UTC {'still runs' if other.status == RunStatus.RUNNING else 'still waits'}."


def _queued(run: JobRun) -> JobRun:
    run.status = RunStatus.QUEUED
    run.save(force_insert=True)
    if run.not_before is None:
        enqueue("jobs.tasks.run", str(run.pk))
    else:
        wake.up(wake.JOBS)
    return run


def _skipped(run: JobRun, reason: str, *, at: datetime) -> JobRun:
    run.status, run.reason, run.finished_at = RunStatus.SKIPPED, reason[:300], at
    run.save(force_insert=True)
    run_ended.send_robust(sender=JobRun, run=run, at=at, again=None)
    return run


def _give_up_tries(job: Job, *, at: datetime) -> None:
    """A newer run does the work of the try that waits."""
    for waiting in job.runs.select_for_update(no_key=True).filter(status=RunStatus.QUEUED, trigger=Trigger.RETRY):
        waiting.job = job
        _end(waiting, RunStatus.SKIPPED, at=at, fields={"reason": "A newer run took the place of this try."})


def _move(run: JobRun, to: RunStatus, fields: Mapping[str, Any]) -> None:
    """The one door of JobRun.status; the row is locked."""
    if run.status not in TRANSITIONS[to]:
        raise IllegalRun(RunStatus(run.status), to)
    run.status = to
    _write(run, {**fields, "status": to})


def _write(run: JobRun, fields: Mapping[str, Any]) -> JobRun:
    for name, value in fields.items():
        setattr(run, name, value)
    run.save(update_fields=list(fields))
    return run


def _end(run: JobRun, to: RunStatus, *, at: datetime, fields: Mapping[str, Any]) -> JobRun:
    """Move an open run to its end, and do what follows: another try, the run that waits behind it, and what receivers do."""
    late = run.status == RunStatus.ORPHANED
    took = max(0, round((at - run.started_at).total_seconds() * 1000)) if run.started_at else None
    _move(run, to, {**fields, "finished_at": at, "duration_ms": took, "not_before": None})
    again = None if late else _try_again(run, at=at)
    if to != RunStatus.SKIPPED:
        _tell_the_next(run.job, at=at)
    run_ended.send_robust(sender=JobRun, run=run, at=at, again=again)
    return run


def _try_again(run: JobRun, *, at: datetime) -> JobRun | None:
    when = retries.next_try(run.job, attempt=run.attempt, status=RunStatus(run.status), at=at)
    if when is None or run.job.kind == JobKind.EXTERNAL:
        return None
    return _queued(_new(
        run.job, trigger=Trigger.RETRY, triggered_by_id=run.triggered_by_id, triggered_by_name=run.triggered_by_name, queued_at=at,
        scheduled_for=run.scheduled_for, parent_id=run.parent_id, arguments=run.arguments, chain_id=run.chain_id, not_before=when,
        attempt=run.attempt + 1,
    ))  # fmt: skip


def _tell_the_next(job: Job, *, at: datetime) -> None:
    """A worker hears of the run that waited for this one: of the same job, or of any, for then a place is free."""
    ready = Q(not_before=None) | Q(not_before__lte=at)
    waiting = JobRun.objects.filter(ready, status=RunStatus.QUEUED)
    for run_id in {rows.order_by("id").values_list("pk", flat=True).first() for rows in (waiting.filter(job=job), waiting)} - {None}:
        enqueue("jobs.tasks.run", str(run_id))
