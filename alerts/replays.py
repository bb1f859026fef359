"""Replays that people ask for: of one report, at once; of a stretch of time, as a row that says how far it is and then the answer.

The only writer of Replay. A long one is carried out by a job, a short one while it is asked.
"""

import dataclasses
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from alerts import describe, effects, folding, messages, past, replay, simulation, supposing
from alerts.changes import Changes, changed
from alerts.enums import ReplayState
from alerts.errors import InvalidReport
from alerts.models import Replay, Report
from alerts.past import Past, Was
from alerts.replay import Course, Replayed
from alerts.signals import work_wanted
from alerts.supposing import Setting
from notifications import dispatch
from sentinel_site.lib import problems

MAX_REPORTS: Final = 200_000
AT_ONCE: Final = 1000
"""So many reports are replayed while somebody waits for the answer."""
SHOWN: Final = 100
"""So many differences are shown, each with the people; the rest is counted."""
LONGEST: Final = timedelta(days=92)
KEEP: Final = timedelta(days=30)
LOST: Final = timedelta(hours=1)
"""A long replay that is not done after so long does not keep who asked from asking again."""
WORK: Final = "alerts.replay"
UNCHANGED: Final = Changes()
Progress = Callable[[str, int, int | None], None]
logger = logging.getLogger(__name__)


def one(report: Report, *, at: datetime, as_now: bool = False) -> dict[str, Any]:
    """What ``report`` would lead to today, beside what it led to; ``as_now``: as if it came at ``at``. Changes nothing."""
    when = at if as_now else None
    stream = past.around(report)
    setting = supposing.setting(since=report.received_at, until=max(at, report.received_at) + LONGEST)
    replayed = list(replay.replay(stream, setting, at=when))
    found = next(each for each in replayed if each.id == report.pk)
    itself = next(each for each in stream if each.id == report.pk)
    steps = _steps(itself, found.course, setting, at=when) if found.course and found.raises else []
    return {**_row(found, setting, itself, at=when), "steps": steps, "as_now": as_now}


def ask(
    *, since: datetime, until: datetime, source: str, as_now: bool, by: AbstractBaseUser | None, at: datetime, changes: Changes = UNCHANGED
) -> Replay:
    """Replay what came from ``since`` to ``until``: at once when it is little, else by a job. Raises a 422 Problem for too much.

    With ``changes`` it is replayed with them and without, and compared.
    """
    if not timedelta(0) < until - since <= LONGEST:
        raise problems.invalid([(("body", "until"), f"must lie after since, by {LONGEST.days} days at the most")])
    total = past.chosen(since=since, until=until, source=source).order_by()[: MAX_REPORTS + 1].count()
    if total > MAX_REPORTS:
        raise problems.invalid([(("body", "since"), f"more than {MAX_REPORTS} reports came then; ask for less, or for one source")])
    if changes:
        changed(changes, since=since, until=until)  # refused before anything is stored
    if total > AT_ONCE and _waiting(by, at=at):
        raise problems.invalid([(("body", "since"), "a long replay that you asked for is not done yet; wait for it, or ask for less")])
    with transaction.atomic():
        row = Replay.objects.create(
            since=since, until=until, source=source, as_now=as_now, by_id=by.pk if by else None, asked_at=at, total=total,
            changes=changes.model_dump(mode="json", by_alias=True, exclude_unset=True) if changes else {},
        )  # fmt: skip
        if total > AT_ONCE:
            work_wanted.send(sender=Replay, name=WORK, arguments={"replay": str(row.pk)}, by=by, at=at)
    return row if total > AT_ONCE else carry_out(row.pk)


def _waiting(by: AbstractBaseUser | None, *, at: datetime) -> bool:
    """Whether a long replay of theirs is still to be done: whoever may look must not fill the queue. One that was lost is forgotten."""
    unfinished = (ReplayState.QUEUED, ReplayState.RUNNING)
    found = Replay.objects.filter(by_id=by.pk if by else None, state__in=unfinished, total__gt=AT_ONCE, asked_at__gt=at - LOST)
    return found.exists()


