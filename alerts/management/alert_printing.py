"""Alerts, their record and their messages as commands print them: from what REST answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from alerts import policies, queries, sentences, what_next
from alerts.enums import Promise
from alerts.models import Alert
from notifications.models import Delivery
from sentinel_site.lib import spans
from sentinel_site.lib.terminal import Cell, Screen

Item = Mapping[str, Any]
PRIORITY: Final = {"P1": "bold white on red", "P2": "bold red", "P3": "yellow", "P4": "cyan", "P5": "dim"}
STATUS: Final = {
    "PENDING": "bold red",
    "DELIVERED": "red",
    "SEEN": "yellow",
    "ACKNOWLEDGED": "green",
    "RESOLVED": "dim",
    "EXPIRED": "magenta",
}
HEADS: Final = ("no.", "prio", "status", "age", "source", "title", "taken by")
MESSAGES: Final = ("queued", "recipient", "by", "status", "error")


def table(screen: Screen, alerts: Sequence[Item], *, at: datetime) -> None:
    """A line for each alert."""
    if screen.terminal:
        screen.table(HEADS, rows(alerts, at=at), wide=("title",))
        return
    screen.table((), ([a["number"], a["priority"], a["status"], instant(a["created_at"]), a["source"], a["type"], a["subject"], a["title"],
                       a["acknowledged_by"]] for a in alerts))  # fmt: skip


def rows(alerts: Iterable[Item], *, at: datetime) -> list[list[Any]]:
    """The rows of the table at a terminal."""
    return [_row(alert, at=at) for alert in alerts]


def whole(screen: Screen, alert: Alert, described: Item, *, at: datetime) -> None:
    """Everything about one alert, for a person."""
    head = f"#{described['number']}  {described['priority']}  {described['status']}  {described['title']}"
    screen.say(head, "bold")
    _section(screen, "What happens next")
    for sentence in what_next.of(alert, policies.plan_of(alert.policy), at=at, clock=screen.moment):
        screen.say(f"  {sentence}")
    _section(screen, "What it is")
    screen.fields(_fields(described, at=at))
    if described["description"]:
        screen.say(f"\n{described['description']}")
    _section(screen, "Record")
    record(screen, alert)
    deliveries = list(queries.deliveries(alert).order_by("id"))
    if deliveries:
        _section(screen, "Messages")
        screen.table(MESSAGES, (_message(each) for each in deliveries), wide=("recipient", "error"))


def record(screen: Screen, alert: Alert, *, only: Sequence[int] | None = None) -> None:
    """The alert's record in words, the oldest entry first; ``only``: the entries with these numbers."""
    found = queries.log(alert.pk) if only is None else queries.log(alert.pk).filter(pk__in=only)
    screen.table(("when", "what"), ([entry.at, sentences.of(entry)] for entry in found.order_by("id")), wide=("what",))


def line(described: Item) -> str:
    """One alert in one line."""
    taken = f", taken by {described['acknowledged_by']}" if described["acknowledged_by"] else ""
    return f"#{described['number']} is {described['status']}{taken}: {described['title']}"


def instant(text: str | None) -> datetime | None:
    """An instant as REST writes it."""
    return datetime.fromisoformat(text) if text else None


def _row(alert: Item, *, at: datetime) -> list[Any]:
    priority, status = alert["priority"], alert["status"]
    looks = [Cell(alert["number"], "bold"), Cell(priority, PRIORITY[priority]), Cell(status, STATUS[status])]
    return [*looks, _age(alert, at=at), alert["source"], _title(alert), alert["acknowledged_by"]]


def _age(alert: Item, *, at: datetime) -> str:
    return spans.span(at - datetime.fromisoformat(alert["created_at"]))


def _title(alert: Item) -> str:
    subject = f" ({alert['subject']})" if alert["subject"] and alert["subject"] not in alert["title"] else ""
    held = f" [held back: {', '.join(str(each.get('reason') or each.get('kind')) for each in alert['suppressed_by'])}]"
    return f"{alert['title']}{subject}{held if alert['suppressed_by'] else ''}"


def _fields(alert: Item, *, at: datetime) -> list[tuple[str, Any]]:
    repeats = f", reported {alert['occurrences']} times, last {_ago(alert['last_seen_at'], at=at)}" if alert["occurrences"] > 1 else ""
    promised = f" ({Promise(alert['promise']).label})" if alert["promise"] else ""
    return [
        ("source", f"{alert['source']} ({alert['source_name']})"),
        ("type", alert["type"]),
        ("subject", alert["subject"]),
        ("severity", f"{alert['severity']}{', lives may depend on it' if alert['life_safety'] else ''}"),
        ("raised", instant(alert["created_at"])),
        ("age", f"{_ago(alert['created_at'], at=at)}{repeats}"),
        ("labels", ", ".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))),
        ("policy", f"{alert['policy']}, round {alert['round']}{', unanswered' if alert['unanswered'] else ''}"),
        ("taken by", f"{alert['acknowledged_by']}{promised}" if alert["acknowledged_by"] else ""),
        ("taken at", instant(alert["acknowledged_at"])),
        ("closed at", instant(alert["resolved_at"])),
        ("resolution", alert["resolution"]),
        ("AI opinion", (alert["triage"] or {}).get("description")),
        ("runbook", alert["runbook_url"]),
        *(("link", " ".join(filter(None, (each["href"], each["text"])))) for each in alert["links"]),
        ("page", alert["url"]),
    ]


def _ago(text: str, *, at: datetime) -> str:
    return f"{spans.span(at - datetime.fromisoformat(text))} ago"


def _message(delivery: Delivery) -> list[Any]:
    told = delivery.notification
    who = str(told.recipient or told.group or "")
    return [delivery.queued_at, who, delivery.transport, delivery.status, delivery.error]


def _section(screen: Screen, name: str) -> None:
    screen.say(f"\n{name}" if screen.terminal else name, "bold")
