"""Sample people: six who take turns, with addresses at example.org and telephone numbers that are reserved for fiction.

Nothing of theirs reaches anybody: `.org`'s example domain takes no mail, and the numbers are nobody's. Where calls, SMS or push are set up
these methods are made switched off, so that no provider is paid for trying.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from notifications import transports
from notifications.enums import HolidayRule, RotationKind, Transport
from notifications.models import ContactMethod, NotificationRule, OnCallOverride, OnCallSchedule, Recipient, RecipientGroup

RESPONDER, COLLEAGUE, NURSE = "Demo Responder", "Demo Colleague", "Demo Nurse"
CARETAKER, TECHNICIAN, DIRECTOR = "Demo Caretaker", "Demo Technician", "Demo Director"
SCHEDULE: Final = "Demo schedule"
COUNTRY: Final = "FR"
DAY: Final = timedelta(days=1)
HANDOFF: Final = time(9)
Quiet = tuple[time, time]


@dataclass(frozen=True)
class Person:
    """Somebody: the groups, the number (its last two digits), when something proved that messages arrive, and the quiet hours."""

    name: str
    groups: tuple[str, ...]
    number: str
    proved_days_ago: int
    language: str = "en"
    quiet: Quiet | None = None

    @property
    def address(self) -> str:
        """Where mail goes."""
        return f"{self.name.lower().replace(' ', '.')}@example.org"


PEOPLE: Final = (
    Person(RESPONDER, ("oncall", "manager"), "01", 2),
    Person(COLLEAGUE, ("oncall",), "02", 5, language="fr"),
    Person(NURSE, ("oncall",), "03", 1),
    Person(CARETAKER, (), "04", 9, language="fr", quiet=(time(21), time(6))),
    Person(TECHNICIAN, (), "05", 44, quiet=(time(22), time(7))),
    Person(DIRECTOR, ("manager", "director"), "06", 12),
)
FICTION: Final = "+336399801"
"""06 39 98 00 00 to 06 39 98 99 99 belong to nobody in France, for films and for samples like this."""


@transaction.atomic
def run(*, at: datetime) -> None:
    """Make the people, their ways to be told and their turns, or what is missing of them. What somebody changed stays."""
    people = {person.name: _person(person, at=at) for person in PEOPLE}
    for group in RecipientGroup.objects.filter(slug__in={slug for person in PEOPLE for slug in person.groups}):
        if not group.members.exclude(name__in=people).exists():  # of a group that is somebody's nothing is changed
            group.members.add(*(people[person.name] for person in PEOPLE if group.slug in person.groups))
    _turns(people, at=at)


def _person(sample: Person, *, at: datetime) -> Recipient:
    quiet_from, quiet_until = sample.quiet or (None, None)
    person, made = Recipient.objects.get_or_create(
        name=sample.name, defaults={"language": sample.language, "quiet_from": quiet_from, "quiet_until": quiet_until}
    )
    if made or not person.contact_methods.exists():
        for order, method in enumerate(_methods(sample), 1):
            method.recipient, method.order, method.verified = person, order, True
            method.proved_at = method.tested_at = at - sample.proved_days_ago * DAY - order * timedelta(hours=1)
            method.save()
        _rules(person)
    return person


def _methods(sample: Person) -> list[ContactMethod]:
    addresses = {Transport.PUSH: f"demo-{sample.number}", Transport.SMS: f"{FICTION}{sample.number}"}
    addresses[Transport.VOICE] = addresses[Transport.SMS]
    found = [ContactMethod(kind=Transport.EMAIL, address=sample.address, label="Demo mail")]
    for kind, address in addresses.items():
        active = bool(transports.missing(kind))  # switched off where something would be sent
        found.append(ContactMethod(kind=kind, address=address, label="Demo telephone", active=active))
    return found


def _rules(person: Recipient) -> None:
    """Mail at once for everything; for what is urgent an SMS after a minute, and a call after three."""
    NotificationRule.objects.bulk_create([
        NotificationRule(recipient=person, priority_from=1, priority_to=5, kind=Transport.EMAIL),
        NotificationRule(recipient=person, priority_from=1, priority_to=2, kind=Transport.SMS, delay_seconds=60),
        NotificationRule(recipient=person, priority_from=1, priority_to=1, kind=Transport.VOICE, delay_seconds=180),
    ])  # fmt: skip


def _turns(people: dict[str, Recipient], *, at: datetime) -> None:
    """A schedule of three layers: weeks, the nights, and public holidays. Three people swapped, a month ago, today and next week."""
    schedule, made = OnCallSchedule.objects.get_or_create(
        name=SCHEDULE, defaults={"time_zone": settings.TIME_ZONE, "handoff_notices": False}
    )
    if not made:
        return
    today = at.astimezone(ZoneInfo(schedule.time_zone)).date()
    monday = today - timedelta(days=today.weekday(), weeks=6)
    night = {"hours_from": time(21), "hours_until": time(7)}
    holidays = {"holiday_rule": HolidayRule.ONLY, "holiday_country": COUNTRY}
    layers: tuple[tuple[str, RotationKind, dict[str, Any], tuple[str, ...]], ...] = (
        ("Weeks", RotationKind.WEEKLY, {}, (RESPONDER, COLLEAGUE, NURSE)),
        ("Nights", RotationKind.DAILY, night, (NURSE, RESPONDER, CARETAKER)),
        ("Public holidays", RotationKind.DAILY, holidays, (DIRECTOR, TECHNICIAN)),
    )
    for position, (name, kind, limits, members) in enumerate(layers, 1):
        layer = schedule.rotations.create(name=name, position=position, kind=kind, starts_on=monday, handoff_time=HANDOFF, **limits)
        for place, member in enumerate(members):
            layer.members.create(recipient=people[member], position=place)
    _overrides(schedule, people, at=at)


def _overrides(schedule: OnCallSchedule, people: dict[str, Recipient], *, at: datetime) -> None:
    noon = datetime.combine(at.astimezone(ZoneInfo(schedule.time_zone)), time(12), ZoneInfo(schedule.time_zone))
    swaps = (
        (TECHNICIAN, noon - 23 * DAY, 3 * DAY),
        (COLLEAGUE, noon + timedelta(hours=6), timedelta(hours=4)),
        (DIRECTOR, noon + 8 * DAY, 2 * DAY),
    )
    for name, starts_at, lasts in swaps:
        OnCallOverride.objects.create(schedule=schedule, recipient=people[name], starts_at=starts_at, ends_at=starts_at + lasts)
