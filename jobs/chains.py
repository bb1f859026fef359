"""Jobs that run after others: what is started, and what is skipped, when a run has ended.

A job that follows several waits for all of them. In one chain each job has one run; jobs that begin chains of their own are waited
for from one run of the follower to the next.
"""

from datetime import datetime

from jobs import runs
from jobs.enums import GOOD, RUN_OPEN, After, JobKind, RunStatus, Trigger
from jobs.models import Job, JobLink, JobRun, ancestors
from sentinel_site.lib import english


def follow(run: JobRun, *, at: datetime) -> None:
    """A run ended and is not tried again: start or skip every job that was waiting for it alone, or for it at last.

    A run that was skipped because another one was in its way starts nothing: the other one will. One whose job was switched off while
    it waited has its followers skipped as well. Call it inside the transaction of the end, which holds the locks of all jobs that follow.
    """
    if run.status != RunStatus.SKIPPED or _was_switched_off(run):
        _go_on(run, at=at)


def _was_switched_off(run: JobRun) -> bool:
    return not run.job.enabled and run.trigger not in (Trigger.MANUAL, Trigger.API)


def _go_on(run: JobRun, *, at: datetime) -> None:
    for child_id in JobLink.objects.filter(parent=run.job_id).order_by("child_id").values_list("child_id", flat=True):
        child = Job.objects.select_for_update(no_key=True).filter(pk=child_id).exclude(kind=JobKind.EXTERNAL).first()
        if child is None or _had_its_run(child, run):
            continue
        answers = _answers(child, run)
        if answers is not None:
            _decide(child, answers, run, at=at)


def _had_its_run(child: Job, run: JobRun) -> bool:
    """Whether ``child`` has its run in this chain. A skip is none when what decided it is true no more: an orphan succeeded after all."""
    known = child.runs.filter(chain_id=run.chain_id)
    newest = child.runs.select_related("parent").order_by("-id").first()
    if run.status not in GOOD or newest is None or newest.chain_id != run.chain_id or newest.status != RunStatus.SKIPPED:
        return known.exists()
    why = newest.parent
    later = JobRun.objects.filter(chain_id=run.chain_id, job_id=why.job_id, id__gt=why.pk) if why else JobRun.objects.none()
    return why is None or not (why.status in GOOD or later.exists())


def _answers(child: Job, run: JobRun) -> list[tuple[JobLink, JobRun]] | None:
    """For each job that ``child`` waits for, the run that counts; None while one is still to come."""
    found = []
    for link in JobLink.objects.filter(child=child).select_related("parent").order_by("pk"):
        answer = run if link.parent_id == run.job_id else _answer(link.parent, child, run)
        if answer is None or answer.status in RUN_OPEN:
            return None
        found.append((link, answer))
    return found


def _answer(parent: Job, child: Job, run: JobRun) -> JobRun | None:
    """The run of ``parent`` that counts beside ``run``: the one of the same chain, or the newest since ``child`` ran last.

    A job that is switched off is not waited for: it counts as skipped.
    """
    in_chain = JobRun.objects.filter(chain_id=run.chain_id)
    same = in_chain.filter(job=parent).order_by("-id").first()
    if same or in_chain.filter(job_id__in=ancestors(parent.pk)).exists():
        return same
    newest = parent.runs.exclude(status=RunStatus.SKIPPED, trigger__in=[each for each in Trigger if each != Trigger.CHAIN])
    answer = newest.order_by("-id").first()
    last = child.runs.exclude(status=RunStatus.SKIPPED).order_by("-id").first()
    if answer and last and answer.finished_at and answer.finished_at <= last.queued_at:
        answer = None
    if answer is None and not parent.enabled:
        return JobRun(job=parent, status=RunStatus.SKIPPED)
    return answer


def _decide(child: Job, answers: list[tuple[JobLink, JobRun]], run: JobRun, *, at: datetime) -> None:
    if reason := _why_not(child, answers, at=at):
        _go_on(runs.skip(child, trigger=Trigger.CHAIN, at=at, reason=reason, chain_id=run.chain_id, parent=run), at=at)
    else:
        runs.queue(child, trigger=Trigger.CHAIN, at=at, chain_id=run.chain_id, parent=run)


def _why_not(child: Job, answers: list[tuple[JobLink, JobRun]], *, at: datetime) -> str:
    """Why ``child`` is not started, or ""."""
    bad = [f"{link.parent.name} ({english.label(RunStatus, answer.status).lower()})" for link, answer in answers if _fails(link, answer)]
    if bad:
        return f"It runs only after the success of: {', '.join(bad)}."
    if not child.enabled:
        return "It is switched off."
    if child.paused_until and child.paused_until > at:
        return f"It is paused until {child.paused_until:%Y-%m-%d %H:%M} UTC."
    return ""


def _fails(link: JobLink, answer: JobRun) -> bool:
    return link.on == After.SUCCESS and answer.status not in GOOD
