"""GET /metrics."""

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from devices.models import Device, DeviceCommand, DeviceStatus
from sentinel_site import beats, metrics
from sentinel_site.models import ProcessBeat
from tests.callers import KeyClient, make_caller
from tests.conftest import MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


def values(text):
    """Every sample: (name, labels) → value."""
    return {(s.name, *sorted(s.labels.values())): s.value for family in text_string_to_metric_families(text) for s in family.samples}


def test_metrics_say_what_is_open_late_and_overdue():
    make_source(policy=make_policy("Calls", 0))
    raise_alert(at=NOON, severity="critical")

    found = values(metrics.text(at=NOON + 2 * MINUTE))

    assert found["sentinel_alerts_open", "P1", "PENDING"] == 1
    assert (found["sentinel_alerts_late",], found["sentinel_oldest_due_seconds",]) == (1, 120)


def test_metrics_say_when_a_process_was_last_heard_of():
    beats.beat(ProcessBeat.Role.WATCHDOG, at=NOON)

    assert values(metrics.text(at=NOON + 9 * SECOND))["sentinel_process_silence_seconds", "watchdog"] == 9


def test_metrics_need_a_caller_who_may_see_alerts():
    answers = [
        KeyClient().get("/metrics"),
        make_caller(name="a").get("/metrics"),
        make_caller("alerts.view_alert", name="b").get("/metrics"),
    ]

    assert [answer.status_code for answer in answers] == [401, 403, 200]
    assert answers[2]["Content-Type"].startswith("text/plain; version=0.0.4")


def test_deliveries_of_the_last_hour_are_counted():
    from alerts import escalation

    make_recipient("Kim", groups=["oncall"])
    make_source(policy=make_policy("Calls", 0))
    at = timezone.now()
    raise_alert(at=at)
    escalation.advance_due(at=at)

    assert values(metrics.text(at=at))["sentinel_deliveries_recent", "email", "queued"] == 1


def test_metrics_say_how_devices_are():
    for slug, reachable in (("roof", True), ("yard", False), ("new", None)):
        device = Device.objects.create(slug=slug, host="10.0.0.1")
        DeviceStatus.objects.create(device=device, reachable=reachable, mode="watched", last_frame_at=NOON, failures=0 if reachable else 4)
    Device.objects.create(slug="old", host="10.0.0.1", enabled=False)
    DeviceCommand.objects.create(device=device, command="start", status="refused", asked_at=NOON, deadline_at=NOON)

    found = values(metrics.text(at=timezone.now()))

    assert [found["sentinel_devices", state] for state in ("reachable", "unreachable", "unknown", "off")] == [1, 1, 1, 1]
    assert (found["sentinel_device_up", "roof"], found["sentinel_device_up", "yard"], found["sentinel_device_failures", "yard"]) == (
        1,
        0,
        4,
    )
    assert ("sentinel_device_up", "new") not in found
    assert (found["sentinel_device_commands_recent", "refused"], found["sentinel_devices_mode", "watched"]) == (1, 3)
    assert found["sentinel_device_frame_age_seconds", "roof"] > 0
