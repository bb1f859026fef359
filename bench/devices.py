"""200 meters asked by one monitor, a threshold crossed on the meter until its message is there, and a monitor that is killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from bench import processes
from bench.house import ROOT, House
from bench.meters import PREFIX, Meters, add_devices, remove_devices
from bench.rows import Row, percentile

NAME = "devices"
COUNT = 200
LOUD, SILENT = 95.0, 40.0
KILLED = 2
"""Processes that are killed on purpose."""
ALLOWED_SECONDS = 1.0
"""The least between the end of a reply and the next command; these meters answer at once."""


def run(house: House) -> list[Row]:
    """See the module."""
    house.empty()
    with Meters(COUNT) as meters:
        meters.do("level", level=SILENT)
        add_devices(meters)
        try:
            return [*_polled(house, meters), *_told(house, meters), *_killed(house, meters), *_taken_over(house, meters)]
        finally:
            remove_devices()
            house.empty()


def _polled(house: House, meters: Meters) -> list[Row]:
    seconds = 20.0 if house.quick else 60.0
    meters.wait(since=0.0, seconds=60)
    time.sleep(5)
    meters.do("clear")
    before = house.cpu()
    time.sleep(seconds)
    after, counted, memory = house.cpu(), meters.counted(), processes.pss_mib(house.pids()["monitor"])
    gaps = [[later - earlier for earlier, later in pairwise(meter["frames"])] for meter in counted]
    means = [sum(each) / len(each) if each else seconds for each in gaps]
    every = [gap for each in gaps for gap in each]
    cpu = {role: (after[role] - before[role]) / seconds * 100 for role in before}
    return [
        Row(NAME, f"{COUNT} meters, one monitor: mean gap between frames, worst device, of the least allowed", max(means) / ALLOWED_SECONDS,
            "x", ("<=", 1.1), f"single gaps: p50 {percentile(every, 0.5):.3f}, p99 {percentile(every, 0.99):.3f}, longest {max(every):.2f} "
            "s; every half a minute the question is whether it measures"),
        Row(NAME, "the same: CPU of the monitor", cpu["monitor"], "% of a core", ("<=", 60),
            f"postgres {cpu['postgres']:.0f}, web {cpu['web']:.0f}; {memory:.0f} MiB"),
        Row(NAME, "the same: commands that came too early", sum(meter["violations"] for meter in counted), "", ("<=", 0)),
        Row(NAME, "the same: connections opened meanwhile", sum(meter["connections"] for meter in counted), "", ("<=", 0)),
    ]  # fmt: skip


def _told(house: House, meters: Meters) -> list[Row]:
    """From the level on the meter to the message at the provider; at times that have nothing to do with when a meter is asked."""
    times, chance = 40 if house.quick else 150, random.Random(1)
    house.sink.forget()
    crossed = {}
    for number in range(times):
        time.sleep(0.1 + 0.3 * chance.random())
        meters.do("level", level=LOUD, meter=number)
        crossed[f"{PREFIX}{number}"] = time.time()
    arrived = house.sink.wait(set(crossed), seconds=30)
    late = [(arrived[mark] - at) * 1000 for mark, at in crossed.items() if mark in arrived]
    seen, raised = _stages(house, crossed)
    meters.do("level", level=SILENT)
    left = _open_alerts(house, seconds=20)
    return [
        Row(NAME, f"threshold crossed on the meter to message handed over, {COUNT} meters asked every second: p50", percentile(late, 0.5),
            "ms", ("<=", 600), f"p99 {percentile(late, 0.99):.0f} ms; p50 until it was measured {percentile(seen, 0.5):.0f} (half a "
            f"second is waiting for the next question), until the alert was there {percentile(raised, 0.5):.0f} ms"),
        Row(NAME, f"messages missing of {times}", times - len(late), "", ("<=", 0)),
        Row(NAME, "alerts that did not end after the level was back", left, "", ("<=", 0)),
    ]  # fmt: skip


STAGES = """
SELECT device.slug, extract(epoch FROM onset_at)::float, extract(epoch FROM min(entry.at))::float
FROM devices_ruleevent event JOIN devices_device device ON device.id = event.device_id JOIN alerts_logentry entry USING (alert_id)
WHERE clear_at IS NULL GROUP BY 1, 2
"""


def _stages(house: House, crossed: dict[str, float]) -> tuple[list[float], list[float]]:
    """Milliseconds from the level on the meter to the sample that showed it, and to the alert."""
    rows = [row for row in house.sql(STAGES) if row[0] in crossed]
    return [(onset - crossed[slug]) * 1000 for slug, onset, _ in rows], [(raised - crossed[slug]) * 1000 for slug, _, raised in rows]


def _open_alerts(house: House, *, seconds: float) -> int:
    until = time.monotonic() + seconds
    while True:
        left = int(house.sql("SELECT count(*) FROM devices_ruleevent WHERE clear_at IS NULL")[0][0])
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.2)


def _killed(house: House, meters: Meters) -> list[Row]:
    """kill -9, and `up` starts it again."""
    before = house.pids()["monitor"]
    at = time.monotonic()
    os.kill(before, signal.SIGKILL)
    spent = [each - at for each in meters.wait(since=at + 0.1, seconds=40)]
    return _back(spent, "kill -9 of the monitor, started again", 5, meters)


def _taken_over(house: House, meters: Meters) -> list[Row]:
    """kill -9 beside a second monitor, while nobody starts the first one again."""
    with _second(house), _held(house):
        before = house.pids()["monitor"]
        at = time.monotonic()
        os.kill(before, signal.SIGKILL)
        spent = [each - at for each in meters.wait(since=at + 0.1, seconds=40)]
        return _back(spent, "kill -9 of the monitor beside a second one", 15, meters)


def _back(spent: list[float], what: str, goal: float, meters: Meters) -> list[Row]:
    counted = meters.counted()
    return [
        Row(NAME, f"{what}: frames of all {COUNT} again after", max(spent, default=float("nan")), "s", ("<=", goal),
            f"first {min(spent, default=float('nan')):.1f}, half of them {percentile(spent, 0.5):.1f} s"),
        Row(NAME, f"{what}: meters that were not asked again", COUNT - len(spent), "", ("<=", 0)),
        Row(NAME, f"{what}: commands that came too early, connections beside another",
            sum(meter["violations"] + (meter["most_open"] > 1) for meter in counted), "", ("<=", 0)),
    ]  # fmt: skip


@contextmanager
def _second(house: House) -> Iterator[None]:
    """Another monitor on the same house."""
    with house.log.open("ab") as log:
        process = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "monitor"], cwd=ROOT, stdout=log, stderr=log)
        try:
            time.sleep(8)
            yield
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def _held(house: House) -> Iterator[None]:
    """Nobody starts anything again meanwhile."""
    house.up.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        house.up.send_signal(signal.SIGCONT)
        time.sleep(5)
