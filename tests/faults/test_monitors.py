"""The monitor is killed, stopped and doubled; the meter, which counts, never sees two at once.

Takes a minute: leases run out in real time.
"""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest

from sentinel_site import env
from tests.faults.house import MANAGE, until
from tests.meters import Meter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Monitors:
    """Monitor processes on one house, and the meter that they share."""

    def __init__(self, house, meter):
        self.house, self.meter, self._running = house, meter, []

    def start(self):
        environ = self.house.environ | {"SENTINEL_DEVICE_LOOPBACK": "1"}
        self._started_at = datetime.now(UTC)
        with self.house.log.open("ab") as log:
            process = subprocess.Popen([sys.executable, MANAGE, "monitor"], env=environ, cwd=env.BASE_DIR, stdout=log, stderr=log)
        self._running.append(process)
        return process

    def end(self):
        for process in self._running:
            process.kill()
            process.wait(60)

    def samples(self):
        return self.meter.counters.commands["DOD?"]

    def commands(self):
        return sum(self.meter.counters.commands.values())

    def served(self):
        """The connection that the meter listens to."""
        return self.meter.inner.slot._served

    def hear(self, more):
        """Wait for so many more samples."""
        wanted = self.samples() + more
        until(lambda: self.samples() >= wanted, 60, f"{more} more samples (see {self.house.log})")

    def beat(self):
        """Wait for the first sign of life of the monitor that was started last."""
        beat = "SELECT 1 FROM sentinel_site_processbeat WHERE role = 'monitor' AND started_at > %s"
        until(lambda: self.house.rows(beat, self._started_at), 60, "a new monitor")

    def kill(self, process):
        """Kill it, while its lease is good for an hour: only who sees that it is dead takes it over. Returns who it was."""
        holder = self.status()[0]  # before: another may take over faster than one looks
        process.kill()
        process.wait(60)
        self.write("UPDATE devices_devicestatus SET leased_until = now() + interval '1 hour' WHERE holder = %s", holder)
        return holder

    def taken_from(self, holder):
        """Wait until another has the device."""
        until(lambda: self.status()[0] not in {holder, ""}, 240, "the take-over")

    def status(self):
        rows = self.house.rows("SELECT holder, mode, reachable FROM devices_devicestatus")
        return rows[0] if rows else None

    def write(self, statement, *values):
        with psycopg.connect(self.house.database_url, autocommit=True) as connection:
            connection.execute(statement, values)

    def require_one_at_a_time(self):
        assert (self.meter.counters.most_open, self.meter.violations) == (1, 0)


@pytest.fixture
def monitors(_rooms):
    with Meter(level=60.0) as meter:
        _rooms.seed(devices={"roof": {"host": "127.0.0.1", "port": meter.port, "enabled": True, "keepalive": True}})
        ours = Monitors(_rooms, meter)
        yield ours
        ours.end()
    ours.write("TRUNCATE devices_device CASCADE")


def test_a_killed_monitor_measures_again_when_it_starts_without_waiting_for_its_lease(monitors):
    first = monitors.start()
    monitors.hear(1)
    holder = monitors.kill(first)

    monitors.start()

    monitors.taken_from(holder)
    monitors.hear(1)
    monitors.require_one_at_a_time()


def test_another_monitor_takes_over_from_a_killed_one_without_waiting_for_its_lease(monitors):
    first = monitors.start()
    monitors.hear(1)
    monitors.start()
    monitors.beat()

    holder = monitors.kill(first)

    monitors.taken_from(holder)
    monitors.hear(1)
    monitors.require_one_at_a_time()


def test_a_monitor_that_was_frozen_sends_nothing_when_it_wakes_up(monitors):
    first = monitors.start()
    monitors.hear(1)
    monitors.start()
    monitors.beat()
    holder = monitors.status()[0]
    os.kill(first.pid, signal.SIGSTOP)
    monitors.taken_from(holder)
    frozen, sent = monitors.served(), monitors.commands()

    os.kill(first.pid, signal.SIGCONT)

    def given_up():
        count = monitors.commands()
        if monitors.served() is not frozen:
            return True
        assert count == sent, "it sent something after its lease was another's"
        return False

    until(given_up, 60, "the end of the old connection")
    monitors.hear(1)
    assert monitors.meter.violations == 0


def test_standby_frees_the_meter_and_it_stays_free_over_a_restart(monitors):
    first = monitors.start()
    monitors.hear(1)

    monitors.write("UPDATE devices_device SET keepalive = false")

    until(lambda: monitors.status() == ("", "standby", None), 60, "a device on standby")
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    monitors.start()
    count = monitors.meter.counters.connections
    monitors.beat()
    assert monitors.meter.counters.connections == count


def test_a_device_that_is_deleted_is_let_go_while_the_monitor_goes_on(monitors):
    first = monitors.start()
    monitors.hear(1)

    monitors.write("DELETE FROM devices_devicestatus; DELETE FROM devices_device")

    until(lambda: monitors.served() is None, 60, "a free meter")
    assert first.poll() is None


def test_a_clean_stop_takes_seconds_and_gives_the_lease_back(monitors):
    first = monitors.start()
    monitors.hear(1)

    first.send_signal(signal.SIGTERM)

    assert first.wait(60) == 0
    assert monitors.status() == ("", "standby", None)
