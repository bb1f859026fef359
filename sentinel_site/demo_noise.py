"""Sample noise: a month of alerts of a demo monitoring, most of which nobody needs, so that the noise report has something to say.

They are written as they would have been told, and are over; nobody is told anything now.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from alerts import routing
from alerts.enums import AlertStatus, LogKind, Resolution, SourceKind, Usefulness
from alerts.models import Alert, Feedback, LogEntry, Report, Source
from alerts.noise import making
from notifications.enums import DeliveryStatus, Reason, Transport
from notifications.models import Delivery, Notification, Recipient
from sentinel_site.lib.ids import uuid7

SOURCE: Final = "demo-monitoring"
DAYS: Final = 30
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


@dataclass(frozen=True)
class Sample:
    """An alert that was: what it said, how long it lasted, how many messages told of it, and whether somebody took it."""

    at: datetime
    type: str
    title: str
    minutes: int
    messages: int = 1
    severity: str = "medium"
    subject: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    repeats: int = 0
    taken: bool = False
    said: str = ""


def run(*, recipient: Recipient, at: datetime) -> None:
    """Make the sample alerts, unless there are any, and the report about them."""
    source, made = Source.objects.get_or_create(
        slug=SOURCE, defaults={"name": "Demo: monitoring", "kind": SourceKind.MONITORING, "severity": "medium"}
    )  # fmt: skip
    if not made:
        return
    samples = sorted((each for each in _samples(at) if at - DAYS * DAY < each.at < at - 2 * HOUR), key=lambda each: each.at)
    with transaction.atomic():
        _write(samples, source, recipient)
    making.ask(by=None, at=at)


def _samples(at: datetime) -> Iterator[Sample]:
    chance, zone = random.Random("noise"), ZoneInfo(settings.TIME_ZONE)  # noqa: S311 (sample data)
    for ago in range(DAYS, -1, -1):
        day = (at.astimezone(zone) - ago * DAY).date()

        def when(hour: int, minute: int = 0, day: Any = day) -> datetime:
            return datetime.combine(day, time(hour, minute), zone)

        yield Sample(when(2, 8 + chance.randrange(6)), "load", "Load is high on db-1", 22)
        for _ in range(chance.choice((1, 1, 2))):
            came = when(chance.randrange(24), chance.randrange(60))
            said = Usefulness.NOISE if chance.random() < 0.2 else ""
            lasts, repeats = chance.randrange(35, 70), chance.randrange(40)
            yield Sample(came, "disk-space", "Disk is 85 % full on web-2", lasts, 2, "high", repeats=repeats, said=said)
        if ago % 4 == 1:
            yield from _outage(when(chance.randrange(8, 20), chance.randrange(60)))
        if ago % 6 == 2:
            for number in range(5):
                taken = ago > DAYS // 2 and number == 0
                yield Sample(when(9, 30) + number * 52 * MINUTE, "door", "Door of the cold room is open", 9, taken=taken)
        if ago % 7 == 3:
            yield Sample(when(15, 40), "queue", "Orders wait for half an hour", 25, 2, "high", taken=True, said=Usefulness.USEFUL)
    for number in range(14):
        yield Sample(at - 34 * HOUR + number * 140 * MINUTE, "sensor", "Sensor 7 sends nothing", 35, subject="sensor-7")


def _outage(at: datetime) -> Iterator[Sample]:
    """A link that is down, which somebody mends, and what is only its consequence."""
    yield Sample(at, "link-down", "The link to Lyon is down", 42, 2, "high", labels={"site": "lyon"}, taken=True)
    for number in range(1, 4):
        yield Sample(at + (10 + 12 * number) * SECOND, "no-data", f"Meter {number} sends nothing", 41, subject=f"meter-{number}",
                     labels={"site": "lyon"})  # fmt: skip


def _write(samples: list[Sample], source: Source, recipient: Recipient) -> None:
    table = routing.table()
    alerts = [_alert(each, source, table, recipient) for each in samples]
    Alert.objects.bulk_create(alerts)
    pairs = list(zip(samples, alerts, strict=True))
    Report.objects.bulk_create([report for sample, alert in pairs for report in _reports(sample, alert)])
    LogEntry.objects.bulk_create([entry for sample, alert in pairs for entry in _log(sample, alert, recipient)])
    Feedback.objects.bulk_create(
        Feedback(alert=alert, who=f"recipient:{recipient.pk}", actor=recipient.name, word=sample.said, at=sample.at + HOUR)
        for sample, alert in pairs if sample.said
    )  # fmt: skip
    told = [_notification(number, alert, recipient) for sample, alert in pairs for number in range(sample.messages)]
    Notification.objects.bulk_create(told)
    Delivery.objects.bulk_create(_delivery(each) for each in told)


def _alert(sample: Sample, source: Source, table: routing.Table, recipient: Recipient) -> Alert:
    labels = routing.labels_of(
        source=source.slug, type=sample.type, severity=sample.severity, subject=sample.subject, labels=sample.labels
    )  # fmt: skip
    choice, ends = table.choose(source, labels, sample.severity, at=sample.at), sample.at + sample.minutes * MINUTE
    return Alert(
        id=uuid7(sample.at), status=AlertStatus.RESOLVED, priority=choice.priority, severity=sample.severity, source=source,
        type=sample.type, title=sample.title, subject=sample.subject, labels=sample.labels, policy=choice.snapshot,
        dedup_key=f"{SOURCE}|{sample.type}|{sample.subject}", occurrences=1 + sample.repeats, told=sample.messages, created_at=sample.at,
        first_seen_at=sample.at, last_seen_at=sample.at, round_started_at=sample.at, last_sent_at=sample.at, closed_at=ends,
        acknowledged_at=sample.at + 3 * MINUTE if sample.taken else None, acknowledged_by=recipient.name if sample.taken else "",
        resolution=Resolution.RECOVERED,
    )  # fmt: skip


def _reports(sample: Sample, alert: Alert) -> Iterator[Report]:
    raw = {"source": SOURCE, "type": sample.type, "title": sample.title, "severity": sample.severity, "dedup_key": alert.dedup_key}
    for number in range(1 + sample.repeats):
        came = alert.created_at + number * MINUTE
        yield Report(id=uuid7(came), source=alert.source, source_slug=SOURCE, received_at=came, raw=raw, alert=alert,
                     verdict="folded" if number else "accepted")  # fmt: skip


def _log(sample: Sample, alert: Alert, recipient: Recipient) -> Iterator[LogEntry]:
    told = {"step": 0, "messages": sample.messages, "recipients": [recipient.name]}
    yield LogEntry(alert=alert, at=alert.created_at, kind=LogKind.RAISED, detail={"priority": alert.priority})
    yield LogEntry(alert=alert, at=alert.created_at, kind=LogKind.STEP, detail=told)
    status, ends = AlertStatus.PENDING.value, alert.closed_at or alert.created_at
    if alert.acknowledged_at:
        who, status = {"actor": recipient.name, "actor_recipient": recipient}, AlertStatus.ACKNOWLEDGED.value
        became = {"from": AlertStatus.PENDING.value, "to": status}
        yield LogEntry(alert=alert, at=alert.acknowledged_at, kind=LogKind.STATUS, detail=became, **who)
    over = {"from": status, "to": AlertStatus.RESOLVED.value, "resolution": alert.resolution}
    yield LogEntry(alert=alert, at=ends, kind=LogKind.STATUS, detail=over)


def _notification(number: int, alert: Alert, recipient: Recipient) -> Notification:
    at = alert.created_at + number * 30 * MINUTE
    return Notification(
        id=uuid7(at), key=f"{alert.pk}:1:{number}", thread=alert.thread, recipient=recipient, priority=alert.priority, step=number,
        reason=Reason.REMINDER if number else Reason.FIRST, created_at=at, cancelled_at=alert.closed_at,
    )  # fmt: skip


def _delivery(told: Notification) -> Delivery:
    at = told.created_at + 2 * SECOND
    return Delivery(
        id=uuid7(told.created_at), notification=told, transport=Transport.PUSH, status=DeliveryStatus.DELIVERED, priority=told.priority,
        attempts=1, queued_at=told.created_at, sent_at=at, delivered_at=at, settled_at=at, took_ms=180,
    )  # fmt: skip
