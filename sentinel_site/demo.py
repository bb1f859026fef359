"""Sample data for a first look: somebody to tell, a key to report with, a picture of a fall, devices, backups, jobs and noise."""

from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from alerts import walls
from alerts.models import Wall
from notifications.enums import RotationKind, Transport
from notifications.models import ContactMethod, OnCallSchedule, Recipient, RecipientGroup
from sentinel_site import demo_backups, demo_devices, demo_jobs, demo_noise, demo_story
from sentinel_site.models import ApiKey

USER: Final = "demo-camera"
RECIPIENT: Final = "Demo Responder"
ADDRESS: Final = "demo.responder@example.org"
KEY: Final = "demo"
WALL: Final = "Demo wall"
SCHEDULE: Final = "Demo schedule"
COLLEAGUE: Final = "Demo Colleague"
COLLEAGUE_ADDRESS: Final = "demo.colleague@example.org"
SKY, FLOOR, PERSON, BED = (226, 232, 240), (148, 163, 184), (51, 65, 85), (100, 116, 139)


@dataclass(frozen=True)
class Demo:
    """What was made; ``key`` is shown this once, an earlier demo key is refused from now on."""

    key: str
    picture: Path
    recipient: str
    wall: str


def run(*, data_dir: Path) -> Demo:
    """Make the sample data, or what is missing of it."""
    text = _people_and_key()
    at = timezone.now()
    demo_devices.run(at=at)
    demo_story.run(at=at, device=demo_devices.WORKSHOP, person=RECIPIENT)
    demo_backups.run(at=at)
    demo_jobs.run(at=at)
    demo_noise.run(recipient=Recipient.objects.get(name=RECIPIENT), at=at)
    picture = _picture(data_dir / "demo" / "fall.jpg")
    return Demo(key=text, picture=picture, recipient=f"{RECIPIENT} <{ADDRESS}>", wall=_wall())


@transaction.atomic
def _people_and_key() -> str:
    recipient = _person(RECIPIENT, ADDRESS)
    for group in RecipientGroup.objects.filter(slug__in=("oncall", "manager", "director")):
        group.members.add(recipient)
    _on_call(recipient)
    user, made = User.objects.get_or_create(username=USER)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name="Ingest"))
    ApiKey.objects.filter(user=user, name=KEY, revoked_at=None).update(revoked_at=timezone.now())
    _key, text = ApiKey.issue(user=user, name=KEY)
    return text


@transaction.atomic
def _wall() -> str:
    """The address of a screen; that of an earlier demo shows nothing from now on."""
    Wall.objects.filter(name=WALL).delete()
    return walls.issue(name=WALL)[1]


def _person(name: str, address: str) -> Recipient:
    """Somebody who can be told by mail."""
    person, _made = Recipient.objects.get_or_create(name=name)
    if not person.contact_methods.exists():
        ContactMethod.objects.create(recipient=person, kind=Transport.EMAIL, address=address, verified=True, label="Demo")
    return person


def _on_call(recipient: Recipient) -> None:
    """An example schedule: two people take turns of a week, and the one who has not got it is on call on weekdays by day."""
    schedule, made = OnCallSchedule.objects.get_or_create(
        name=SCHEDULE, defaults={"time_zone": settings.TIME_ZONE, "handoff_notices": False}
    )
    if not made:
        return
    people, today = (recipient, _person(COLLEAGUE, COLLEAGUE_ADDRESS)), timezone.localdate()
    layer = {"kind": RotationKind.WEEKLY, "starts_on": today - timedelta(days=today.weekday(), weeks=6)}
    weeks = schedule.rotations.create(name="Weeks", position=1, **layer)
    by_day = {"hours_from": time(9), "hours_until": time(17), "weekdays": [0, 1, 2, 3, 4]}
    days = schedule.rotations.create(name="Weekdays by day", position=2, **layer, **by_day)
    for position, person in enumerate(people):
        weeks.members.create(recipient=person, position=position)
        days.members.create(recipient=person, position=1 - position)


def _picture(path: Path) -> Path:
    """A room, a bed, and somebody on the floor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (640, 400), SKY)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 250, 640, 400), fill=FLOOR)
    draw.rounded_rectangle((40, 190, 250, 280), radius=10, fill=BED)
    draw.ellipse((330, 305, 372, 347), fill=PERSON)
    for line in (((368, 330), (480, 338)), ((480, 338), (560, 318)), ((480, 338), (565, 358)), ((400, 332), (430, 290))):
        draw.line(line, fill=PERSON, width=18)
    draw.text((12, 12), "cam-12   room 12   demo", fill=PERSON)
    image.save(path, quality=85)
    return path
