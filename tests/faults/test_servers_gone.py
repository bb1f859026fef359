"""The servers behind Sentinel go away and come back."""

import signal

import pytest

from tests.faults.house import Reports, until
from tests.faults.test_killed import require_all_told

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_kill_9_of_valkey_delays_no_report_and_no_message(house):
    with Reports(house) as reports:
        house.kill("valkey")
        reports.wait_for_more()

    assert reports.refused == []
    require_all_told(house, reports)


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGKILL], ids=["immediate", "kill -9"])
def test_postgresql_stopped_at_once_comes_back_and_nothing_is_lost(house, number):
    with Reports(house) as reports:
        house.kill("postgres", number)
        reports.wait_for_more()

    require_all_told(house, reports)


def test_without_redis_reports_are_taken_and_told(rooms):
    rooms.only("watchdog", REDIS_URL="unix:///nowhere/valkey.sock")

    alerts = [rooms.report("probe") for _ in range(10)]

    until(lambda: set(alerts) <= rooms.provider.told(), 60, "telling about every alert")
    assert rooms.health()["channel_layer"] == "down"
