"""Sample alerts of a month in a house: falls with drawn pictures, false alarms, what broke, a night of thunder, and maintenance.

Different people answered. What an AI says of a picture is a sample as well, and says so.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from alerts import windows
from alerts.enums import Promise, Resolution, SilenceOrigin, SourceKind, Usefulness
from alerts.models import AlertGroup, EscalationPolicy, MaintenanceWindow, Route, Silence, Source
from notifications.enums import DeliveryStatus, Reason, Transport
from sentinel_site import demo_pictures
from sentinel_site.demo_past import Opinion, Past, Told
from sentinel_site.demo_people import CARETAKER, COLLEAGUE, DIRECTOR, NURSE, RESPONDER, TECHNICIAN

CAMERAS, HOUSE = "demo-cameras", "demo-house"
FALL: Final = "Fall"
WINDOW: Final = "Demo: test of the fire panel"
PANEL: Final = (f"source={HOUSE}", "type=fire-panel")
FREEZER: Final = (f"source={HOUSE}", "type=freezer")
DAYS: Final = 30
STORM_DAYS_AGO, REPAIR_DAYS_AGO = 12, 6
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
CARERS: Final = (RESPONDER, COLLEAGUE, NURSE)
SEEN, SENT, DEAD = DeliveryStatus.SEEN, DeliveryStatus.SENT, DeliveryStatus.DEAD


class Scene(NamedTuple):
    """What a picture shows, where, whether it is a fall, and what might be said of it."""

    name: str
    camera: str
    is_fall: bool
    posture: str
    opinion: str
    note: str


SCENES: Final = (
    Scene("bed", "cam-12", True, "lying", "a person lies on the floor beside the bed.", "She slipped getting up. Not hurt."),
    Scene("corridor", "cam-03", True, "lying", "a person lies in the corridor, a walking frame beside.", "Bruised knee; a doctor came."),
    Scene("dog", "cam-07", False, "none", "an animal lies on a rug; no person is seen.", "The dog sleeps on the rug."),
    Scene("bathroom", "cam-21", True, "sitting", "a person sits on the floor against the bath.", "Could not get up alone."),
    Scene("lounge", "cam-07", False, "lying", "a person lies on a mat and lifts a leg.", "Exercises on the mat."),
    Scene("empty", "cam-12", False, "none", "a blanket lies on the floor; no person is seen.", "A blanket fell off the bed."),
)  # fmt: skip
FAILURES: Final = (
    ("freezer", "The freezer is at -9 °C", "high", "kitchen", TECHNICIAN, "The door was not shut."),
    ("bell", "Night bell, room 7", "high", "room-7", NURSE, "A glass of water."),
    ("boiler", "Pressure of the boiler is low", "medium", "cellar", TECHNICIAN, "Refilled to 1.6 bar."),
    ("door", "The back door stands open", "medium", "door-3", CARETAKER, "Closed; the latch is worn."),
    ("lift", "The lift does not move", "high", "lift-1", CARETAKER, "The company was called."),
)


def make(*, at: datetime) -> list[Past]:
    """The samples, with the sources and silences they name, which are made; none where the sources are there already."""
    lives = {"severity": "critical", "life_safety": True, "group_attributes": []}
    cameras = _source(CAMERAS, "Demo: cameras", SourceKind.CAMERA, policy=FALL, **lives)
    house = _source(HOUSE, "Demo: building", SourceKind.GENERIC)
    found: list[Past] = []
    if cameras:
        _told_as_falls()
        found += _falls(at)
    if house:
        found += [*_failures(at), *_storm(house, at), *_maintenance(at), *_repair(at), *_now(at)]
    return [past for past in found if at - DAYS * DAY < past.at and (past.ends_at or past.at) < at - 2 * MINUTE]


def _source(slug: str, name: str, kind: SourceKind, *, policy: str = "", **fields: Any) -> Source | None:
    """The source, if it is made now."""
    defaults = {"name": name, "kind": kind, "policy": EscalationPolicy.objects.filter(name=policy).first(), **fields}
    source, made = Source.objects.get_or_create(slug=slug, defaults=defaults)
    return source if made else None


def _told_as_falls() -> None:
    """Before the routes for severities."""
    matchers, policy = [f"source={CAMERAS}"], EscalationPolicy.objects.filter(name=FALL).first()
    if policy and not Route.objects.filter(matchers=matchers).exists():
        Route.objects.create(position=11, matchers=matchers, policy=policy)


def _day(at: datetime, ago: int) -> date:
    return (at.astimezone(ZoneInfo(settings.TIME_ZONE)) - ago * DAY).date()


def _when(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZoneInfo(settings.TIME_ZONE))


def _falls(at: datetime) -> Iterator[Past]:
    """One every second day or so, mostly in the evening and at night; one in three was none."""
    chance = random.Random("falls")  # noqa: S311 (sample data)
    for number, ago in enumerate(range(DAYS - 1, 0, -2)):
        scene, hour = SCENES[number % len(SCENES)], chance.choice((1, 3, 5, 6, 14, 19, 21, 22, 23))
        came = _when(_day(at, ago), hour, chance.randrange(60)) + chance.randrange(60) * SECOND
        yield _fall(scene, came, chance, slow=number == 4, at=at)


def _fall(scene: Scene, came: datetime, chance: random.Random, *, slow: bool, at: datetime) -> Past:
    taker, after = chance.choice(CARERS), 338.0 if slow else chance.uniform(28, 110)
    night = not 7 <= came.hour < 20
    kept = at - came < (settings.SENTINEL_KEEP_IMAGES_DAYS - 1) * DAY
    return Past(
        came, CAMERAS, "fall", f"Fall seen by {scene.camera}", chance.uniform(9, 34) if scene.is_fall else after / 60 + 2, "critical",
        subject=scene.camera, told=tuple(_calls(taker, after, slow=slow)), taken_by=taker, taken_after=after,
        promise=chance.choice((Promise.ON_MY_WAY, Promise.HANDLING)) if scene.is_fall else "", note=scene.note,
        resolution=Resolution.HELP_SENT if scene.name == "corridor" else Resolution.HANDLED if scene.is_fall else Resolution.FALSE_ALARM,
        said=((taker, Usefulness.USEFUL if scene.is_fall else Usefulness.NOISE),),
        picture=demo_pictures.make(scene.name, camera=scene.camera, at=came, night=night) if kept else None,
        opinion=Opinion(scene.is_fall, round(chance.uniform(0.82, 0.97), 2), scene.posture, f"Sample: {scene.opinion}"),
    )  # fmt: skip


def _calls(taker: str, after: float, *, slow: bool) -> Iterator[Told]:
    """Everybody on call at once; an SMS and a call to whoever did not answer; a reminder at two minutes and at five where all were slow."""
    for person in CARERS:
        yield Told(person, status=SEEN if person == taker else DeliveryStatus.DELIVERED)
        if after > 60:
            yield Told(person, 60, transport=Transport.SMS)
    if slow:
        for step, seconds in ((1, 120.0), (2, 300.0)):
            yield from (Told(person, seconds, step, Transport.VOICE, SENT, Reason.REMINDER) for person in CARERS)


def _failures(at: datetime) -> Iterator[Past]:
    """What breaks in a house: something most days. Once nobody answered, and once a provider did not."""
    chance = random.Random("failures")  # noqa: S311 (sample data)
    for ago in range(DAYS, 0, -1):
        for kind, title, severity, subject, taker, note in chance.sample(FAILURES, chance.choice((0, 1, 1, 2))):
            came = _when(_day(at, ago), chance.randrange(24), chance.randrange(60))
            status = DEAD if ago == 17 else DeliveryStatus.DELIVERED
            told = (Told(RESPONDER, transport=Transport.EMAIL, status=SENT), Told(taker, status=status))
            after, minutes = chance.uniform(90, 1500), chance.uniform(30, 140)
            if ago == 20:
                yield Past(came, HOUSE, kind, title, 120, severity, subject, told=told, expired=True)
                continue
            yield Past(came, HOUSE, kind, title, minutes, severity, subject, told=told, taken_by=taker, taken_after=after, note=note,
                       resolution=chance.choice((Resolution.HANDLED, Resolution.RECOVERED)))  # fmt: skip


def _storm(house: Source, at: datetime) -> Iterator[Past]:
    """A night of thunder: the power goes, and with it everything else. Told in bundles, one person takes it."""
    chance, began = random.Random("storm"), _when(_day(at, STORM_DAYS_AGO), 3, 11)  # noqa: S311 (sample data)
    doors = ("door", "Door {} lost its lock", "medium")
    titles = (("power", "No power in wing {}", "high"), ("no-data", "Sensor {} sends nothing", "medium"), doors)
    for kind, title, severity in titles:
        group = AlertGroup(key=f"storm|{kind}", source=house, opened_at=began, closes_at=began + 5 * MINUTE, max_size=10, size=8)
        for number in range(1, 9):
            came = began + (number * 31 + chance.randrange(20)) * SECOND
            first = number == 1
            told = (Told(TECHNICIAN), Told(RESPONDER)) if first else (Told(TECHNICIAN, 60, reason=Reason.BUNDLE),) if number == 2 else ()
            taken: dict[str, Any] = {"taken_by": TECHNICIAN, "taken_after": 260.0, "note": "The main fuse is out."} if first else {}
            yield Past(came, HOUSE, kind, title.format(number), chance.uniform(70, 95), severity, f"{kind}-{number}", {"storm": "yes"},
                       told=told, group=group, **taken)  # fmt: skip


def _maintenance(at: datetime) -> Iterator[Past]:
    """The fire panel is tested on Tuesdays; what it says meanwhile is held back. The next test is there as well."""
    if MaintenanceWindow.objects.filter(name=WINDOW).exists():
        return
    reason = "The fire panel is tested every Tuesday."
    window = MaintenanceWindow(name=WINDOW, matchers=list(PANEL), reason=reason, weekdays=[1], begins=time(10), duration_minutes=60)
    windows.save(window, by=None, at=at)
    for began in (_when(_day(at, ago), 10) for ago in range(DAYS, 0, -1)):
        if began.weekday() == 1:
            held = _over(PANEL, reason, began, HOUR, origin=SilenceOrigin.WINDOW, window=window, occurrence_at=began)
            for minutes, title in ((12, "The fire panel reports an alarm"), (31, "The fire panel reports a fault")):
                yield Past(began + minutes * MINUTE, HOUSE, "fire-panel", title, 4, "high", "panel", silence=held)


def _repair(at: datetime) -> Iterator[Past]:
    """Somebody silenced the freezer while it was repaired."""
    began = _when(_day(at, REPAIR_DAYS_AGO), 9, 20)
    held = _over(FREEZER, "The freezer is being repaired.", began, 6 * HOUR)
    for number in range(3):
        yield Past(began + (40 + 95 * number) * MINUTE, HOUSE, "freezer", "The freezer is at -4 °C", 50, "high", "kitchen", silence=held)


def _over(matchers: tuple[str, ...], reason: str, began: datetime, lasts: timedelta, **fields: Any) -> Silence:
    """A silence of the past, whose author knows what it held."""
    ends = began + lasts
    return Silence.objects.create(
        matchers=list(matchers), reason=reason, starts_at=began, ends_at=ends, author_name=DIRECTOR, digested_at=ends, **fields
    )


def _now(at: datetime) -> Iterator[Past]:
    """What is open: one that somebody has taken, and one that a silence holds back."""
    yield Past(at - 14 * MINUTE, HOUSE, "bell", "Night bell, room 7", 0, "high", "room-7", told=(Told(NURSE, status=SEEN), Told(RESPONDER)),
               taken_by=NURSE, taken_after=95, promise=Promise.ON_MY_WAY, note="On the second floor, five minutes.", open=True)  # fmt: skip
    silence = Silence.objects.create(
        matchers=[f"source={HOUSE}", "type=boiler"], reason="The boiler is serviced until tonight.", starts_at=at - 3 * HOUR,
        ends_at=at + 9 * HOUR, author_name=DIRECTOR,
    )  # fmt: skip
    yield Past(at - 70 * MINUTE, HOUSE, "boiler", "Pressure of the boiler is low", 0, "medium", "cellar", silence=silence, open=True)
