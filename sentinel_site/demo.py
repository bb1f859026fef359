"""Sample data for a first look: people who take turns, a month of alerts with pictures, devices, backups, jobs, a key to report with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from alerts import escalation, walls
from alerts.models import Wall
from alerts.noise import making
from sentinel_site import demo_backups, demo_care, demo_devices, demo_jobs, demo_noise, demo_past, demo_people, demo_pictures, demo_story
from sentinel_site.models import ApiKey

USER: Final = "demo-camera"
RECIPIENT: Final = demo_people.RESPONDER
ADDRESS: Final = demo_people.PEOPLE[0].address
KEY: Final = "demo"
WALL: Final = "Demo wall"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What was made; ``key`` is shown this once, an earlier demo key is refused from now on."""

    key: str
    picture: Path
    recipient: str
    wall: str


def run(*, data_dir: Path, say: Say = lambda _text: None) -> Demo:
    """Make the sample data, or what is missing of it: what is there stays as it is. ``say`` hears of each part before it is made."""
    at = timezone.now()
    say("People, their schedule and a key")
    demo_people.run(at=at)
    key = _key()
    say("A month of alerts, with drawn pictures")
    _month(at=at)
    say("Meters and a sensor, with a month of levels")
    demo_devices.run(at=at)
    demo_story.run(at=at, device=demo_devices.WORKSHOP, person=RECIPIENT)
    say("A month of backups; last night's are files, and are scanned")
    demo_backups.run(at=at)
    say("A month of jobs")
    demo_jobs.run(at=at)
    escalation.advance_due(at=timezone.now())  # whoever is told of it now need not wait for the watchdog
    picture = demo_pictures.keep(data_dir / "demo", at=at)
    return Demo(key=key, picture=picture, recipient=f"{RECIPIENT} <{ADDRESS}>", wall=_wall())


@transaction.atomic
def _month(*, at: datetime) -> None:
    """Everything that happened in a month, in the order in which it did; then a noise report about it."""
    pasts = [*demo_noise.make(at=at), *demo_care.make(at=at)]
    if demo_past.write(pasts):
        making.ask(by=None, at=at)


@transaction.atomic
def _key() -> str:
    """A key that may report, and nothing else. One of an earlier demo is refused from now on."""
    user, made = User.objects.get_or_create(username=USER)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name="Ingest"))
    ApiKey.objects.filter(user=user, name=KEY, revoked_at=None).update(revoked_at=timezone.now())
    _row, text = ApiKey.issue(user=user, name=KEY)
    return text


@transaction.atomic
def _wall() -> str:
    """The address of a screen; that of an earlier demo shows nothing from now on."""
    Wall.objects.filter(name=WALL).delete()
    return walls.issue(name=WALL)[1]
