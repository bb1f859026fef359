"""Telling people about jobs: one open alert per job and kind, ended by the job's next good run.

Whoever writes the end of a run (runs.py) calls `ended` as the last of that transaction: no bad run is without its alert.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from alerts import intake, lifecycle, raising, tongues
from alerts.enums import FINAL, OPEN, Resolution, Severity
from alerts.models import Alert
from jobs import alert_texts, drift
from jobs.alert_texts import Facts, Words
from jobs.drift import Drift, Figures
from jobs.enums import GOOD, RUN_BAD, After, JobKind, RunStatus
from jobs.models import Job, JobRun

SOURCE: Final = "jobs"
ERROR, ORPHANED, LATE, LONG, DRIFT = "job-error", "job-orphaned", "job-late", "job-long", "job-drift"
TYPES: Final = (ERROR, ORPHANED, LATE, LONG, DRIFT)
KEY: Final = "job:"
"""How the dedup keys of these alerts begin: what others report under the same type is theirs."""


def ended(run: JobRun, *, at: datetime) -> None:
    """Say what the end of ``run`` means: raise its alert, or resolve what is open about its job and look whether it was as usual.

    Call it when no further try follows; what was skipped tells nobody (who skipped it does). The last statement of a transaction.
    Raises DatabaseError.
    """
    with transaction.atomic():
        if run.status in GOOD:
            _good(run, at=at)
        elif run.status in RUN_BAD:
            kind, say = (ERROR, alert_texts.failed) if run.status == RunStatus.ERROR else (ORPHANED, alert_texts.orphaned)
            facts = _facts(run.job, run)
            _raise(run.job, kind, lambda: say(run.job, run, facts), run=run, at=at)


def ended_untold(run: JobRun, *, at: datetime) -> bool:
    """What `ended` should have said of a bad run, if nobody was told of it. Returns whether it was said now."""
    with transaction.atomic():
        held = JobRun.objects.select_for_update(of=["self"], no_key=True).filter(pk=run.pk, status=run.status).exists()
        kind = ERROR if run.status == RunStatus.ERROR else ORPHANED
        if not held or _told(run.job, kind, since=run.finished_at or run.queued_at):
            return False
        ended(run, at=at)
    return True


def late(job: Job, slot: datetime, waiting: JobRun | None, *, at: datetime) -> bool:
    """Raise the alert that ``job`` did not start at ``slot``, unless that was told. Returns whether it was raised.

    ``waiting`` is its run in the queue, if there is one.
    """
    with transaction.atomic():
        held = Job.objects.select_for_update(of=["self"], no_key=True).filter(pk=job.pk).exists()
        if not held or _told(job, LATE, since=slot + timedelta(seconds=job.grace_seconds)):
            return False
        facts = _facts(job, None)
        _raise(job, LATE, lambda: alert_texts.late(job, slot, waiting, facts, at=at), run=waiting, at=at)
    return True


def too_long(run: JobRun, *, at: datetime) -> bool:
    """Raise the alert that ``run`` takes too long, unless that was told. Returns whether it was raised."""
    with transaction.atomic():
        held = JobRun.objects.select_for_update(of=["self"], no_key=True).filter(pk=run.pk, status=RunStatus.RUNNING).exists()
        if not held or _told(run.job, LONG, since=run.started_at or run.queued_at):
            return False
        facts = _facts(run.job, run)
        _raise(run.job, LONG, lambda: alert_texts.too_long(run.job, run, facts, at=at), run=run, at=at)
    return True


def open_alerts(*kinds: str) -> list[Alert]:
    """Open alerts of jobs of these kinds, whatever their source."""
    return list(Alert.objects.filter(type__in=kinds or TYPES, status__in=OPEN, dedup_key__startswith=KEY).order_by("id"))


def job_id(alert: Alert) -> int | None:
    """The job an alert of `open_alerts` is about; None when its key is not one of ours."""
    number = alert.dedup_key.removeprefix(KEY).partition(":")[0]
    return int(number) if number.isdecimal() else None


def _good(run: JobRun, *, at: datetime) -> None:
    """Resolve what is open about the job; a run that was unlike itself keeps or raises the alert about that, and no other."""
    drifts = drifts_of(run)
    mine = [_key(run.job, kind) for kind in TYPES if not (drifts and kind == DRIFT)]
    found = Alert.objects.filter(source__slug__in=_sources(run.job), dedup_key__in=mine, status__in=OPEN)
    if run.job.kind == JobKind.EXTERNAL:  # its end may be reported long after it: what went wrong since is not over
        found = found.exclude(type=ERROR, last_seen_at__gt=at)
    note = tongues.note(lambda: _("%(job)s ran and succeeded.") % {"job": run.job.own_name})
    endings = [(alert, note) for alert in found]
    if drifts and endings:  # the event counter is held from here on: nothing else is locked in this transaction
        transaction.on_commit(lambda: _unusual(run, drifts, at=at), robust=True)
    elif drifts:
        _unusual(run, drifts, at=at)
    if endings:
        lifecycle.resolve_all(endings, by=None, at=at, resolution=Resolution.RECOVERED)


def _unusual(run: JobRun, drifts: list[Drift], *, at: datetime) -> None:
    facts = _facts(run.job, run)
    _raise(run.job, DRIFT, lambda: alert_texts.drifted(run.job, run, drifts, facts), run=run, at=at)


def drifts_of(run: JobRun) -> list[Drift]:
    """What of a good run is unlike the good runs of its job before it."""
    return drift.find(Figures(run.duration_ms, run.stats or {}), history_of(run))


def history_of(run: JobRun) -> list[Figures]:
    """The figures of the good runs before ``run``, the newest first."""
    rows = JobRun.objects.filter(job_id=run.job_id, status__in=GOOD, id__lt=run.pk).order_by("-id")
    return [Figures(duration, stats) for duration, stats in rows.values_list("duration_ms", "stats")[: drift.HISTORY]]


def _facts(job: Job, run: JobRun | None) -> Facts:
    """What is known about the job; queries only, nothing of it changes."""
    good = JobRun.objects.filter(job_id=job.pk, status__in=GOOD).order_by("-id")
    if run is not None:
        good = good.exclude(pk=run.pk)
    before = [float(each) for each in good.values_list("duration_ms", flat=True)[: drift.HISTORY] if each is not None]
    bad = run is None or run.status not in GOOD
    waiting = job.children.filter(on=After.SUCCESS).select_related("child").order_by("child__name") if bad else []
    names = [link.child.own_name for link in waiting if link.child.enabled]
    return Facts(last_good=good.first(), usual_ms=drift.usual(before), followers=names)


def _told(job: Job, kind: str, *, since: datetime) -> bool:
    """Whether people were told of this already. Asked of the alerts themselves: nothing else has to be remembered."""
    known = Alert.objects.filter(source__slug__in=_sources(job), dedup_key=_key(job, kind))
    return any(known.filter(status__in=statuses, last_seen_at__gte=since).exists() for statuses in (OPEN, FINAL))  # an index for each


def _raise(job: Job, kind: str, say: Callable[[], Words], *, run: JobRun | None, at: datetime) -> None:
    report: dict[str, Any] = {
        "type": kind, "subject": job.slug, "severity": Severity.LOW if kind == DRIFT else job.severity, "dedup_key": _key(job, kind),
        "labels": _labels(job, run), **tongues.report(lambda: _fields(say(), job, run)),
    }  # fmt: skip
    raising.raise_by(_sources(job), report, at=at)


def _fields(words: Words, job: Job, run: JobRun | None) -> dict[str, Any]:
    return {"title": words.title, "description": words.text, "links": alert_texts.links(job, run)}


def _sources(job: Job) -> list[str]:
    """From whom its alerts may be: its own source, ours, or Sentinel itself where those are gone."""
    return [*([job.source.slug] if job.source else []), SOURCE, intake.OWN_SOURCE]


def _labels(job: Job, run: JobRun | None) -> dict[str, str]:
    return {"job": job.slug, **({"run": str(run.pk), "trigger": run.trigger} if run else {})}


def _key(job: Job, kind: str) -> str:
    return f"{KEY}{job.pk}:{kind}"
