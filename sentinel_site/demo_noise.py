"""Sample noise: a month of alerts of a demo monitoring, most of which nobody needs, so that the noise report has something to say.

They are written as they would have been told, and are over (demo_past.py).
"""

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from alerts.enums import SourceKind, Usefulness
from alerts.models import Source
from notifications.enums import Reason
from sentinel_site.demo_past import Past, Told
from sentinel_site.demo_people import RESPONDER

SOURCE: Final = "demo-monitoring"
DAYS: Final = 30
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def make(*, at: datetime, person: str = RESPONDER) -> list[Past]:
    """The samples, told to ``person``, with their source, which is made; none where it is there already."""
    _source, made = Source.objects.get_or_create(
        slug=SOURCE, defaults={"name": "Demo: monitoring", "kind": SourceKind.MONITORING, "severity": "medium"}
    )  # fmt: skip
    found = [each for each in _samples(at, person) if at - DAYS * DAY < each.at < at - 2 * HOUR]
    return found if made else []


def _samples(at: datetime, person: str) -> Iterator[Past]:
    chance, zone = random.Random("noise"), ZoneInfo(settings.TIME_ZONE)  # noqa: S311 (sample data)
    for ago in range(DAYS, -1, -1):
        day = (at.astimezone(zone) - ago * DAY).date()

        def when(hour: int, minute: int = 0, day: Any = day) -> datetime:
            return datetime.combine(day, time(hour, minute), zone)

        yield _sample(person, when(2, 8 + chance.randrange(6)), "load", "Load is high on db-1", 22)
        for _ in range(chance.choice((1, 1, 2))):
            came = when(chance.randrange(24), chance.randrange(60))
            said = Usefulness.NOISE if chance.random() < 0.2 else None
            lasts, repeats = chance.randrange(35, 70), chance.randrange(40)
            yield _sample(person, came, "disk-space", "Disk is 85 % full on web-2", lasts, 2, "high", repeats=repeats, said=said)
        if ago % 4 == 1:
            yield from _outage(person, when(chance.randrange(8, 20), chance.randrange(60)))
        if ago % 6 == 2:
            for number in range(5):
                taken = ago > DAYS // 2 and number == 0
                yield _sample(person, when(9, 30) + number * 52 * MINUTE, "door", "Door of the cold room is open", 9, taken=taken)
        if ago % 7 == 3:
            yield _sample(person, when(15, 40), "queue", "Orders wait for half an hour", 25, 2, "high", taken=True, said=Usefulness.USEFUL)
    for number in range(14):
        yield _sample(person, at - 34 * HOUR + number * 140 * MINUTE, "sensor", "Sensor 7 sends nothing", 35, subject="sensor-7")


def _outage(person: str, at: datetime) -> Iterator[Past]:
    """A link that is down, which somebody mends, and what is only its consequence."""
    yield _sample(person, at, "link-down", "The link to Lyon is down", 42, 2, "high", labels={"site": "lyon"}, taken=True)
    for number in range(1, 4):
        yield _sample(person, at + (10 + 12 * number) * SECOND, "no-data", f"Meter {number} sends nothing", 41, subject=f"meter-{number}",
                     labels={"site": "lyon"})  # fmt: skip


def _sample(
    person: str, at: datetime, kind: str, title: str, minutes: float, messages: int = 1, severity: str = "medium", *, taken: bool = False,
    said: Usefulness | None = None, **fields: Any,
) -> Past:  # fmt: skip
    """An alert of the monitoring, told to one person, with a reminder every half an hour."""
    told = tuple(Told(person, number * 1800, number, reason=Reason.REMINDER if number else Reason.FIRST) for number in range(messages))
    return Past(at, SOURCE, kind, title, minutes, severity, told=told, taken_by=person if taken else "",
                said=((person, said),) if said else (), **fields)  # fmt: skip
