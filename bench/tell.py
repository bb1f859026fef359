"""From the report to the first message at a local webhook provider: at a steady rate, and in a burst. Beside Alertmanager."""

import time
from collections.abc import Callable, Mapping

from bench import load
from bench.alertmanager import Alertmanager, Missing
from bench.house import House
from bench.intake import body
from bench.rows import Row, percentile

NAME = "tell"
RATE = 50
BURST = 2000
SOURCE = "bench-life"
"""Told one by one at once; a source that groups would send fewer messages."""
PATIENCE_SECONDS = 60.0


def run(house: House) -> list[Row]:
    """See the module."""
    seconds, rounds = (6, 1) if house.quick else (20, 3)
    peer_steady, peer_burst = _peer(house, seconds)
    steady: list[float] = []
    missing = 0
    for number in range(rounds):
        house.empty()
        found = _steady(house, house.port, lambda n, r=number: ours(house, f"s{r}-{n}"), f"s{number}-", seconds)
        missing += RATE * seconds - len(found)
        steady += found
    bursts = [_burst(house, number) for number in range(rounds)]
    last = sorted(bursts)[len(bursts) // 2]
    rows = [
        Row(NAME, f"POST to first message at {RATE}/s: p50", percentile(steady, 0.5), "ms", ("<=", 60), peer_steady),
        Row(NAME, f"POST to first message at {RATE}/s: p99", percentile(steady, 0.99), "ms", ("<=", 300)),
        Row(NAME, f"messages missing of {RATE * seconds * rounds}", missing, "", ("<=", 0)),
        Row(NAME, f"burst of {BURST}: last message after", last[1], "s", ("<=", 10), f"all answered after {last[2]:.1f} s; {peer_burst}"),
        Row(NAME, f"burst of {BURST}: messages missing", max(each[0] for each in bursts), "", ("<=", 0)),
    ]
    house.empty()
    return rows


def ours(house: House, mark: str, source: str = SOURCE) -> bytes:
    """A report whose message says ``mark``."""
    return house.post("/api/v1/alerts", body(mark, source, f"mark:{mark}"))


def _steady(house: House, port: int, make: Callable[[int], bytes], prefix: str, seconds: int) -> list[float]:
    """Milliseconds from when each report was due to be sent to when its message arrived; those that never came are left out."""
    house.sink.forget()
    began = time.time()
    load.drive(port, make, connections=16, seconds=seconds, rate=RATE)
    marks = {f"{prefix}{n}": began + n / RATE for n in range(RATE * seconds)}
    return _waits(house.sink.wait(set(marks), seconds=PATIENCE_SECONDS), marks)


def _waits(arrived: Mapping[str, float], marks: Mapping[str, float]) -> list[float]:
    return [(arrived[mark] - due) * 1000 for mark, due in marks.items() if mark in arrived]


def _burst(house: House, number: int) -> tuple[int, float, float]:
    """(messages missing, seconds to the last one, seconds to the last answer) of BURST reports sent as fast as they are taken."""
    house.empty()
    return burst(house, house.port, lambda n: ours(house, f"b{number}-{n}"), f"b{number}-")


def burst(house: House, port: int, make: Callable[[int], bytes], prefix: str) -> tuple[int, float, float]:
    """The same for any server whose messages carry marks that begin with ``prefix``."""
    house.sink.forget()
    began = time.time()
    result = load.drive(port, make, connections=8, count=BURST)
    wanted = {f"{prefix}{n}" for n in range(BURST)}
    arrived = {mark: at for mark, at in house.sink.wait(wanted, seconds=PATIENCE_SECONDS).items() if mark in wanted}
    return BURST - len(arrived), max(arrived.values(), default=began) - began, result.seconds


def _peer(house: House, seconds: int) -> tuple[str, str]:
    """What Alertmanager does in the same two exercises; it keeps everything in memory and forgets it when killed."""
    try:
        with Alertmanager(house) as peer:
            steady = _steady(house, peer.port, lambda n: peer.alert(f"as-{n}"), "as-", seconds)
            missing, last, _ = burst(house, peer.port, lambda n: peer.alert(f"ab-{n}"), "ab-")
    except Missing as error:
        return f"no peer: {error}", f"no peer: {error}"
    p50, p99 = percentile(steady, 0.5), percentile(steady, 0.99)
    return f"Alertmanager {peer.version} (RAM only): p50 {p50:.1f}, p99 {p99:.1f} ms", f"Alertmanager: {last:.1f} s, {missing} missing"
