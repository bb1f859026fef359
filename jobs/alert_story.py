"""What jobs add to the story of an alert: the run that it is about, and the end of what it printed."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from alerts.enums import StoryKind
from alerts.models import Alert
from alerts.story_parts import Asked, Entry, Fact, Part
from jobs import job_alerts, run_queries, run_texts
from jobs.enums import RunStatus
from jobs.models import JobRun

NEEDED: Final = ("jobs.view_job", "jobs.view_jobrun")
RANK: Final = 5
ENDINGS: Final = {
    RunStatus.QUEUED: lambda: _("It waits in the queue."), RunStatus.RUNNING: lambda: _("It still runs."),
    RunStatus.SUCCESS: lambda: _("The run ended well."), RunStatus.WARNING: lambda: _("The run ended with a warning."),
    RunStatus.ERROR: lambda: _("The run ended with an error."), RunStatus.ORPHANED: lambda: _("The run was never heard of again."),
    RunStatus.SKIPPED: lambda: _("The run was skipped."),
}  # fmt: skip


def part(asked: Asked) -> Part | None:
    """The run that the alert names; None when it is not about a job. One statement."""
    job_id, run_id = job_alerts.job_id(asked.alert), _run_id(asked.alert)
    if asked.alert.type not in job_alerts.TYPES or not asked.alert.dedup_key.startswith(job_alerts.KEY) or job_id is None:
        return None
    if not all(map(asked.may, NEEDED)):
        return Part(left_out=[_("The job's run is left out: you have no permission to see jobs and runs.")])
    if run_id is None:
        return None
    run = run_queries.runs().select_related("parent__job").filter(pk=run_id, job_id=job_id).first()
    if run is None:
        return Part(left_out=[_("The job's run is no longer kept.")])
    return Part(list(_entries(run)))


def _run_id(alert: Alert) -> UUID | None:
    """A label, which whoever reports may have written: it is looked up among the runs of the alert's job alone."""
    try:
        return UUID(str(alert.labels.get("run", "")))
    except ValueError:
        return None


def _entries(run: JobRun) -> Iterator[Entry]:
    words = {"job": run.job.name, "by": run_texts.begun_by(run)}
    facts = [
        Fact("job", _("Job"), run.job.slug), Fact("run", _("Run"), str(run.pk)), Fact("attempt", _("Try"), run.attempt),
        Fact("scheduled_for", _("Its time was"), run.scheduled_for), Fact("worker", _("Worker"), run.worker),
    ]  # fmt: skip
    text = _("A run of %(job)s was wanted, %(by)s.") % words
    yield Entry(run.queued_at, StoryKind.RUN, text, facts=[fact for fact in facts if fact.value not in (None, "")], rank=RANK)
    if run.started_at:
        yield Entry(run.started_at, StoryKind.RUN, _("The run of %(job)s started.") % words, rank=RANK, place=1)
    if run.finished_at:
        yield _ended(run)


def _ended(run: JobRun) -> Entry:
    took = run_texts.lasting(run.duration_ms) if run.duration_ms is not None else None
    facts = [
        Fact("status", _("State"), str(run.status)),
        Fact("took", _("Took"), took),
        Fact("message", _("Message"), run.message or run.reason),
    ]
    quoted = [text for text in (getattr(run, "error_end", ""), getattr(run, "output_end", "")) if text]
    return Entry(
        run.finished_at or run.queued_at, StoryKind.RUN, ENDINGS[RunStatus(run.status)](), facts=[fact for fact in facts if fact.value],
        quoted="\n\n".join(quoted), rank=RANK, place=2,
    )  # fmt: skip
