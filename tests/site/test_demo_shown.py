"""What a visitor of the demo finds. One demo is made, twice over, for all tests, which only look."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import Count
from django.test import Client, override_settings
from django.utils import timezone

from alerts import images, routing
from alerts.enums import OPEN, AlertStatus, Resolution
from alerts.models import Alert, LogEntry, Silence, TriageOpinion
from devices.models import AlertRule, Device, Reading, RuleEvent
from devices.models.reading import HOUR, Rollup
from notifications import duty, oncall, transports
from notifications.models import ContactMethod, Delivery, OnCallOverride, Recipient, RecipientGroup
from sentinel_site import beats, bootstrap, demo, demo_care, demo_past, doctor, health
from tests.factories import make_recipient

DAY = timedelta(days=1)
OURS = ("alerts", "backups", "devices", "jobs", "notifications")
MENTIONED = "Robin Vale"


@contextmanager
def undone() -> Iterator[None]:
    """What is written within is taken back, as after any test."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def counted() -> Counter[str]:
    return Counter({model._meta.label: model._default_manager.count() for app in OURS for model in apps.get_app_config(app).get_models()})


@pytest.fixture(scope="module")
def shown(django_db_setup, django_db_blocker, tmp_path_factory):
    """The first and the second demo, and the rows after each. In a house that has one manager of its own, who was called something else."""
    place = tmp_path_factory.mktemp("demo")
    own = {f"SENTINEL_BACKUP_{name}": place / name for name in ("DEPOSIT", "STORE", "QUARANTINE")}
    routing.forget()
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=place / "media", **own), undone():
        bootstrap.run()
        make_recipient(MENTIONED, groups=["director"])
        said: list[str] = []
        first = demo.run(data_dir=place, say=said.append)
        Device.objects.filter(slug="demo-street").update(name="Our street")
        after_first = counted()
        yield first, demo.run(data_dir=place), after_first, counted(), said
    routing.forget()


def test_a_second_demo_adds_nothing_and_changes_nothing(shown):
    first, second, after_first, after_second, said = shown

    assert after_first == after_second
    assert Device.objects.get(slug="demo-street").name == "Our street"
    assert (first.key == second.key, len(said) >= 4) == (False, True)


def test_nothing_of_it_can_reach_a_person(shown):
    methods = ContactMethod.objects.filter(recipient__name__startswith="Demo ")
    addresses = {kind: {method.address for method in methods if method.kind == kind} for kind in ("email", "sms", "voice", "push")}

    assert {len(found) for found in addresses.values()} == {6}
    assert all(address.endswith("@example.org") for address in addresses["email"])
    assert all(address.startswith("+336399801") for address in addresses["sms"] | addresses["voice"])
    assert [method for method in methods if method.active and method.kind != "email" and not transports.missing(method.kind)] == []


def test_a_group_that_is_somebody_s_stays_theirs(shown):
    members = {group.slug: set(group.members.values_list("name", flat=True)) for group in RecipientGroup.objects.all()}

    assert members["director"] == {MENTIONED}
    assert members["oncall"] == {"Demo Responder", "Demo Colleague", "Demo Nurse"}


def test_six_people_take_turns_without_a_gap(shown):
    (schedule,) = duty.schedules()
    at = timezone.now()

    shifts = oncall.shifts_between(duty.read([schedule], since=at, until=at + 14 * DAY)[str(schedule.pk)], at, at + 14 * DAY)

    assert {one.ends_at == other.starts_at for one, other in pairwise(shifts)} == {True}
    assert len({shift.recipient for shift in shifts}) >= 4
    assert (schedule.rotations.count(), OnCallOverride.objects.count(), Recipient.objects.filter(quiet_from=None).count()) == (3, 3, 5)


