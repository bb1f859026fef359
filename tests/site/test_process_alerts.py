"""A dead process of Sentinel's own is an alert, and is resolved when the process is back."""

import pytest

from alerts.models import Alert
from sentinel_site import beats, process_alerts
from sentinel_site.models import ProcessBeat
from tests.conftest import HOUR, NOON, SECOND
from tests.factories import make_source

pytestmark = pytest.mark.django_db
Role = ProcessBeat.Role


@pytest.fixture(autouse=True)
def house():
    """Everything beats at NOON, and has for an hour."""
    make_source("sentinel")
    for role in (Role.WORKER, Role.WATCHDOG, Role.MONITOR):
        ProcessBeat.objects.create(role=role, instance=f"{role}:1", beat_at=NOON, started_at=NOON - HOUR)


def test_nothing_is_said_while_everything_beats():
    process_alerts.check(watched_by=Role.WATCHDOG, at=NOON + SECOND)

    assert not Alert.objects.exists()


def test_a_dead_worker_is_told_once_and_resolved_when_it_is_back():
    later = NOON + 5 * 60 * SECOND
    ProcessBeat.objects.exclude(role=Role.WORKER).update(beat_at=later)
    for _ in range(2):
        process_alerts.check(watched_by=Role.WATCHDOG, at=later)
    alert = Alert.objects.get()

    beats.beat(Role.WORKER, at=later)
    process_alerts.check(watched_by=Role.WATCHDOG, at=later)

    assert (alert.title, alert.priority, alert.occurrences) == ("Sentinel's worker process is dead", 1, 1)
    alert.refresh_from_db()
    assert (alert.status, alert.resolution) == ("RESOLVED", "recovered")


def test_a_dead_watchdog_is_told_by_the_worker():
    later = NOON + 60 * SECOND
    ProcessBeat.objects.exclude(role=Role.WATCHDOG).update(beat_at=later)

    process_alerts.check(watched_by=Role.WATCHDOG, at=later)
    assert not Alert.objects.exists()

    process_alerts.check(watched_by=Role.WORKER, at=later)
    assert Alert.objects.get().subject == "watchdog"
