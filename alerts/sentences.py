"""The record in words: one sentence per log entry, for people who read a timeline."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from alerts.enums import AlertStatus, LogKind, Promise, Resolution
from alerts.models import LogEntry

Detail = Mapping[str, Any]
_STATUS: Final = {
    AlertStatus.PENDING: "was put back",
    AlertStatus.DELIVERED: "reached somebody's device or mailbox",
    AlertStatus.SEEN: "was opened",
    AlertStatus.ACKNOWLEDGED: "was acknowledged",
    AlertStatus.RESOLVED: "was resolved",
    AlertStatus.EXPIRED: "expired: nobody answered in time",
}


def of(entry: LogEntry) -> str:
    """What ``entry`` says, without its instant. Plain text: it may hold foreign words and must be escaped."""
    say = _SAY.get(LogKind(entry.kind)) if entry.kind in LogKind.values else None
    text = say(entry.detail, entry.actor) if say else entry.get_kind_display()
    return f"{text}." if text[-1:] not in ".!?" else text


def _status(detail: Detail, actor: str) -> str:
    what = _STATUS.get(detail.get("to", ""), "changed")
    words = [f"The alert {what}"]
    if actor and detail.get("to") != AlertStatus.EXPIRED:
        words.append(f"by {actor}")
    if detail.get("resolution"):
        words.append(f"as “{_label(Resolution, detail['resolution'])}”")
    return " ".join(words) + _promise(detail) + _note(detail)


def _reaffirmed(detail: Detail, actor: str) -> str:
    return f"{actor or 'Sentinel'} acknowledged it again; the escalation stopped" + _promise(detail) + _note(detail)


def _step(detail: Detail, _actor: str) -> str:
    named = f" “{detail['label']}”" if detail.get("label") else ""
    number = int(detail.get("step", 0)) + 1
    told = _names(detail.get("recipients", ()))
    text = f"Step {number}{named}: told {told}" if told else f"Step {number}{named}"
    return text + _messages(detail) + _late(detail) + _unreachable(detail)


def _empty_step(detail: Detail, _actor: str) -> str:
    named = f" “{detail['label']}”" if detail.get("label") else ""
    return f"Step {int(detail.get('step', 0)) + 1}{named} reached nobody" + _late(detail) + _unreachable(detail)


def _unanswered(detail: Detail, _actor: str) -> str:
    told = _names(detail.get("recipients", ()))
    silent = "has quiet hours" if detail.get("held") else "could not be told"
    text = f"Nobody answered: the last resort was told ({told})" if told else f"Nobody answered, and the last resort {silent}"
    return text + _messages(detail) + _unreachable(detail)


def _round(detail: Detail, actor: str) -> str:
    why = detail.get("why", "")
    if why == "next step at once":
        return f"{actor or 'Sentinel'} asked for the next step at once"
    return "The escalation began again" + (f" by {actor}" if actor else "") + (f": {why}" if why else "")


def _repeated(detail: Detail, _actor: str) -> str:
    before, after = (detail.get("priority") or [None, None])[:2]
    return f"It was reported again as {detail.get('severity', 'worse')}: priority P{before} became P{after}"


def _delivery(detail: Detail, _actor: str) -> str:
    parts = [str(detail[name]) for name in ("transport", "recipient", "status", "error", "remark") if detail.get(name)]
    if not parts:
        return "A message changed"
    return "Message: " + ", ".join(parts) + (f"; {detail['instead']} takes its place" if detail.get("instead") else "")


def _triage(detail: Detail, _actor: str) -> str:
    if detail.get("reason"):
        return f"The AI gave no opinion: {detail['reason']}"
    return "The AI gave its opinion" + (f": {detail['description']}" if detail.get("description") else "")


def _counted(text: str) -> Callable[[Detail, str], str]:
    return lambda detail, _actor: text.format(n=detail.get("messages", 0), s="" if detail.get("messages") == 1 else "s")


_SAY: Final[Mapping[LogKind, Callable[[Detail, str], str]]] = {
    LogKind.RAISED: lambda _detail, _actor: "The alert was raised",
    LogKind.REPEATED: _repeated,
    LogKind.STATUS: _status,
    LogKind.REAFFIRMED: _reaffirmed,
    LogKind.STEP: _step,
    LogKind.EMPTY_STEP: _empty_step,
    LogKind.SKIPPED: lambda detail, _actor: (
        f"Steps {_names([int(step) + 1 for step in detail.get('steps', ())])} were missed during an outage; who was missed is told now"
    ),
    LogKind.STEP_FAILED: lambda detail, _actor: f"A step failed and is tried again in a minute: {detail.get('error', '')}",
    LogKind.UNANSWERED: _unanswered,
    LogKind.ROUND: _round,
    LogKind.GROUPED: lambda _detail, _actor: "It joined a group and is told with it in one bundled update",
    LogKind.CANCELLED: _counted("{n} waiting message{s} cancelled: it was answered meanwhile"),
    LogKind.IN_FLIGHT: _counted("{n} message{s} already on the way could not be called back"),
    LogKind.DELIVERY: _delivery,
    LogKind.TRIAGE: _triage,
    LogKind.IMAGE: lambda _detail, _actor: "A picture was stored",
    LogKind.COMMENT: lambda detail, actor: f"{actor or 'Sentinel'}: {detail.get('note', '')}",
    LogKind.RECOVERED: lambda _detail, _actor: "The source reports that it is over",
}


def _label(choices: Any, value: str) -> str:
    return str(choices(value).label) if value in choices.values else value


def _promise(detail: Detail) -> str:
    return f", saying “{_label(Promise, detail['promise'])}”" if detail.get("promise") else ""


def _note(detail: Detail) -> str:
    return f": {detail['note']}" if detail.get("note") else ""


def _names(names: Sequence[Any]) -> str:
    return ", ".join(str(name) for name in names)


def _messages(detail: Detail) -> str:
    count = detail.get("messages", 0)
    return f" with {count} message{'' if count == 1 else 's'}" if count else ""


def _late(detail: Detail) -> str:
    late = float(detail.get("late_seconds", 0))
    return f", {late:.0f} s late" if late >= 1 else ""


def _unreachable(detail: Detail) -> str:
    names, held = _names(detail.get("unreachable", ())), _names(detail.get("held", ()))
    return (f". Held back by quiet hours: {held}" if held else "") + (f". Not reachable: {names}" if names else "")