def test_a_month_of_alerts_was_answered_by_different_people_and_is_told_in_the_order_of_time(shown):
    past = Alert.objects.filter(source__slug__startswith="demo-")

    born = list(past.order_by("number").values_list("created_at", flat=True))
    assert (born == sorted(born), born[-1] - born[0] > 28 * DAY, len(born) > 200) == (True, True, True)
    assert len(set(past.exclude(acknowledged_by="").values_list("acknowledged_by", flat=True))) == 5
    assert past.filter(status=AlertStatus.EXPIRED).exists()
    assert set(past.exclude(resolution="").values_list("resolution", flat=True)) == {
        Resolution.RECOVERED, Resolution.HANDLED, Resolution.HELP_SENT, Resolution.FALSE_ALARM
    }  # fmt: skip
    assert Delivery.objects.filter(notification__thread__in=[alert.thread for alert in past], settled_at=None).count() == 0


def test_falls_have_pictures_and_opinions_that_say_what_they_are(shown):
    falls = Alert.objects.filter(source__slug=demo_care.CAMERAS).select_related("policy")

    assert {fall.policy.name for fall in falls} == {"Fall"}
    assert {images.path_of(fall.image).read_bytes()[:2] for fall in falls if fall.image} == {b"\xff\xd8"}
    assert falls.filter(resolution=Resolution.FALSE_ALARM, feedback__word="noise").count() > 3
    opinions = TriageOpinion.objects.filter(alert__in=falls)
    assert {opinion.model_name for opinion in opinions} == {demo_past.MODEL}
    assert all(opinion.description.startswith("Sample: ") for opinion in opinions)


def test_something_is_open_and_something_is_held_back(shown):
    at = timezone.now()
    held = Alert.objects.filter(status__in=OPEN).exclude(suppressed_by=[]).get()

    assert Alert.objects.filter(status=AlertStatus.ACKNOWLEDGED).get().acknowledged_by == "Demo Nurse"
    running = Silence.objects.filter(starts_at__lt=at, ends_at__gt=at).exclude(window__name=demo_care.WINDOW)  # on a Tuesday's morning
    assert running.get().holds.get().alert == held
    assert Silence.objects.filter(window__name=demo_care.WINDOW, starts_at__gt=at).count() == 1
    assert Alert.objects.filter(created_at__gt=at).count() + LogEntry.objects.filter(at__gt=at).count() == 0


def test_devices_have_a_month_behind_them(shown):
    kept = dict(Reading.objects.order_by().values_list("device__slug").annotate(Count("pk")))
    hours = dict(Rollup.objects.filter(seconds=HOUR, metric__in=("lp", "humidity")).values_list("device__slug").annotate(Count("pk")))

    assert (kept["demo-street"], kept["demo-cellar"]) == (24 * 180 + 1, 24 * 12 + 1)
    assert hours == {"demo-street": 720, "demo-workshop": 720, "demo-cellar": 720}
    assert AlertRule.objects.filter(device__slug="demo-cellar", name__startswith="Humidity").count() == 4
    assert [event.device.slug for event in RuleEvent.objects.all()] == ["demo-workshop"]  # the sample story
    raised = set(Alert.objects.filter(subject__in=kept).values_list("source__slug", "subject"))
    assert raised == {("notes", "demo-cellar"), ("meters", "demo-workshop")}


def test_the_doctor_finds_nothing_wrong_with_it(shown):
    at = timezone.now()
    with undone():
        for role in health.LIMITS:
            beats.beat(role, at=at)

        assert [finding.text for finding in doctor.examine(at=at) if finding.level == doctor.ERROR] == []


def test_its_key_reports_a_fall_and_the_one_before_is_refused(shown):
    first, second, *_ = shown

    with undone(), second.picture.open("rb") as image:
        fields = {"camera": "cam-12", "confidence": "0.93", "image": image}
        answer = Client().post("/api/v1/detections", fields, headers={"Authorization": f"Bearer {second.key}"})
        refused = Client().post("/api/v1/detections", {}, headers={"Authorization": f"Bearer {first.key}"})

    assert (answer.status_code, json.loads(answer.content)["policy"], refused.status_code) == (201, "Fall", 401)
