"""The rules a device gets when it first reports humidity."""

import pytest

from alerts import escalation
from alerts.models import Alert, Inhibition
from devices import humidity, pushed
from devices.models import AlertRule, Device
from tests.callers import as_json
from tests.conftest import MINUTE, NOON
from tests.factories import make_source


@pytest.fixture
def device(db):
    make_source("sensors")
    return Device.objects.create(slug="probe", name="Probe", driver="push")


def send(device, value, *, at=NOON, metric="humidity"):
    body = as_json({"readings": [{"at": at.isoformat(), "values": {metric: value}}]})
    pushed.take(Device.objects.get(pk=device.pk), body, at=at)


def alerts():
    """Severity and status of all, oldest first."""
    return list(Alert.objects.order_by("id").values_list("severity", "status"))


def held():
    return [alert.severity for alert in Alert.objects.order_by("id") if alert.suppressed_by]


def test_the_first_humidity_brings_four_rules(device):
    send(device, 45)

    rules = AlertRule.objects.order_by("threshold").values_list("comparison", "threshold", "severity")
    assert list(rules) == [("below", 30.0, "critical"), ("below", 35.0, "medium"), ("above", 70.0, "medium"), ("above", 90.0, "critical")]


def test_other_metrics_bring_none(device):
    send(device, 20, metric="temperature")

    assert not AlertRule.objects.exists()


def test_rules_that_were_deleted_do_not_come_back(device):
    send(device, 45)
    AlertRule.objects.all().delete()
    Inhibition.objects.all().delete()

    send(device, 45, at=NOON + MINUTE)

    assert not AlertRule.objects.exists()
    assert not Inhibition.objects.exists()


def test_who_wrote_rules_of_his_own_keeps_to_them(device):
    AlertRule.objects.create(device=device, name="Mine", metric="humidity", threshold=60)

    send(device, 45)

    assert AlertRule.objects.count() == 1


def test_humidity_by_another_name_has_rules_as_well(device):
    send(device, 20, metric="room_humidity")

    assert alerts() == [("critical", "PENDING")]
    assert AlertRule.objects.filter(metric="room_humidity", name="Room humidity: very dry").exists()


@pytest.mark.parametrize(("value", "expected"), [(29.9, "critical"), (90, "critical"), (30, None), (34.9, None), (45, None), (89.9, None)])
def test_the_first_reading_raises_what_is_critical(device, value, expected):
    send(device, value)

    assert [severity for severity, _ in alerts()] == ([expected] if expected else [])


@pytest.mark.parametrize(("value", "expected"), [(34.9, ["medium"]), (70, ["medium"]), (35, []), (69.9, [])])
def test_what_stays_dry_or_humid_is_a_warning(device, value, expected):
    send(device, value)
    send(device, value, at=NOON + 5 * MINUTE)

    assert [severity for severity, _ in alerts()] == expected


def test_a_sudden_fall_is_told_once_as_critical(device):
    for number in range(3):
        send(device, 25, at=NOON + number * 5 * MINUTE)
    escalation.advance_due(at=NOON + 11 * MINUTE)

    assert ([severity for severity, _ in alerts()], held()) == (["critical", "medium"], ["medium"])


def test_a_slow_fall_is_told_again_when_it_becomes_critical(device):
    for number, value in enumerate((34, 34)):
        send(device, value, at=NOON + number * 5 * MINUTE)
    escalation.advance_due(at=NOON + 5 * MINUTE)
    warned = (alerts(), held())
    send(device, 28, at=NOON + 10 * MINUTE)
    escalation.advance_due(at=NOON + 10 * MINUTE)

    assert warned == ([("medium", "PENDING")], [])
    assert Alert.objects.get(severity="critical").suppressed_by == []


def test_a_value_at_the_threshold_does_not_flutter(device):
    for number, value in enumerate((29, 31, 29, 31, 29)):
        send(device, value, at=NOON + number * 5 * MINUTE)

    assert [severity for severity, _ in alerts()].count("critical") == 1


def test_both_end_when_the_air_is_good_again(device):
    for number, value in enumerate((25, 25, 25, 50, 50, 50)):
        send(device, value, at=NOON + number * 5 * MINUTE)

    assert {status for _, status in alerts()} == {"RESOLVED"}


def test_one_probe_keeps_no_other_quiet(device):
    other = Device.objects.create(slug="other", name="Other", driver="push")
    for number in range(2):
        send(device, 25, at=NOON + number * 5 * MINUTE)
        send(other, 34, at=NOON + number * 5 * MINUTE)
    escalation.advance_due(at=NOON + 6 * MINUTE)

    assert sorted(Alert.objects.filter(suppressed_by=[]).values_list("subject", flat=True)) == ["other", "probe"]


def test_rules_are_made_once_however_many_ask(device):
    first, second = (Device.objects.get() for _ in range(2))

    assert [humidity.make_rules(each, {"humidity"}) for each in (first, second)] == [True, False]