def carry_out(pk: UUID, *, progress: Progress | None = None) -> Replay:
    """Work the answer of a replay out and store it. Doing it twice is doing it once. Raises Replay.DoesNotExist, and what went wrong."""
    row = Replay.objects.get(pk=pk)
    if row.state == ReplayState.DONE:
        return row
    Replay.objects.filter(pk=pk).update(state=ReplayState.RUNNING, done=0)
    try:
        answer = _answer(row, progress)
    except Exception as error:  # whatever it is, who asked must read it on the page; the job fails by it as well
        Replay.objects.filter(pk=pk).update(state=ReplayState.FAILED, error=f"{type(error).__name__}: {error}"[:500])
        raise
    Replay.objects.filter(pk=pk).update(state=ReplayState.DONE, answer=answer, done=answer["reports"], error="")
    return Replay.objects.select_related("by").get(pk=pk)


def forget(*, at: datetime, limit: int) -> int:
    """Delete replays asked long ago, ``limit`` at the most. Returns how many."""
    old = Replay.objects.filter(asked_at__lt=at - KEEP).values_list("pk", flat=True)[:limit]
    return Replay.objects.filter(pk__in=list(old)).delete()[0]


def describe_replay(row: Replay) -> dict[str, Any]:
    """A replay as api.md answers it; ``answer`` is null until it is done."""
    return {
        "id": str(row.pk), "since": describe.instant(row.since), "until": describe.instant(row.until), "source": row.source or None,
        "as_now": row.as_now, "changes": row.changes or None,
        "by": row.by.get_username() if row.by else None, "asked_at": describe.instant(row.asked_at),
        "state": row.state, "done": row.done, "total": row.total, "error": row.error or None,
        "answer": row.answer if row.state == ReplayState.DONE else None,
    }  # fmt: skip


def _answer(row: Replay, progress: Progress | None) -> dict[str, Any]:
    if row.changes:
        return _compared(row, progress)
    setting = supposing.setting(since=row.since, until=max(row.until, row.asked_at) + LONGEST)
    when = row.asked_at if row.as_now else None
    replayed = []
    for each in replay.replay(past.reports(since=row.since, until=row.until, source=row.source), setting, at=when):
        replayed.append(each)
        if len(replayed) % past.CHUNK == 0:
            Replay.objects.filter(pk=row.pk).update(done=len(replayed))
            if progress:
                progress("replaying", len(replayed), row.total)
    return _summed(replayed, setting, at=when)


def _compared(row: Replay, progress: Progress | None) -> dict[str, Any]:
    """What the changes of ``row`` would have meant."""
    until = max(row.until, row.asked_at) + LONGEST
    supposed = changed(Changes.model_validate(row.changes), since=row.since, until=row.until)
    today, then = (supposing.setting(each, since=row.since, until=until) for each in (supposing.NOTHING, supposed))
    stream = _told_of(past.reports(since=row.since, until=row.until, source=row.source), row, progress)
    return effects.describe(effects.effect(stream, today, then))


def _told_of(stream: Iterable[Past], row: Replay, progress: Progress | None) -> Iterator[Past]:
    """``stream``, and how far it is."""
    for number, each in enumerate(stream, 1):
        yield each
        if number % past.CHUNK == 0:
            Replay.objects.filter(pk=row.pk).update(done=number)
            if progress:
                progress("comparing", number, row.total)


def _summed(replayed: Sequence[Replayed], setting: Setting, *, at: datetime | None) -> dict[str, Any]:
    unlike = [each for each in replayed if each.differences]
    shown = unlike[:SHOWN]
    rows = {each.id: each for each in past.read(list(Report.objects.filter(pk__in=[each.id for each in shown]).order_by("pk")))}
    spared = [each.was for each in unlike if each.was and each.was.told_at and (each.course is None or each.course.told_at is None)]
    was = {each.was.alert: each.was for each in replayed if each.was}
    would = effects.counts(replayed)
    return {
        "reports": len(replayed),
        "was": _counted(list(was.values())),
        "would": dataclasses.asdict(would),
        "verdicts": {
            "was": dict(sorted(Counter(each.verdict for each in replayed).items())),
            "would": dict(sorted(Counter(each.would for each in replayed).items())),
        },
        "different": len(unlike),
        "by_difference": dict(sorted(Counter(name for each in unlike for name in each.differences).items())),
        "messages_spared": sum(each.messages for each in spared),
        "items": [_row(each, setting, rows[each.id], at=at) for each in shown if each.id in rows],
    }


