"""People are told that a device does not answer, once, and that it does again."""

import pytest

from alerts import intake, lifecycle, routing
from alerts.enums import AlertStatus
from alerts.models import Alert, Source
from devices import device_alerts
from devices.models import Device, DeviceStatus
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_policy, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sources():
    policy = make_policy()
    for slug in ("meters", intake.OWN_SOURCE, "probe"):
        make_source(slug, policy=policy)


@pytest.fixture
def meter():
    return Device.objects.create(slug="roof", name="Roof", host="192.168.1.40", place="Roof of B")


def lose(meter, *, wedged=False, at=NOON):
    return device_alerts.lost_touch(meter.pk, error="No route to it.", wedged=wedged, at=at)


def alerts():
    return list(Alert.objects.order_by("id").values_list("type", "subject", "status", "resolution"))


def test_a_lost_device_raises_one_alert_however_often_it_is_said(meter):
    assert [lose(meter), lose(meter, at=NOON + MINUTE)] == [True, False]

    alert = Alert.objects.get()
    assert (alert.type, alert.source.slug, alert.severity, alert.occurrences) == ("device-unreachable", "meters", "high", 1)
    assert alert.labels == {"device": "roof", "place": "Roof of B"}
    assert alert.links[0]["href"].endswith("/live/devices/roof/")
    assert alert.description.startswith("No route to it. Nothing is measured there")


@pytest.mark.parametrize(("error", "said"), [("the device refuses", "The device refuses. "), ("Timed out.", "Timed out. "), ("", "")])
def test_what_is_wrong_is_told_as_a_sentence(error, said):
    assert device_alerts._sentence(error) == said


def test_a_wedged_meter_is_another_alert_that_says_what_to_do(meter):
    lose(meter, wedged=True)

    alert = Alert.objects.get()
    assert (alert.type, alert.title) == ("device-wedged", "Roof must be switched off and on")


def test_when_it_answers_all_that_was_raised_about_it_is_over(meter):
    lose(meter)
    lose(meter, wedged=True)

    assert device_alerts.found_again("roof", at=NOON + MINUTE) == 2
    assert {(status, resolution) for _, _, status, resolution in alerts()} == {(AlertStatus.RESOLVED, "recovered")}


@pytest.mark.parametrize("fields", [{"enabled": False}, {"keepalive": False}], ids=["off", "on standby"])
def test_a_device_that_nobody_relies_on_raises_nothing(meter, fields):
    Device.objects.filter(pk=meter.pk).update(**fields)

    assert not lose(meter)
    assert alerts() == []


def test_a_device_that_is_gone_raises_nothing(meter):
    pk = meter.pk
    meter.delete()

    assert not device_alerts.lost_touch(pk, error="", wedged=False, at=NOON)


def test_without_its_source_the_alert_comes_from_sentinel_itself(meter):
    Source.objects.filter(slug="meters").update(enabled=False)
    routing.forget()

    assert lose(meter)
    assert Alert.objects.get().source.slug == intake.OWN_SOURCE


@pytest.mark.parametrize(
    ("change", "resolution"),
    [
        (lambda meter: Device.objects.filter(pk=meter.pk).update(enabled=False), "auto"),
        (lambda meter: Device.objects.filter(pk=meter.pk).update(keepalive=False), "auto"),
        (lambda meter: Device.objects.filter(pk=meter.pk).update(slug="other"), "auto"),
        (lambda meter: Device.objects.filter(pk=meter.pk).delete(), "auto"),
        (lambda meter: DeviceStatus.objects.create(device=meter, reachable=True, last_frame_at=NOON + SECOND), "recovered"),
    ],
    ids=["off", "standby", "renamed", "deleted", "answers"],
)
def test_what_is_open_about_a_device_ends_with_its_reason(meter, change, resolution):
    lose(meter)
    change(meter)

    assert device_alerts.settle(at=NOON + MINUTE) == 1
    assert alerts() == [("device-unreachable", "roof", AlertStatus.RESOLVED, resolution)]


def test_what_still_holds_is_left_open(meter):
    lose(meter)
    DeviceStatus.objects.create(device=meter, reachable=False)

    assert device_alerts.settle(at=NOON + MINUTE) == 0
    assert alerts()[0][2] == AlertStatus.PENDING


def test_a_status_of_before_the_alert_does_not_end_it(meter):
    DeviceStatus.objects.create(device=meter, reachable=True, last_frame_at=NOON - SECOND)
    lose(meter)

    assert device_alerts.settle(at=NOON + SECOND) == 0
    assert alerts()[0][2] == AlertStatus.PENDING


def test_an_alert_of_somebody_else_under_the_same_type_is_not_ours_to_end(meter):
    raise_alert(source="probe", type="device-unreachable", subject="roof", at=NOON)
    DeviceStatus.objects.create(device=meter, reachable=True, last_frame_at=NOON + SECOND)

    assert device_alerts.settle(at=NOON + MINUTE) == device_alerts.found_again("roof", at=NOON + MINUTE) == 0
    assert alerts()[0][2] == AlertStatus.PENDING


def test_an_alert_that_a_person_closed_is_not_raised_again_while_it_lasts(meter):
    lose(meter)
    lifecycle.resolve(Alert.objects.get(), by=None, at=NOON)

    assert device_alerts.settle(at=NOON + MINUTE) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_looking_after_alerts_costs_the_same_for_many(count, django_assert_num_queries):
    for number in range(count):
        device = Device.objects.create(slug=f"m{number}", name="M", host="h")
        lose(device)
        DeviceStatus.objects.create(device=device, reachable=False)

    with django_assert_num_queries(2):
        device_alerts.settle(at=NOON + MINUTE)
