"""A process that is there and does nothing is as dead as one that is gone."""

import os
import signal

import pytest

from tests.faults.house import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def status_when_dead(house, program):
    """The status of /healthz once it calls ``program`` dead: of one answer, for the next may come after its new start."""
    answer = house.http.get(house.url("/healthz"), timeout=60)
    return answer.status_code if answer.json()[program] == "dead" else None


def test_a_frozen_worker_is_noticed_told_and_started_again(house):
    frozen = house.pid("worker")

    os.killpg(frozen, signal.SIGSTOP)

    assert until(lambda: status_when_dead(house, "worker"), 100, "a dead worker in /healthz") == 503
    query = "/alerts?source=sentinel&type=process-dead&subject=worker&limit=1"
    alert = until(lambda: house.api(query)["items"], 60, "the alert about it")[0]
    until(lambda: house.pid("worker") not in {0, frozen}, 60, "a new worker")
    until(lambda: house.api(f"/alerts/{alert['id']}")["resolution"] == "recovered", 60, "the end of the alert")


def test_a_frozen_watchdog_is_started_again_and_the_message_goes_out(house):
    frozen = house.pid("watchdog")
    os.killpg(frozen, signal.SIGSTOP)

    alert = house.report("probe")

    until(lambda: house.pid("watchdog") not in {0, frozen}, 90, "a new watchdog")
    until(lambda: house.provider.of(alert), 90, "the first message")
    assert len({arrival.key for arrival in house.provider.of(alert)}) == 1
