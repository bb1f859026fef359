"""When an alert is late."""

from datetime import timedelta

import pytest

from alerts import lateness, lifecycle
from alerts.models import Alert
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_source, raise_alert


@pytest.fixture
def source(db):
    return make_source()


@pytest.mark.parametrize(("severity", "after", "late"), [
    ("critical", 50 * SECOND, False), ("critical", 2 * MINUTE, True), ("high", 29 * MINUTE, False), ("high", 31 * MINUTE, True),
    ("medium", 119 * MINUTE, False), ("medium", 121 * MINUTE, True), ("info", 1000 * HOUR, False),
])  # fmt: skip
def test_unanswered_beyond_its_response_target_is_late(source, severity, after, late):
    alert = raise_alert(at=NOON, severity=severity)
    Alert.objects.filter(pk=alert.pk).update(next_step_at=None)
    alert.refresh_from_db()

    assert lateness.is_late(alert, at=NOON + after) is late
    assert Alert.objects.filter(lateness.late(at=NOON + after)).exists() is late


def test_an_overdue_step_is_late_whatever_the_priority(source):
    alert = raise_alert(at=NOON, severity="info")

    assert lateness.is_late(alert, at=NOON + 2 * MINUTE)
    assert Alert.objects.filter(lateness.late(at=NOON + 2 * MINUTE)).exists()


def test_who_was_acknowledged_is_not_late(source, user):
    alert = lifecycle.acknowledge(raise_alert(at=NOON, severity="critical"), by=user, at=NOON + SECOND)

    assert not lateness.is_late(alert, at=NOON + timedelta(hours=1))
    assert not Alert.objects.filter(lateness.late(at=NOON + timedelta(hours=1))).exists()
