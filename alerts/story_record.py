"""An alert's record, its opinions and its picture as parts of its story."""

import hashlib
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from alerts import images, queries, sentences
from alerts.enums import LogKind, StoryKind, TriageMode
from alerts.models import Alert, LogEntry, TriageOpinion
from alerts.story_parts import Asked, Entry, Fact, Part

MOST: Final = 1000
"""So many log entries are told: the first half and the last half of a longer record."""
RANK: Final = 20
OPINION_RANK: Final = 25
_OPINION: Final = ("is_fall", "confidence", "people", "posture", "severity", "latency_ms", "tokens")


def part(asked: Asked) -> Part:
    """The record in sentences, the AI's opinions marked as what they are, and what is kept of the picture."""
    found, cut = ends(queries.log(asked.alert.pk), MOST)
    opinions = [_opinion(each) for each in asked.alert.opinions.all()]
    twice = {(LogKind.TRIAGE, each.at) for each in opinions}  # the opinion itself says more than the record's word on it
    entries = [_entry(entry) for entry in found if (entry.kind, entry.at) not in twice] + opinions
    left_out = [_("%(n)d entries in the middle of the record are left out: it has too many.") % {"n": cut}] if cut else []
    return Part(entries, left_out=left_out)


def ends(rows: QuerySet[Any], most: int) -> tuple[list[Any], int]:
    """Rows by their id, and how many between them are left out because there are more than ``most``. At most three statements."""
    found = list(rows.order_by("id")[: most + 1])
    if len(found) <= most:
        return found, 0
    half = most // 2
    last = list(rows.order_by("-id")[:half])
    return [*found[:half], *reversed(last)], rows.count() - 2 * half


def picture(alert: Alert) -> dict[str, Any] | None:
    """What proves which picture it was: its size and digest; None when the alert had none. Nothing of what it shows."""
    if not alert.image:
        return None
    try:
        content = images.path_of(alert.image).read_bytes()
    except (OSError, ValueError):
        return {"kept": False}
    return {"kept": True, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _entry(entry: LogEntry) -> Entry:
    """An opinion that the record tells of is one there, too."""
    facts = [Fact("log_entry", "", entry.pk)]
    text = sentences.of(entry)
    if entry.kind == LogKind.TRIAGE:
        text = _("An opinion, not a fact") + _(": ") + text
    return Entry(entry.at, entry.kind, text, entry.actor, facts, rank=RANK, place=entry.pk)


def _opinion(opinion: TriageOpinion) -> Entry:
    at = opinion.done_at or opinion.queued_at
    facts = [Fact("model", _("Model"), opinion.model_name or None)]
    if opinion.state == TriageMode.DONE:
        facts += [Fact(name, _OPINION_LABELS[name](), getattr(opinion, name)) for name in _OPINION]
        text = _("Opinion of an AI, not a fact") + _(": ") + opinion.description
    else:
        text = _("The AI gave no opinion") + (_(": ") + opinion.reason if opinion.reason else "")
    before, after = opinion.priority_before, opinion.priority_after
    if before is not None and after is not None and before != after:
        facts.append(Fact("priority", _("Priority"), f"P{before} → P{after}"))
    known = [fact for fact in facts if fact.value not in (None, "")]
    return Entry(at, StoryKind.OPINION, text, facts=known, rank=OPINION_RANK)


_OPINION_LABELS: Final = {
    "is_fall": lambda: _("Looks like a fall"), "confidence": lambda: _("Sure of it (0 to 1)"), "people": lambda: _("People"),
    "posture": lambda: _("Posture"), "severity": lambda: _("Severity"), "latency_ms": lambda: _("Took (ms)"),
    "tokens": lambda: _("Tokens"),
}  # fmt: skip
