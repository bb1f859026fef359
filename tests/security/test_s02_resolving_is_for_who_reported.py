"""S2: a key that may report closes only what its own user reported."""

import pytest

from alerts.models import Alert
from tests.callers import make_caller
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
KEY = {"source": "probe", "dedup_key": "fall"}


def test_a_reporter_cannot_close_what_another_one_reported():
    make_source()
    raise_alert(at=NOON, dedup_key="fall")

    answer = make_caller("alerts.report_alert").send("/alerts/resolve", KEY)

    assert (answer.status_code, Alert.objects.get().status) == (403, "PENDING")


def test_a_reporter_that_repeats_anothers_alert_cannot_close_it():
    make_source()
    raise_alert(at=NOON, dedup_key="fall")
    stranger = make_caller("alerts.report_alert")

    assert stranger.send("/alerts", {**KEY, "title": "Fall"}).status_code == 200

    answer = stranger.send("/alerts/resolve", KEY)

    assert (answer.status_code, Alert.objects.get().status) == (403, "PENDING")


def test_a_reporter_closes_its_own():
    make_source()
    reporter = make_caller("alerts.report_alert")
    reporter.send("/alerts", {**KEY, "title": "Fall"})

    assert reporter.send("/alerts/resolve", KEY).json()["status"] == "RESOLVED"


def test_who_may_answer_alerts_closes_any():
    make_source()
    raise_alert(at=NOON, dedup_key="fall")

    assert make_caller("alerts.report_alert", "alerts.answer_alert").send("/alerts/resolve", KEY).status_code == 200
