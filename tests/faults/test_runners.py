"""Watchdog and worker are two runners of the same work: each does all of it when the other is gone for good."""

import os
import signal

import pytest

from tests.faults.house import children, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_without_the_watchdog_the_worker_tells_within_its_minute_and_ends_at_ctrl_c(rooms):
    rooms.only("worker")

    alert = rooms.report("probe")

    until(lambda: rooms.provider.of(alert), 100, "the first message")
    assert [arrival.data["reason"] for arrival in rooms.provider.of(alert)] == ["first"]
    family = children(rooms.last.pid)
    os.killpg(rooms.last.pid, signal.SIGINT)  # as a terminal does: to all of them
    assert (rooms.last.wait(120), len(family)) == (0, 4)
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family), 60, "the end of its children")


def test_without_the_worker_the_watchdog_does_everything(rooms):
    spec = {"people": ["Robin Vale"], "delays": [0, 2, 4], "policy": {"expires_after_seconds": 8, "last_resort_after_seconds": 100}}
    rooms.seed(sources={"stairs": spec})
    rooms.only("watchdog")

    alert = rooms.report("stairs")

    until(lambda: rooms.api(f"/alerts/{alert}")["status"] == "EXPIRED", 60, "expiry")
    until(lambda: len(rooms.provider.of(alert)) == 4, 60, "the message about it")
    told = [(arrival.data["reason"], arrival.data["step"]) for arrival in rooms.provider.of(alert)]
    assert told == [("first", 0), ("reminder", 1), ("reminder", 2), ("expired", None)]


def test_two_watchdogs_tell_once(rooms):
    rooms.only("watchdog", "watchdog")

    alerts = [rooms.report("probe") for _ in range(50)]

    until(lambda: set(alerts) <= rooms.provider.told(), 60, "telling about every alert")
    assert [len(rooms.provider.of(alert)) for alert in alerts] == [1] * 50
