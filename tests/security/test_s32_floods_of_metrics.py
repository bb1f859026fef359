"""A device that pushes, or whoever has its key, cannot fill the database and the rota with names that nobody asked for."""

import pytest

from alerts.models import Alert
from devices import humidity, metric_names, pushed
from devices.models import AlertRule, Device, Reading
from tests.callers import as_json
from tests.conftest import MINUTE, NOON
from tests.factories import make_source


@pytest.fixture
def device(db):
    make_source("sensors")
    return Device.objects.create(slug="probe", name="Probe", driver="push")


def send(device, names, *, at=NOON, value=1):
    """Readings of 50 metrics each."""
    items = [{"at": at.isoformat(), "values": dict.fromkeys(names[place : place + 50], value)} for place in range(0, len(names), 50)]
    return pushed.take(Device.objects.get(pk=device.pk), as_json({"readings": items}), at=at)


def names(count, *, prefix="m"):
    return [f"{prefix}{number:04}" for number in range(count)]


def test_so_many_metrics_are_taken_and_no_more(device):
    outcome = send(device, names(400))

    assert len(Reading.objects.get().values) == len(Device.objects.get().metrics) == metric_names.MAX_NAMES
    assert (outcome.accepted, [each["index"] for each in outcome.rejected]) == (6, [6, 7])
    assert "at most 256" in outcome.left_out[0]["reason"]


def test_who_filled_the_list_cannot_crowd_out_what_is_known_or_has_a_rule(device):
    AlertRule.objects.create(device=device, name="hot", metric="temperature", threshold=30.0, sustained_seconds=0)
    send(device, ["pressure"], value=1000)
    send(device, names(400), at=NOON + MINUTE)

    outcome = send(device, ["humidity", "pressure", "temperature"], at=NOON + 2 * MINUTE, value=50)

    assert (outcome.accepted, Reading.objects.latest("at").values) == (1, {"pressure": 50.0, "temperature": 50.0})
    assert Alert.objects.get().labels["metric"] == "temperature"


def test_a_flood_of_humidities_makes_few_rules_and_few_calls(device):
    send(device, [f"{name}_humidity" for name in names(120)])

    assert AlertRule.objects.count() == 4 * humidity.MOST
    assert Alert.objects.filter(severity="critical").count() == humidity.MOST
