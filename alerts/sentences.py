"""The record in words: one sentence per log entry, for people who read a timeline, in the language that is switched on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from alerts.enums import AlertStatus, LogKind, Promise, Resolution, Usefulness
from alerts.models import LogEntry
from alerts.record import COMMAND_LINE
from sentinel_site.lib import given

Detail = Mapping[str, Any]
_STATUS: Final = {
    AlertStatus.PENDING: gettext_noop("The alert was put back"),
    AlertStatus.DELIVERED: gettext_noop("The alert reached somebody's device or mailbox"),
    AlertStatus.SEEN: gettext_noop("The alert was opened"),
    AlertStatus.ACKNOWLEDGED: gettext_noop("The alert was acknowledged"),
    AlertStatus.RESOLVED: gettext_noop("The alert was resolved"),
    AlertStatus.EXPIRED: gettext_noop("The alert expired: nobody answered in time"),
}
_CHANGED: Final = gettext_noop("The alert changed")
_COUNTED: Final = {
    LogKind.CANCELLED: (
        gettext_noop("%(n)d waiting message cancelled: it was answered meanwhile"),
        gettext_noop("%(n)d waiting messages cancelled: it was answered meanwhile"),
    ),
    LogKind.IN_FLIGHT: (
        gettext_noop("%(n)d message already on the way could not be called back"),
        gettext_noop("%(n)d messages already on the way could not be called back"),
    ),
}
_PLAIN: Final = {
    LogKind.RAISED: gettext_noop("The alert was raised"),
    LogKind.GROUPED: gettext_noop("It joined a group and is told with it in one bundled update"),
    LogKind.IMAGE: gettext_noop("A picture was stored"),
    LogKind.RECOVERED: gettext_noop("The source reports that it is over"),
}


def of(entry: LogEntry) -> str:
    """What ``entry`` says, without its instant. Plain text: it may hold foreign words and must be escaped."""
    kind = LogKind(entry.kind) if entry.kind in LogKind.values else None
    say = _SAY.get(kind) if kind else None
    text = say(entry.detail, entry.actor) if say else _(_PLAIN[kind] if kind in _PLAIN else entry.get_kind_display())
    text += _(" (by a command)") if entry.detail.get("via") == COMMAND_LINE else ""
    return f"{text}." if text[-1:] not in ".!?" else text


def _status(detail: Detail, actor: str) -> str:
    text = _(_STATUS.get(detail.get("to", ""), _CHANGED))
    if actor and detail.get("to") != AlertStatus.EXPIRED:
        text += _by(actor)
    if detail.get("resolution"):
        text += _(" as “%(word)s”") % {"word": _label(Resolution, detail["resolution"])}
    return text + _promise(detail) + _pressed(detail) + _note(detail)


def _reaffirmed(detail: Detail, actor: str) -> str:
    text = _("%(who)s acknowledged it again; the escalation stopped") % {"who": actor or "Sentinel"}
    return text + _promise(detail) + _pressed(detail) + _note(detail)


def _step(detail: Detail, _actor: str) -> str:
    told = _names(detail.get("recipients", ()))
    text = _numbered(detail) + (_(": told %(names)s") % {"names": told} if told else "")
    return text + _messages(detail) + _late(detail) + _unreachable(detail)


def _empty_step(detail: Detail, _actor: str) -> str:
    return _numbered(detail) + _(" reached nobody") + _late(detail) + _unreachable(detail)


def _numbered(detail: Detail) -> str:
    named = _(" “%(name)s”") % {"name": given.shown(str(detail["label"]))} if detail.get("label") else ""
    return _("Step %(number)d") % {"number": int(detail.get("step", 0)) + 1} + named


def _unanswered(detail: Detail, _actor: str) -> str:
    told = _names(detail.get("recipients", ()))
    if told:
        text = _("Nobody answered: the last resort was told (%(names)s)") % {"names": told}
    elif detail.get("held"):
        text = _("Nobody answered, and the last resort has quiet hours")
    else:
        text = _("Nobody answered, and the last resort could not be told")
    return text + _messages(detail) + _unreachable(detail)


def _round(detail: Detail, actor: str) -> str:
    why = detail.get("why", "")
    if why == "next step at once":
        return _("%(who)s asked for the next step at once") % {"who": actor or "Sentinel"}
    return _("The escalation began again") + (_by(actor) if actor else "") + (_colon() + _(why) if why else "")


def _repeated(detail: Detail, _actor: str) -> str:
    before, after = (detail.get("priority") or [None, None])[:2]
    words = {"severity": _(detail.get("severity") or "worse"), "before": before, "after": after}
    return _("It was reported again as %(severity)s: priority P%(before)s became P%(after)s") % words


def _delivery(detail: Detail, _actor: str) -> str:
    parts = [str(detail[name]) for name in ("transport", "recipient", "status", "error", "remark") if detail.get(name)]
    if not parts:
        return _("A message changed")
    instead = _("; %(transport)s takes its place") % {"transport": detail["instead"]} if detail.get("instead") else ""
    return _("Message") + _colon() + ", ".join(parts) + instead


def _triage(detail: Detail, _actor: str) -> str:
    if detail.get("reason"):
        return _("The AI gave no opinion") + _colon() + str(detail["reason"])
    return _("The AI gave its opinion") + (_colon() + str(detail["description"]) if detail.get("description") else "")


def _skipped(detail: Detail, _actor: str) -> str:
    steps = _names([int(step) + 1 for step in detail.get("steps", ())])
    return _("Steps %(steps)s were missed during an outage; who was missed is told now") % {"steps": steps}


def _step_failed(detail: Detail, _actor: str) -> str:
    return _("A step failed and is tried again in a minute") + _colon() + str(detail.get("error", ""))


def _comment(detail: Detail, actor: str) -> str:
    return (actor or "Sentinel") + _colon() + str(detail.get("note", ""))


def _feedback(detail: Detail, actor: str) -> str:
    return (str(detail.get("who") or actor or "Sentinel")) + _colon() + _label(Usefulness, detail.get("word", "")) + _note(detail)


def _held(kind: LogKind) -> Callable[[Detail, str], str]:
    def say(detail: Detail, _actor: str) -> str:
        why = _names([each.get("reason") or each.get("kind") for each in detail.get("by", ())])
        return _(str(kind.label)) + (_colon() + why if why else "")

    return say


def _counted(kind: LogKind) -> Callable[[Detail, str], str]:
    def say(detail: Detail, _actor: str) -> str:
        count = int(detail.get("messages", 0))
        return ngettext(*_COUNTED[kind], count) % {"n": count}

    return say


_SAY: Final[Mapping[LogKind, Callable[[Detail, str], str]]] = {
    LogKind.REPEATED: _repeated,
    LogKind.STATUS: _status,
    LogKind.REAFFIRMED: _reaffirmed,
    LogKind.STEP: _step,
    LogKind.EMPTY_STEP: _empty_step,
    LogKind.SKIPPED: _skipped,
    LogKind.STEP_FAILED: _step_failed,
    LogKind.UNANSWERED: _unanswered,
    LogKind.ROUND: _round,
    LogKind.SUPPRESSED: _held(LogKind.SUPPRESSED),
    LogKind.RELEASED: _held(LogKind.RELEASED),
    LogKind.CANCELLED: _counted(LogKind.CANCELLED),
    LogKind.IN_FLIGHT: _counted(LogKind.IN_FLIGHT),
    LogKind.DELIVERY: _delivery,
    LogKind.TRIAGE: _triage,
    LogKind.COMMENT: _comment,
    LogKind.FEEDBACK: _feedback,
}


def _colon() -> str:
    return _(": ")


def _by(actor: str) -> str:
    return _(" by %(who)s") % {"who": actor}


def _label(choices: Any, value: str) -> str:
    return _(str(choices(value).label)) if value in choices.values else value


def _promise(detail: Detail) -> str:
    return _(", saying “%(word)s”") % {"word": _label(Promise, detail["promise"])} if detail.get("promise") else ""


def _pressed(detail: Detail) -> str:
    """When it was said, where it was long on its way; in the reader's zone."""
    try:
        at = timezone.localtime(datetime.fromisoformat(detail["pressed_at"]))
    except (KeyError, TypeError, ValueError):
        return ""
    return _(", said at %(time)s without a line") % {"time": f"{at:%H:%M:%S}"}


def _note(detail: Detail) -> str:
    own = (detail.get("notes") or {}).get(get_language() or "")
    return _colon() + str(own or detail["note"]) if detail.get("note") else ""


def _names(names: Sequence[Any]) -> str:
    return ", ".join(given.shown(str(name)) for name in names)


def _messages(detail: Detail) -> str:
    count = int(detail.get("messages", 0))
    return ngettext(" with %(n)d message", " with %(n)d messages", count) % {"n": count} if count else ""


def _late(detail: Detail) -> str:
    late = float(detail.get("late_seconds", 0))
    return _(", %(seconds).0f s late") % {"seconds": late} if late >= 1 else ""


def _unreachable(detail: Detail) -> str:
    names, held = _names(detail.get("unreachable", ())), _names(detail.get("held", ()))
    bundled = _names(detail.get("bundled", ()))
    text = _(". Told together with other alerts: %(names)s") % {"names": bundled} if bundled else ""
    text += _(". Held back by quiet hours: %(names)s") % {"names": held} if held else ""
    return text + (_(". Not reachable: %(names)s") % {"names": names} if names else "")
