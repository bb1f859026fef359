"""The alert about a device that should push and does not."""

from datetime import timedelta

import pytest

from alerts.models import Alert, Source
from devices import silent
from devices.models import Device, DeviceStatus
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_source

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def device(db):
    make_source("sensors")
    device = Device.objects.create(slug="probe", name="Probe", place="Cellar", driver="push", silent_after_seconds=600)
    DeviceStatus.objects.create(device=device, last_frame_at=NOON)
    return device


def test_a_device_that_is_silent_for_too_long_raises_one_alert(device):
    counts = [silent.check(at=NOON + TEN_MINUTES + number * MINUTE) for number in range(3)]

    alert = Alert.objects.get()
    assert counts == [0, 1, 1]
    assert (alert.source.slug, alert.type, alert.subject, alert.occurrences) == ("sensors", "device-silent", "probe", 1)
    assert "Cellar" in alert.description


def test_data_resolves_it(device):
    silent.check(at=NOON + TEN_MINUTES + SECOND)
    DeviceStatus.objects.update(last_frame_at=NOON + TEN_MINUTES + MINUTE)

    silent.check(at=NOON + TEN_MINUTES + MINUTE)

    assert Alert.objects.get().resolution == "recovered"


def test_a_silent_device_is_shown_as_unreachable(device):
    DeviceStatus.objects.update(reachable=True)

    silent.check(at=NOON + TEN_MINUTES)
    before = DeviceStatus.objects.get().reachable
    silent.check(at=NOON + TEN_MINUTES + SECOND)

    status = DeviceStatus.objects.get()
    assert (before, status.reachable, status.unreachable_since) == (True, False, NOON)


def test_a_device_that_never_sent_anything_is_silent_since_it_was_made(device):
    DeviceStatus.objects.all().delete()
    Device.objects.update(created_at=NOON)

    assert silent.check(at=NOON + TEN_MINUTES + SECOND) == 1
    assert "never sent" in Alert.objects.get().description


@pytest.mark.parametrize("change", [{"enabled": False}, {"silent_after_seconds": None}, {"driver": "nl43"}])
def test_nobody_is_called_for_what_is_not_expected(device, change):
    silent.check(at=NOON + TEN_MINUTES + SECOND)
    Device.objects.update(**change)

    assert silent.check(at=NOON + TEN_MINUTES + MINUTE) == 0
    assert Alert.objects.get().resolution == "auto"


def test_the_alert_of_a_deleted_device_ends(device):
    silent.check(at=NOON + TEN_MINUTES + SECOND)
    device.delete()

    silent.check(at=NOON + TEN_MINUTES + MINUTE)

    assert Alert.objects.get().resolution == "auto"


def test_it_is_raised_by_sentinel_itself_when_its_source_is_gone(device):
    make_source("sentinel")
    Source.objects.filter(slug="sensors").update(enabled=False)

    silent.check(at=NOON + TEN_MINUTES + SECOND)

    assert Alert.objects.get().source.slug == "sentinel"


def test_the_same_statements_look_after_one_device_and_after_many(device, django_assert_num_queries):
    for number in range(5):
        Device.objects.create(slug=f"probe-{number}", name="Probe", driver="push", silent_after_seconds=10**6)

    with django_assert_num_queries(3):
        silent.check(at=NOON)
