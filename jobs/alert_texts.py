"""What the alerts of jobs say: understood at three in the morning by somebody who never saw the job. In the language switched on.

job_alerts.py asks for it in each language: English is stored, and each person reads their own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from jobs import run_texts
from jobs.drift import DURATION, Drift
from jobs.enums import JobKind
from jobs.models import Job, JobRun
from jobs.run_texts import clock, lasting
from sentinel_site.lib import figures

NAMED = 6
"""So many jobs that follow are named."""


class Words(NamedTuple):
    """The title and the text of an alert."""

    title: str
    text: str


class Facts(NamedTuple):
    """What is known about the job besides the run in question."""

    last_good: JobRun | None
    usual_ms: float | None
    followers: Sequence[str]
    """The names of the jobs that do not run because of it."""


def failed(job: Job, run: JobRun, facts: Facts) -> Words:
    """It ended with an error, and is not tried again."""
    title = _("%(job)s failed") % {"job": job.own_name}
    todo = _("Read the error, mend its cause, and run the job again on its page. Until it succeeds, its work is not done.")
    return Words(title, _text(_first(run), _run(job, run), facts_of(job, facts), _error(run), _output(run), todo))


def orphaned(job: Job, run: JobRun, facts: Facts) -> Words:
    """It ended without a word."""
    if job.kind == JobKind.EXTERNAL:
        title = _("%(job)s was never heard of again") % {"job": job.own_name}
        todo = _(
            "It reported that it had begun, and not that it had ended. Look at the machine that runs it: is it on, does the program still "
            "run, can it reach Sentinel? Nobody knows how much of its work was done."
        )
    else:
        title = _("%(job)s died while it ran") % {"job": job.own_name}
        todo = _(
            "Its process was killed or its machine stopped: nobody knows how much of its work was done. Sentinel does not run it again by "
            "itself. Look at what it left behind, then run it again on its page."
        )
    return Words(title, _text(_first(run), _run(job, run), facts_of(job, facts), _error(run), _output(run), todo))


def late(job: Job, slot: datetime, waiting: JobRun | None, facts: Facts, *, at: datetime) -> Words:
    """Its time passed, and it did not start."""
    title = _("%(job)s did not start at its time") % {"job": job.own_name}
    since = _("It should have started at %(slot)s, %(late)s ago.") % {"slot": clock(slot, job), "late": span(at - slot)}
    if waiting is not None:
        why = _("It waits in the queue as run %(run)s, and nothing takes it: another run of it goes on, or the worker is busy or dead.") % {
            "run": waiting.pk
        }
    elif job.kind == JobKind.EXTERNAL:
        why = _("Nothing was reported by it since.")
    else:
        why = _("There is no run of it: nothing started it.")
    todo = (
        _("Look at the machine that runs it: is it on, does its scheduler run, can it reach Sentinel?")
        if job.kind == JobKind.EXTERNAL
        else _("Look under Processes in the admin whether watchdog and worker run. “Run now” on its page starts it.")
    )
    return Words(title, _text(f"{since} {why}", facts_of(job, facts), todo))


def too_long(job: Job, run: JobRun, facts: Facts, *, at: datetime) -> Words:
    """It still runs."""
    begun = run.started_at or run.queued_at
    title = _("%(job)s runs for too long") % {"job": job.own_name}
    limit = lasting(1000 * (job.long_seconds or 0))
    first = _("It has been running for %(time)s; it should be done after %(limit)s.") % {"time": span(at - begun), "limit": limit}
    if facts.usual_ms is not None:
        first += " " + _("It usually takes %(usual)s.") % {"usual": lasting(facts.usual_ms)}
    stops = clock(begun + timedelta(seconds=job.timeout_seconds), job)
    todo = (
        _("Look at the machine that runs it. If nothing is heard of it, Sentinel takes it for dead at %(stops)s.")
        if job.kind == JobKind.EXTERNAL
        else _("Look at what it does on its page. Sentinel stops it at %(stops)s.")
    )
    return Words(title, _text(first, _run(job, run), facts_of(job, facts), progress(run), _output(run), todo % {"stops": stops}))


def drifted(job: Job, run: JobRun, drifts: Sequence[Drift], facts: Facts) -> Words:
    """It went well, and was unlike itself."""
    title = _("%(job)s was not as usual: %(what)s") % {"job": job.own_name, "what": of_drift(drifts[0])}
    listed = "\n".join(f"- {of_drift(each)}" for each in drifts[:NAMED])
    todo = _(
        "The run ended well, so nothing is broken yet. Look whether there is a reason, for example that it had nothing to do. When it "
        "stays so, it becomes the usual after some runs."
    )
    return Words(title, _text(listed, _run(job, run), facts_of(job, facts), todo))


def of_drift(drift: Drift) -> str:
    """One figure beside what is usual."""
    if drift.name == DURATION:
        return _("it took %(now)s instead of %(usual)s") % {"now": lasting(drift.value), "usual": lasting(drift.usual)}
    return _("%(name)s is %(now)s instead of %(usual)s") % {
        "name": drift.name[:80],
        "now": _number(drift.value),
        "usual": _number(drift.usual),
    }


def facts_of(job: Job, facts: Facts) -> str:
    """When it last succeeded, and who waits for it."""
    last = facts.last_good
    if last is None or last.finished_at is None:
        lines = [_("Last success: never.")]
    else:
        took = lasting(last.duration_ms or 0)
        lines = [_("Last success: %(when)s, took %(took)s.") % {"when": clock(last.finished_at, job), "took": took}]
    if facts.followers:
        more = ", …" if len(facts.followers) > NAMED else ""
        lines.append(_("Not run because of it: %(jobs)s.") % {"jobs": ", ".join(facts.followers[:NAMED]) + more})
    return "\n".join(lines)


def links(job: Job, run: JobRun | None) -> list[dict[str, str]]:
    """The page of the run, or of all jobs where there is none."""
    base = f"{settings.SENTINEL_BASE_URL}/live/jobs/"
    if run is None:
        return [{"href": f"{base}#{job.slug}", "text": _("Page of %(job)s") % {"job": job.own_name}}]
    return [{"href": f"{base}runs/{run.pk}/", "text": _("Page of this run")}]


def span(length: timedelta) -> str:
    """A length of time."""
    return lasting(max(0.0, length.total_seconds()) * 1000)


def progress(run: JobRun) -> str:
    """How far it said it was; empty when it said nothing."""
    what, done, of = (run.progress.get(name) for name in ("what", "done", "of"))
    if what is None:
        return ""
    return _("It said last: %(what)s, %(done)s") % {"what": str(what)[:200], "done": f"{done}/{of}" if of else str(done)}


def _first(run: JobRun) -> str:
    return run.message or run.reason


def _run(job: Job, run: JobRun) -> str:
    lines = [_("Run: %(run)s") % {"run": run_texts.of_run(run)}]
    if run.scheduled_for:
        lines.append(_("Its time: %(slot)s") % {"slot": clock(run.scheduled_for, job)})
    if run.started_at:
        lines.append(_("Started: %(start)s") % {"start": clock(run.started_at, job)})
    if run.duration_ms is not None:
        lines.append(_("It took %(time)s.") % {"time": lasting(run.duration_ms)})
    return "\n".join(lines)


def _error(run: JobRun) -> str:
    return _titled(_("Error:"), run_texts.tail(run.error, lines=run_texts.ERROR_LINES, length=run_texts.ERROR_LENGTH))


def _output(run: JobRun) -> str:
    return _titled(_("The end of its output:"), run_texts.output_of(run))


def _titled(title: str, text: str) -> str:
    return f"{title}\n{text}" if text else ""


def _number(value: float) -> str:
    return figures.number(value if value.is_integer() else float(f"{value:.4g}"))


def _text(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