def _counted(was: Sequence[Was]) -> dict[str, Any]:
    priorities = Counter(f"P{each.priority}" for each in was)
    return {
        "alerts": len(was), "told": sum(each.told_at is not None for each in was), "held": sum(bool(each.held) for each in was),
        "grouped": sum(each.grouped for each in was), "by_priority": dict(sorted(priorities.items())),
    }  # fmt: skip


def _row(each: Replayed, setting: Setting, itself: Past, *, at: datetime | None) -> dict[str, Any]:
    """One report: what it was, what it would be, and in what they differ, the people as well."""
    was, would = _was(each), _would(each)
    if each.raises and each.course and each.course.told_at:
        would["people"] = _people(itself, each.course, setting, at=at)
    differences = list(each.differences)
    if was.get("told_at") and would.get("told_at") and set(was["people"]) != set(would["people"]):
        differences.append("people")
    return {
        "id": str(each.id), "received_at": describe.instant(each.at), "source": each.source, "title": _title(itself),
        "was": was, "would": would, "differences": differences,
    }  # fmt: skip


def _was(each: Replayed) -> dict[str, Any]:
    was = each.was
    if was is None:
        return {"verdict": each.verdict}
    return {
        "verdict": each.verdict, "alert": str(was.alert), "number": was.number, "priority": f"P{was.priority}", "policy": was.policy,
        "route": was.route, "held": [dict(reason) for reason in was.held], "grouped": was.grouped, "told_at": describe.instant(was.told_at),
        "people": list(was.people), "messages": was.messages,
    }  # fmt: skip


def _would(each: Replayed) -> dict[str, Any]:
    course = each.course
    if course is None:
        return {"verdict": each.would, "why": each.why}
    return {
        "verdict": each.would, "priority": f"P{course.priority}", "policy": course.policy, "route": course.choice.route,
        "held": [found.reason for found in course.held], "grouped": course.grouped, "told_at": describe.instant(course.told_at),
        "people": [],
    }  # fmt: skip


def _title(itself: Past) -> str:
    return "" if isinstance(itself.report, InvalidReport) else itself.report.title


def _steps(itself: Past, course: Course, setting: Setting, *, at: datetime | None) -> list[dict[str, Any]]:
    """Every step of the policy, as if nobody answered, from when the first is taken."""
    alert = _alert(itself, setting, at=at)
    if alert is None or course.told_at is None:
        return []
    start = (at or itself.at) + (course.told_at - itself.at) - course.choice.plan.steps[0].delay
    until = course.choice.plan.deadline(alert.status, since=start)
    return [simulation.describe_turn(turn) for turn in simulation.turns_of(alert, course.choice.plan, start=start, until=until)]


def _people(itself: Past, course: Course, setting: Setting, *, at: datetime | None) -> list[str]:
    """Who would be told first, by name."""
    alert = _alert(itself, setting, at=at)
    if alert is None or course.told_at is None:
        return []
    told_at = course.told_at + ((at - itself.at) if at else timedelta(0))
    order = messages.step([alert], course.choice.plan, range(1), at=told_at)
    (calls,) = dispatch.plan([order], at=told_at)
    return sorted(call.name for call in calls if call.ways)


def _alert(itself: Past, setting: Setting, *, at: datetime | None) -> Any:
    if isinstance(itself.report, InvalidReport):
        return None
    folds, _ = folding.fold([itself.report._replace(occurred_at=None)], setting.table, at=at or itself.at)
    return replay.unsaved(folds[0], itself) if folds else None
