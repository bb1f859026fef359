"""A message as Slack shows it (Block Kit), within Slack's limits: what is too long is cut, what is foreign is escaped."""

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from notifications.enums import Answer, Reason
from notifications.facts import clean
from notifications.models import Delivery
from notifications.rendering import Wording
from sentinel_site.lib import crypto

HEADER, SECTION, FIELD, PLAIN, BUTTON, CONTEXT = 150, 3000, 2000, 4000, 75, 2000
"""Slack's limits, in characters after escaping."""
DESCRIPTION: Final = 1200
ASKS: Final = (Answer.HANDLING, Answer.CALLING, Answer.ON_MY_WAY, Answer.FALSE_ALARM, Answer.HANDLED)
ENDS: Final = (Answer.FALSE_ALARM, Answer.HANDLED)
"""What closes the alert: asked again before it is sent."""
ACKNOWLEDGED, RESOLVED, EXPIRED = "ACKNOWLEDGED", "RESOLVED", "EXPIRED"
DOTS: Final = {1: "🔴", 2: "🟠", 3: "🟡", 4: "🔵", 5: "⚪"}
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
Block = dict[str, Any]


def message(
    delivery: Delivery, wording: Wording, *, buttons: bool, again: bool = False, state: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``text`` (what notifications and screen readers say) and ``blocks``. ``state``: what became of the alerts (revisions.py).

    ``buttons``: answers are buttons that reach us; else links. ``again``: it may be a repeat, and says so.
    """
    facts = wording.facts
    with translation.override(facts.language):
        became = _became(state or {}, facts)
        first, _sep, rest = wording.slack.partition("\n")
        over = facts.reason == Reason.RESOLVED or (became and _over(state or {}, facts))
        dot = "✅ " if over else f"{DOTS.get(facts.priority, '')} " if facts.alert else ""
        blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": escape(dot + " ".join(first.split()), HEADER), "emoji": True}},
            *_section(became),
            *([] if became else _section(escape(rest.strip(), SECTION))),
            *_section(escape(rest.strip(), SECTION) if became and facts.alerts else ""),
            *_facts(facts),
            *_actions(delivery, wording, state or {}, buttons=buttons),
            *_context(facts, again=again),
        ]
        plain = escape(" – ".join([" ".join(first.split()), *wording.facts.lead.splitlines()[:1]]), PLAIN - 1000)
        return {"text": f"{became}\n{plain}"[:PLAIN] if became else plain, "blocks": blocks}


def escape(text: str, longest: int) -> str:
    """``text`` without Slack's control characters, at most ``longest`` characters as Slack counts, never cut within an escape."""
    pieces = [_ESCAPES.get(char, char) for char in text]
    if sum(map(_size, pieces)) <= longest:
        return "".join(pieces)
    room, kept = longest - 1, []
    for piece in pieces:
        room -= _size(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def _size(piece: str) -> int:
    return len(piece) + (ord(piece[0]) > 0xFFFF)


def reference(delivery_id: UUID) -> str:
    """What a button carries: the delivery, signed."""
    return f"{delivery_id.hex}.{_signature(delivery_id)}"


def dereference(value: str) -> UUID | None:
    """The delivery that a button of ours belongs to; None when the value is not ours."""
    raw, _sep, signature = value.partition(".")
    try:
        delivery_id = UUID(hex=raw)
    except ValueError:
        return None
    signed = hmac.compare_digest(signature.encode(), _signature(delivery_id).encode())
    return delivery_id if signed else None


def _signature(delivery_id: UUID) -> str:
    return hmac.new(crypto.derive("slack-button"), delivery_id.bytes, sha256).hexdigest()[:32]


def _section(text: str) -> list[Block]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}] if text else []


def _facts(facts: Any) -> list[Block]:
    """Where, since when, who reported it, who is told; the description; the AI's opinion."""
    alert = facts.alert
    if not alert:
        return []
    shown = [
        (_("Priority"), f"P{facts.priority}" + (f" · {_('lives may depend on it')}" if facts.life_safety else "")),
        (_("Where"), facts.where), (_("By"), facts.source), (_("Told"), ", ".join(facts.told)),
    ]  # fmt: skip
    fields = [_field(name, escape(" ".join(text.split()), FIELD - 200)) for name, text in shown if text]
    if facts.since:
        fields.insert(2, _field(_("Reported"), instant(facts.since)))
    blocks: list[Block] = [{"type": "section", "fields": fields}]
    if not facts.alerts:
        blocks += _section(escape(str(alert.get("description") or "").strip(), DESCRIPTION))
        if facts.opinion:
            blocks += _section(escape(f"{_('AI opinion (may be wrong)')}: {facts.opinion.get('description') or ''}", DESCRIPTION))
    return blocks


def _field(name: str, text: str) -> Block:
    return {"type": "mrkdwn", "text": f"*{name}*\n{text}", "verbatim": True}


