"""The messages about an alert as a part of its story: to whom, how, and what proves that each arrived."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts import queries, story_record
from alerts.enums import StoryKind
from alerts.story_parts import Asked, Entry, Fact, Part
from notifications.enums import DeliveryStatus, Reason, Transport
from notifications.models import Delivery, Notification

MOST: Final = 400
"""So many messages are told: the first half and the last half of more."""
MOST_ATTEMPTS: Final = 10
MOST_BUNDLED: Final = 100
RANK: Final = 30
RECEIPT_RANK: Final = 35
REASONS: Final = {
    Reason.FIRST: gettext_noop("First notice"), Reason.REMINDER: gettext_noop("Reminder"), Reason.BUNDLE: gettext_noop("Bundled update"),
    Reason.RESOLVED: gettext_noop("Notice that it is over"), Reason.UNANSWERED: gettext_noop("Call to the last resort"),
    Reason.EXPIRED: gettext_noop("Notice that nobody answered"), Reason.STORM: gettext_noop("Many at once"),
}  # fmt: skip
WAYS: Final = {
    Transport.EMAIL: gettext_noop("e-mail"), Transport.PUSH: gettext_noop("push"), Transport.SLACK: "Slack", Transport.SMS: "SMS",
    Transport.VOICE: gettext_noop("voice call"), Transport.WEBHOOK: "webhook", Transport.APPRISE: "Apprise",
}  # fmt: skip
RESULTS: Final = {
    DeliveryStatus.QUEUED: gettext_noop("waits for its turn"), DeliveryStatus.SENDING: gettext_noop("is being sent"),
    DeliveryStatus.SENT: gettext_noop("accepted by the provider, which proves nothing about the person"),
    DeliveryStatus.DELIVERED: gettext_noop("arrived, says a receipt"), DeliveryStatus.SEEN: gettext_noop("opened, says a receipt"),
    DeliveryStatus.FAILED: gettext_noop("failed, is tried again"), DeliveryStatus.DEAD: gettext_noop("given up"),
    DeliveryStatus.CANCELLED: gettext_noop("not sent: it was answered meanwhile"),
}  # fmt: skip


def part(asked: Asked) -> Part:
    """Each message with its evidence, at the instant it was queued, and each receipt at its own."""
    found, cut = story_record.ends(queries.deliveries(asked.alert), MOST)
    entries = [entry for place, delivery in enumerate(found) for entry in _of(delivery, place)]
    bundled = Notification.objects.filter(thread=asked.alert.thread, bundle__isnull=False).select_related("recipient", "group")
    entries += [_bundled(note, place) for place, note in enumerate(bundled.order_by("id")[:MOST_BUNDLED])]
    return Part(entries, left_out=[_("%(n)d messages in the middle are left out: there are too many.") % {"n": cut}] if cut else [])


def _of(delivery: Delivery, place: int) -> Iterator[Entry]:
    note = delivery.notification
    who = str(note.recipient or note.group or _("somebody who was deleted since"))
    way = _(WAYS.get(Transport(delivery.transport), delivery.transport))
    told = _(REASONS.get(Reason(note.reason), note.get_reason_display()))
    words = {"told": told, "who": who, "way": way, "result": _(RESULTS[DeliveryStatus(delivery.status)])}
    text = _("%(told)s to %(who)s by %(way)s: %(result)s.") % words
    evidence = [fact for fact in _evidence(delivery) if fact.value not in (None, "")]
    yield Entry(delivery.queued_at, StoryKind.MESSAGE, text, facts=evidence, rank=RANK, place=place)
    proof = [Fact("delivery", _("Message"), str(delivery.pk)), Fact("provider_id", _("Number at the provider"), delivery.provider_id)]
    proof = [fact for fact in proof if fact.value]
    if delivery.delivered_at:
        text = _("A receipt proves that the message by %(way)s to %(who)s arrived.") % words
        yield Entry(delivery.delivered_at, StoryKind.RECEIPT, text, facts=proof, rank=RECEIPT_RANK, place=place)
    if delivery.seen_at:
        text = _("A receipt proves that %(who)s opened the message by %(way)s.") % words
        yield Entry(delivery.seen_at, StoryKind.RECEIPT, text, facts=proof, rank=RECEIPT_RANK, place=place)


def _evidence(delivery: Delivery) -> Iterator[Fact]:
    """What is known of the message; what is empty is not known."""
    note = delivery.notification
    yield Fact("delivery", _("Message"), str(delivery.pk))
    yield Fact("method", _("Address (shortened)"), delivery.method.masked if delivery.method else None)
    yield Fact("step", _("Step"), None if note.step is None else note.step + 1)
    for number, attempt in enumerate(delivery.history[:MOST_ATTEMPTS], 1):
        yield Fact(f"attempt_{number}", _("Attempt %(n)d") % {"n": number}, _attempt(attempt))
    yield Fact("attempts", _("Attempts"), delivery.attempts or None)
    yield Fact("sent_at", _("Accepted by the provider"), delivery.sent_at)
    yield Fact("provider_id", _("Number at the provider"), delivery.provider_id)
    yield Fact("delivered_at", _("Arrived (receipt)"), delivery.delivered_at)
    yield Fact("seen_at", _("Opened (receipt)"), delivery.seen_at)
    yield Fact("opened_at", _("Opened by a mail program or a scanner, which proves nothing"), delivery.opened_at)
    yield Fact("refused_at", _("Refused by the provider afterwards"), delivery.refused_at)
    yield Fact("fell_over_at", _("Another method took its place"), delivery.fell_over_at)
    yield Fact("error", _("Error"), delivery.error)
    yield Fact("remark", _("Remark"), delivery.remark)
    yield Fact("cancelled_at", _("Answered or taken back"), note.cancelled_at)


def _status(word: str) -> str:
    return str(DeliveryStatus(word).label) if word in DeliveryStatus.values else word


def _attempt(attempt: Mapping[str, Any]) -> str:
    """One attempt in a line: when in UTC, what came of it, and how long the provider took."""
    at = _instant(attempt.get("at"))
    took = f"{attempt['took_ms']} ms" if attempt.get("took_ms") is not None else ""
    said = [
        f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "",
        _status(str(attempt.get("status", ""))),
        str(attempt.get("error") or ""),
        took,
    ]
    return ", ".join(each for each in said if each)


def _instant(text: Any) -> datetime | None:
    try:
        return parse_datetime(str(text))
    except ValueError:
        return None


def _bundled(note: Notification, place: int) -> Entry:
    who = str(note.recipient or note.group or "")
    text = _("%(who)s was told of it together with many other alerts, in one message.") % {"who": who}
    facts = [Fact("notification", _("Message"), str(note.bundle_id))]
    return Entry(note.created_at, StoryKind.MESSAGE, text, facts=facts, rank=RANK, place=place)
