"""Every process is killed while reports come in: nothing that was answered 2xx is lost, nothing is said twice."""

import os
import signal

import pytest

from tests.faults.house import Reports, children, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def require_all_told(house, reports):
    """Every report that was answered 2xx is an alert, somebody was told, and nothing under two keys."""
    assert house.missing(reports.accepted) == []
    until(lambda: not house.untold(reports.accepted), 120, "telling everybody about every alert")
    assert set(reports.accepted) <= house.provider.told()
    assert house.provider.said_under_two_keys() == []


def worker_family(house):
    """The queue's guard, which is the process that was started, and its children (workers, monitor, pusher)."""
    guard = until(lambda: house.pid("worker"), 60, "the queue's guard")
    return guard, until(lambda: len(children(guard)) >= 4 and children(guard), 60, "the queue's children")


def make_one_worker_busy(house, tmp_path):
    """The pid of a queue's worker that runs a task of 20 s."""
    noted = tmp_path / "busy"
    house.enqueue("os.system", f"echo $PPID > {noted}.part; mv {noted}.part {noted}; exec sleep 20")
    until(noted.exists, 60, "a task that runs")
    return int(noted.read_text())


@pytest.mark.parametrize("program", ["web", "watchdog", "worker", "monitor"])
def test_kill_9_of_a_process_loses_nothing(house, program):
    with Reports(house) as reports:
        house.kill(program)
        reports.wait_for_more()

    require_all_told(house, reports)


def test_kill_9_of_web_and_watchdog_together_loses_nothing(house):
    with Reports(house, pause_seconds=0.005) as reports:
        watchdog = house.pid("watchdog")
        house.kill("web")
        os.kill(watchdog, signal.SIGKILL)
        reports.wait_for_more()

    require_all_told(house, reports)


def test_kill_9_of_up_itself_is_got_over_by_starting_it_again(house):
    with Reports(house) as reports:
        house.kill_itself()
        reports.wait_for_more()

    require_all_told(house, reports)


def test_kill_9_of_a_busy_child_of_the_worker_loses_nothing(house, tmp_path):
    busy = make_one_worker_busy(house, tmp_path)

    with Reports(house) as reports:
        os.kill(busy, signal.SIGKILL)
        reports.wait_for_more()

    require_all_told(house, reports)


def test_kill_9_of_an_idle_child_of_the_worker_is_got_over(house):
    _, family = worker_family(house)

    with Reports(house, pause_seconds=0.5) as reports:
        os.kill(family[0], signal.SIGKILL)
        killed_at = house.rows("SELECT now()")[0][0]
        ran = "SELECT 1 FROM sentinel_site_processbeat WHERE role = 'worker' AND beat_at > %s + interval '30 seconds'"
        until(lambda: house.rows(ran, killed_at), 240, "a task that ran well after the kill")

    require_all_told(house, reports)


def test_kill_9_of_the_guard_of_the_worker_is_got_over(house):
    guard, family = worker_family(house)

    house.kill("worker")

    assert house.pid("worker") != guard
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family), 60, "the end of the orphans")
