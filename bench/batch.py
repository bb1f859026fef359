"""Batches of 100 and of 1000 reports, new and repeated."""

from collections.abc import Callable
from functools import partial

from bench import load
from bench.house import House
from bench.intake import body
from bench.rows import Row, median, percentile

NAME = "batch"
CONNECTIONS = 2
SIZES = (100, 1000)


def run(house: House) -> list[Row]:
    """See the module."""
    rounds, seconds = (2, 3.0) if house.quick else (5, 5.0)
    rows = []
    for size in SIZES:
        for mix in ("new", "repeated"):
            house.empty()
            rates, latencies, used, wrong = [], [], [], 0
            for number in range(rounds + 1):
                result, cpu = _round(house, _maker(house, size, mix, number), 1.5 if number == 0 else seconds)
                wrong += sum(count for status, count in result.statuses.items() if status != 200)
                if number:
                    rates.append(result.rate * size)
                    latencies += result.latencies
                    used.append({role: spent * 1000 / max(1, result.good * size) for role, spent in cpu.items()})
            what = f"batches of {size}, {mix}, {CONNECTIONS} connections"
            note = f"p99 {percentile(latencies, 0.99):.0f} ms a batch" + (f"; {wrong} batches not answered 200" if wrong else "")
            rows.append(Row(NAME, what, median(rates), "alerts/s", (">=", 10_000), note))
            parts = {role: median([each[role] for each in used]) for role in used[0]}
            note = ", ".join(f"{role} {spent:.3f}" for role, spent in parts.items()) + " ms, until the answers were given"
            rows.append(Row(NAME, f"{what}: CPU per alert", parts["web"] + parts["postgres"], "ms", None, note))
    house.empty()
    return rows


def _round(house: House, make: Callable[[int], bytes], seconds: float) -> tuple[load.Result, dict[str, float]]:
    before = house.cpu()
    result = load.drive(house.port, make, connections=CONNECTIONS, seconds=seconds)
    after = house.cpu()
    house.settle()
    return result, {role: after[role] - before.get(role, 0.0) for role in ("web", "postgres", "watchdog")}


def _maker(house: House, size: int, mix: str, number: int) -> Callable[[int], bytes]:
    """Ready-made requests for repeats (ten disjoint batches, again and again); new ones differ in every subject."""
    if mix == "new":
        return partial(_new, house, size, number)
    ready = [house.post("/api/v1/alerts/batch", {"alerts": [body(f"r-{which}-{n}") for n in range(size)]}) for which in range(10)]
    return lambda n: ready[n % len(ready)]


def _new(house: House, size: int, number: int, n: int) -> bytes:
    """The text is made by replacing a word, so that making it costs next to nothing."""
    if (size, number) not in _TEMPLATES:
        _TEMPLATES[size, number] = house.post("/api/v1/alerts/batch", {"alerts": [body(f"b-{number}-@@@@@@-{n}") for n in range(size)]})
    return _TEMPLATES[size, number].replace(b"@@@@@@", b"%06d" % n)


_TEMPLATES: dict[tuple[int, int], bytes] = {}