def instant(at: datetime) -> str:
    """``at`` as Slack shows it to each reader in the reader's own zone."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time_secs}}|{at:%Y-%m-%d %H:%M:%S %Z}>"


def _actions(delivery: Delivery, wording: Wording, state: Mapping[str, Any], *, buttons: bool) -> list[Block]:
    """The answers that are left, as buttons or as one link; and the alert's page."""
    facts = wording.facts
    if not facts.alert:
        return _seen(delivery, wording, buttons=buttons) if facts.reason == Reason.TEST else []
    elements: list[Block] = []
    open_now = facts.is_open and not _over(state, facts)
    if open_now and buttons:
        elements += [_button(delivery, answer) for answer in _left(state, facts)]
    elif open_now:
        elements.append({**_link("answer", _("Answer"), wording.answer_url), "style": "primary"})
    url = str(alert.get("url") or "") if (alert := facts.alert) and not facts.alerts else ""
    if open_now and buttons:
        elements.append(_link("answer", _("More …"), wording.answer_url))
    elif url.startswith(("http://", "https://")) and len(url) <= PLAIN - 1000:
        elements.append(_link("alert", _("Alert page"), url))
    return [{"type": "actions", "block_id": "answers", "elements": elements}] if elements else []


def _seen(delivery: Delivery, wording: Wording, *, buttons: bool) -> list[Block]:
    """The answer to a test message: it proves that the contact method works."""
    seen = _button(delivery, Answer.SEEN) if buttons else _link("answer", _(str(Answer.SEEN.label)), wording.answer_url)
    return [{"type": "actions", "block_id": "answers", "elements": [seen]}]


def _left(state: Mapping[str, Any], facts: Any) -> Iterable[Answer]:
    """All answers, or only those that end it, when somebody has taken every alert that was told."""
    taken = all((state.get(pk) or {}).get("status") == ACKNOWLEDGED or _ended(state.get(pk)) for pk in _ids(facts))
    return ENDS if state and taken else ASKS


def _button(delivery: Delivery, answer: Answer) -> Block:
    words = _plain(_(str(answer.label)))
    button: Block = {"type": "button", "action_id": f"answer:{answer.value}", "text": words, "value": reference(delivery.pk)}
    if answer == Answer.HANDLING:
        button["style"] = "primary"
    if answer in ENDS:
        button["confirm"] = {
            "title": words, "text": _plain(_("This closes the alert: nobody is called any more.")),
            "confirm": _plain(_("Yes, close it")), "deny": _plain(_("No")),
        }  # fmt: skip
    return button


def _link(what: str, words: str, url: str) -> Block:
    return {"type": "button", "action_id": f"link:{what}", "text": _plain(words), "url": url}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": escape(text, BUTTON), "emoji": True}


def _context(facts: Any, *, again: bool) -> list[Block]:
    number = f"#{facts.alert['number']}" if facts.alert and not facts.alerts and "number" in facts.alert else ""
    notes = [escape(text, 300) for text in (number, facts.label if facts.alert else "", _("Sentinel"))]
    if again:
        notes.insert(0, _("Sent again because Slack did not answer: you may see it twice."))
    text = " · ".join(note for note in notes if note)
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text[:CONTEXT], "verbatim": True}]}]


def _ids(facts: Any) -> list[str]:
    return [str(alert.get("id")) for alert in facts.alerts or [facts.alert]]


def _ended(became: Mapping[str, Any] | None) -> bool:
    return (became or {}).get("status") in {RESOLVED, EXPIRED}


def _over(state: Mapping[str, Any], facts: Any) -> bool:
    """Whether every alert that the message told is closed."""
    return bool(facts.alert) and all(_ended(state.get(pk)) for pk in _ids(facts))


def _became(state: Mapping[str, Any], facts: Any) -> str:
    """One line for each alert that somebody answered."""
    if not facts.alert:
        return ""
    told = {str(alert.get("id")): alert for alert in facts.alerts or [facts.alert]}
    lines = []
    for pk, alert in told.items():
        if pk in state:
            which = f"#{alert.get('number')} {escape(' '.join(str(alert.get('title') or '').split()), 80)}: " if facts.alerts else ""
            lines.append(f"*{which}{_sentence(state[pk])}*")
    while len("\n".join(lines)) > SECTION:
        lines = [*lines[:-2], "…"]
    return "\n".join(lines)


def _sentence(became: Mapping[str, Any]) -> str:
    who = escape(" ".join(str(clean(str(became.get("by") or "Sentinel"))).split()), 120)
    when = instant(datetime.fromisoformat(str(became["at"])))
    if became.get("status") == EXPIRED:
        return _("⌛ Expired: nobody took it (%(when)s)") % {"when": when}
    if became.get("status") == RESOLVED:
        said = {
            "handled": _("resolved"), "help_sent": _("help was sent"), "false_alarm": _("false alarm"), "test": _("it was a test"),
            "recovered": _("it recovered by itself"), "auto": _("closed after its time was up"),
        }  # fmt: skip
        why = said.get(str(became.get("resolution")), _("resolved"))
        return _("✅ Over: %(why)s – %(who)s, %(when)s") % {"why": why, "who": who, "when": when}
    said = {"calling": _("%(who)s is calling (%(when)s)"), "on_my_way": _("%(who)s is on the way (%(when)s)")}
    return "🙋 " + said.get(str(became.get("promise")), _("%(who)s takes it (%(when)s)")) % {"who": who, "when": when}
