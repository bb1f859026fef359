"""Writing sample alerts that are over, as they would have been told and answered. Nobody is told anything now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from alerts import images, routing
from alerts.enums import AlertStatus, LogKind, Resolution, TriageMode, Usefulness
from alerts.models import Alert, AlertGroup, Feedback, LogEntry, Report, Silence, SilenceHold, Source, StepClaim, TriageOpinion
from notifications.enums import DeliveryStatus, Reason, Transport
from notifications.models import ContactMethod, Delivery, Notification, Recipient
from sentinel_site.lib.ids import uuid7

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LATE: Final = timedelta(milliseconds=40)
"""How long after it was due a step was taken."""
TOOK_MS: Final = {Transport.EMAIL: 420, Transport.PUSH: 180, Transport.SMS: 900, Transport.VOICE: 2600}
MODEL: Final = "sample, no AI was asked"
Entry = tuple[datetime, LogKind, Mapping[str, Any], str]
"""An entry of a record: when, what, its detail and who."""
RAISED, TAKEN, OVER = AlertStatus.PENDING.value, AlertStatus.ACKNOWLEDGED.value, AlertStatus.RESOLVED.value


@dataclass(frozen=True)
class Told:
    """A message: to whom, so many seconds after the alert, at which step, through what, and what became of it."""

    person: str
    seconds: float = 0.0
    step: int = 0
    transport: Transport = Transport.PUSH
    status: DeliveryStatus = DeliveryStatus.DELIVERED
    reason: Reason = Reason.FIRST


@dataclass(frozen=True)
class Opinion:
    """What an AI might have said of the picture."""

    is_fall: bool
    confidence: float
    posture: str
    description: str


@dataclass(frozen=True)
class Past:
    """An alert that was: what it said, for how long, who was told, who took it after so many seconds, and how it ended."""

    at: datetime
    source: str
    type: str
    title: str
    minutes: float
    severity: str = "medium"
    subject: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    repeats: int = 0
    told: tuple[Told, ...] = ()
    taken_by: str = ""
    taken_after: float = 180.0
    promise: str = ""
    note: str = ""
    resolution: Resolution = Resolution.RECOVERED
    expired: bool = False
    open: bool = False
    said: tuple[tuple[str, Usefulness], ...] = ()
    picture: bytes | None = None
    opinion: Opinion | None = None
    silence: Silence | None = None
    group: AlertGroup | None = None

    @property
    def ends_at(self) -> datetime | None:
        """When it was over; None while it is open."""
        return None if self.open else self.at + self.minutes * MINUTE


@transaction.atomic
def write(pasts: Sequence[Past]) -> int:
    """Write them, the oldest first; their people and sources are there. Returns how many. Raises OSError when a picture cannot be kept."""
    scribe = _Scribe(pasts)
    rows = [(past, scribe.alert(past)) for past in sorted(pasts, key=lambda past: past.at)]
    AlertGroup.objects.bulk_create({past.group.pk: past.group for past in pasts if past.group}.values())
    Alert.objects.bulk_create(alert for _, alert in rows)
    for make in (_reports, scribe.log, _claims, scribe.feedback, _opinions, _holds):
        made: list[Any] = [row for past, alert in rows for row in make(past, alert)]
        if made:
            type(made[0])._default_manager.bulk_create(made)
    told = [(each, scribe.notification(each, past, alert)) for past, alert in rows for each in past.told]
    Notification.objects.bulk_create(row for _, row in told)
    Delivery.objects.bulk_create(scribe.delivery(each, row) for each, row in told)
    return len(rows)


class _Scribe:
    """What the rows need to know: the sources, the way that reports take, and the people with their ways to be told."""

    def __init__(self, pasts: Sequence[Past]) -> None:
        self.sources = {source.slug: source for source in Source.objects.filter(slug__in={past.source for past in pasts})}
        names = {each.person for past in pasts for each in past.told} | {past.taken_by for past in pasts}
        self.people = {person.name: person for person in Recipient.objects.filter(name__in=names).order_by("-id")}
        methods = ContactMethod.objects.filter(recipient__in=self.people.values()).defer("address", "secret")
        self.methods = {(method.recipient_id, method.kind): method for method in methods}
        self.table = routing.table()

    def alert(self, past: Past) -> Alert:
        source = self.sources[past.source]
        labels = routing.labels_of(
            source=source.slug, type=past.type, severity=past.severity, subject=past.subject, labels=dict(past.labels)
        )  # fmt: skip
        choice = self.table.choose(source, labels, past.severity, at=past.at)
        status = AlertStatus.EXPIRED if past.expired else AlertStatus.RESOLVED
        if past.open:
            status = AlertStatus.ACKNOWLEDGED if past.taken_by else AlertStatus.PENDING
        held = past.silence if past.open else None
        return Alert(
            id=uuid7(past.at), status=status, priority=choice.priority, severity=past.severity, source=source, type=past.type,
            title=past.title, subject=past.subject, labels=dict(past.labels), policy=choice.snapshot, life_safety=source.life_safety,
            dedup_key=f"{past.source}|{past.type}|{past.subject}", occurrences=1 + past.repeats, told=len(past.told), group=past.group,
            created_at=past.at, first_seen_at=past.at, last_seen_at=past.at + past.repeats * MINUTE, round_started_at=past.at,
            step=1 + max((each.step for each in past.told), default=-1), last_sent_at=past.at if past.told else None,
            next_step_at=held.ends_at if held else None, deadline_at=past.at + timedelta(hours=2) if past.open and past.taken_by else None,
            suppressed_by=[_reason(held)] if held else [], closed_at=past.ends_at, unanswered=past.expired, promise=past.promise,
            acknowledged_at=past.at + past.taken_after * SECOND if past.taken_by else None, acknowledged_by=past.taken_by,
            resolution="" if past.open or past.expired else past.resolution,
            image=images.store(past.picture, at=past.at) if past.picture else "",
        )  # fmt: skip

    def log(self, past: Past, alert: Alert) -> Iterator[LogEntry]:
        """Its record, in the order of time."""
        entries: list[Entry] = [(past.at, LogKind.RAISED, {"priority": alert.priority}, "")]
        if past.picture:
            entries.append((past.at + SECOND, LogKind.IMAGE, {}, ""))
        if past.silence:
            entries.append((past.at + LATE, LogKind.SUPPRESSED, {"by": [_reason(past.silence)]}, ""))
        for step in sorted({each.step for each in past.told}):
            mine = [each for each in past.told if each.step == step]
            names = sorted({each.person for each in mine})
            detail: dict[str, Any] = {"step": step, "messages": len(mine), "recipients": names, "late_seconds": 0.04}
            entries.append((past.at + mine[0].seconds * SECOND + LATE, LogKind.STEP, detail, ""))
        if past.opinion:
            detail = {"state": TriageMode.DONE.value, "description": past.opinion.description}
            entries.append((_thought_at(past), LogKind.TRIAGE, detail, ""))
        entries += _moves(past)
        entries += [(past.at + past.minutes * MINUTE + MINUTE, LogKind.FEEDBACK, {"word": word.value}, who) for who, word in past.said]
        for at, kind, said, who in sorted(entries, key=lambda entry: entry[0]):
            yield LogEntry(alert=alert, at=at, kind=kind, detail=said, actor=who, actor_recipient=self.people.get(who))

    def feedback(self, past: Past, alert: Alert) -> Iterator[Feedback]:
        for who, word in past.said:
            at = past.at + past.minutes * MINUTE + MINUTE
            yield Feedback(alert=alert, who=f"recipient:{self.people[who].pk}", actor=who, word=word, at=at)

    def notification(self, each: Told, past: Past, alert: Alert) -> Notification:
        at, person = past.at + each.seconds * SECOND + LATE, self.people[each.person]
        return Notification(
            id=uuid7(at), key=f"{alert.pk}:1:{each.step}:{each.transport}:{person.pk}", thread=alert.thread, recipient=person,
            priority=alert.priority, life_safety=alert.life_safety, step=each.step, reason=each.reason, created_at=at,
            context={"alert": {"title": past.title}}, cancelled_at=past.ends_at,
        )  # fmt: skip

    def delivery(self, each: Told, told: Notification) -> Delivery:
        """Nothing of it waits: it is over, whatever became of it."""
        took = TOOK_MS.get(each.transport, 200)
        sent_at = told.created_at + took * SECOND / 1000
        came = each.status in (DeliveryStatus.DELIVERED, DeliveryStatus.SEEN)
        failed = each.status == DeliveryStatus.DEAD
        return Delivery(
            id=uuid7(told.created_at), notification=told, method=self.methods.get((told.recipient_id, each.transport)),
            transport=each.transport, status=each.status, priority=told.priority, attempts=3 if failed else 1, queued_at=told.created_at,
            sent_at=None if failed else sent_at, delivered_at=sent_at + 2 * SECOND if came else None,
            seen_at=sent_at + 20 * SECOND if each.status == DeliveryStatus.SEEN else None, settled_at=sent_at, took_ms=took,
            error="The provider did not answer in time." if failed else "",
        )  # fmt: skip


def _moves(past: Past) -> Iterator[Entry]:
    """Who took it, what they said, and its end."""
    status = RAISED
    if past.taken_by:
        at, status = past.at + past.taken_after * SECOND, TAKEN
        promised = {"promise": past.promise} if past.promise else {}
        yield at, LogKind.STATUS, {"from": RAISED, "to": TAKEN, **promised}, past.taken_by
        if past.note:
            yield at + (past.minutes * MINUTE - past.taken_after * SECOND) / 2, LogKind.COMMENT, {"note": past.note}, past.taken_by
    if past.open:
        return
    end = past.at + past.minutes * MINUTE
    if past.expired:
        yield end, LogKind.STATUS, {"from": status, "to": AlertStatus.EXPIRED.value}, ""
        return
    by_itself = past.resolution == Resolution.RECOVERED
    if by_itself:
        yield end, LogKind.RECOVERED, {}, ""
    detail = {"from": status, "to": OVER, "resolution": past.resolution.value}
    yield end, LogKind.STATUS, detail, "" if by_itself else past.taken_by


def _reports(past: Past, alert: Alert) -> Iterator[Report]:
    raw = {"source": past.source, "type": past.type, "title": past.title, "severity": past.severity, "dedup_key": alert.dedup_key}
    for number in range(1 + past.repeats):
        came = alert.created_at + number * MINUTE
        verdict = "folded" if number else "suppressed" if past.silence else "accepted"
        yield Report(id=uuid7(came), source=alert.source, source_slug=past.source, received_at=came, raw=raw, alert=alert, verdict=verdict)


def _claims(past: Past, alert: Alert) -> Iterator[StepClaim]:
    for step in sorted({each.step for each in past.told}):
        due = past.at + min(each.seconds for each in past.told if each.step == step) * SECOND
        yield StepClaim(alert=alert, round=1, step=step, at=due + LATE, due_at=due)


def _opinions(past: Past, alert: Alert) -> Iterator[TriageOpinion]:
    if past.opinion:
        yield TriageOpinion(
            id=uuid7(past.at), alert=alert, state=TriageMode.DONE, queued_at=past.at + SECOND, done_at=_thought_at(past),
            is_fall=past.opinion.is_fall, confidence=past.opinion.confidence, people=int(past.opinion.posture != "none"),
            posture=past.opinion.posture, severity=past.severity, description=past.opinion.description, model_name=MODEL, latency_ms=1900,
            priority_before=alert.priority, priority_after=alert.priority,
        )  # fmt: skip


def _holds(past: Past, alert: Alert) -> Iterator[SilenceHold]:
    if past.silence:
        yield SilenceHold(silence=past.silence, alert=alert, held_at=past.at)


def _thought_at(past: Past) -> datetime:
    return past.at + 3 * SECOND


def _reason(silence: Silence) -> dict[str, str]:
    return {"kind": "silence", "id": str(silence.pk), "reason": silence.reason, "until": silence.ends_at.isoformat()}
