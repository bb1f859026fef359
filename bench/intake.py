"""One report a request: new ones, and 90 % repeats, beside Alerta on the same PostgreSQL."""

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench import load
from bench.alerta import WORKERS, Alerta, Missing
from bench.house import House
from bench.rows import Row, median, percentile, ratio

CONNECTIONS = 8
KEYS = 50
"""How many open alerts the repeats of a round are about."""
RATE = 50
NAME = "intake"


@dataclass
class _Rounds:
    """What the rounds of one system and one mix came to."""

    rates: list[float] = field(default_factory=list)
    results: list[load.Result] = field(default_factory=list)
    cpu_ms: list[dict[str, float]] = field(default_factory=list)
    lost: int = 0

    @property
    def bad(self) -> int:
        return sum(result.bad for result in self.results)


def run(house: House) -> list[Row]:
    """See the module."""
    rounds, seconds = (2, 3.0) if house.quick else (5, 6.0)
    found: dict[tuple[str, str], _Rounds] = defaultdict(_Rounds)
    with ExitStack() as stack:
        peer, why = _peer(house, stack)
        for number in range(-1, rounds):  # the first warms up
            for mix in ("new", "repeats"):
                run_id = f"{mix}-{number + 1}-"
                ours = _ours(house, run_id, mix, seconds if number >= 0 else 1.5)
                theirs = _theirs(peer, run_id, mix, seconds if number >= 0 else 1.5) if peer else None
                if number >= 0:
                    _note(found["sentinel", mix], *ours)
                    if theirs:
                        _note(found["alerta", mix], *theirs)
        rows = [row for mix in ("new", "repeats") for row in _rows(mix, found, peer, why)]
        rows += _paced(house, peer, seconds=8 if house.quick else 40)
    return rows


def _peer(house: House, stack: ExitStack) -> tuple[Alerta | None, str]:
    try:
        peer = stack.enter_context(Alerta(house))
    except Missing as error:
        print(f"  {error}; figures are absolute")
        return None, f"no peer: {error}"
    return peer, f"Alerta 9.1 under {peer.server} x {WORKERS}"


def subject(run_id: str, number: int, mix: str) -> str:
    """Every tenth report is new; the others repeat one of the round's KEYS. Or all are new."""
    return f"{run_id}k{number * 7 % KEYS}" if mix == "repeats" and number % 10 else f"{run_id}n{number}"


def body(name: str, source: str = "bench", mark: str = "") -> dict[str, object]:
    """A report of ordinary size."""
    return {"source": source, "type": "humidity", "title": f"Humidity too high {mark or name}", "severity": "high", "subject": name,
            "labels": {"room": "12", "building": "A"}, "payload": {"value": 71}}  # fmt: skip


Measured = tuple[load.Result, dict[str, float], int]


def _ours(house: House, run_id: str, mix: str, seconds: float) -> Measured:
    before = house.cpu()
    result = load.drive(
        house.port, lambda n: house.post("/api/v1/alerts", body(subject(run_id, n, mix))), connections=CONNECTIONS, seconds=seconds
    )
    house.settle()
    after = house.cpu()
    used = {role: (after[role] - before.get(role, 0.0)) * 1000 / max(1, result.good) for role in ("web", "postgres", "watchdog")}
    counted = house.sql("SELECT coalesce(sum(occurrences), 0) FROM alerts_alert WHERE starts_with(subject, %s)", run_id)[0][0]
    return result, used, result.good - int(counted)


def _theirs(peer: Alerta, run_id: str, mix: str, seconds: float) -> Measured:
    before, database = peer.cpu(), peer.house.cpu()["postgres"]
    result = load.drive(peer.port, lambda n: peer.alert(subject(run_id, n, mix)), connections=CONNECTIONS, seconds=seconds, fresh=True)
    good = max(1, result.good)
    used = {"web": (peer.cpu() - before) * 1000 / good, "postgres": (peer.house.cpu()["postgres"] - database) * 1000 / good}
    return result, used, result.good - peer.counted(run_id)


def _note(into: _Rounds, result: load.Result, used: dict[str, float], lost: int) -> None:
    into.rates.append(result.rate)
    into.results.append(result)
    into.cpu_ms.append(used)
    into.lost += abs(lost)


def _rows(mix: str, found: dict[tuple[str, str], _Rounds], peer: Alerta | None, why: str) -> list[Row]:
    ours, theirs = found["sentinel", mix], found["alerta", mix]
    what = f"single POST, {CONNECTIONS} connections, {'90 % repeats' if mix == 'repeats' else 'new'}"
    latencies = [each for result in ours.results for each in result.latencies]
    spread = f"p50 {percentile(latencies, 0.5):.1f} ms, p99 {percentile(latencies, 0.99):.1f} ms"
    rows = [
        Row(NAME, what, median(ours.rates), "req/s", None, spread),
        Row(NAME, f"{what}: 5xx and cut", ours.bad, "", ("<=", 0)),
        Row(NAME, f"{what}: answered 2xx but not counted", ours.lost, "", ("<=", 0), "sum of occurrences against 2xx answers"),
        Row(NAME, f"{what}: CPU per alert", _cpu(ours), "ms", None, _cpu_note(ours)),
    ]
    if peer is None:
        return [*rows, Row(NAME, f"{what}: against Alerta", float("nan"), "x", (">=", 2), why)]
    rates = [a / b for a, b in zip(ours.rates, theirs.rates, strict=True) if b]
    peer_note = f"{why}: {median(theirs.rates):.0f} req/s, {theirs.bad} 5xx, {theirs.lost} not counted"
    return [
        *rows,
        Row(NAME, f"{what}: against Alerta", median(rates), "x", (">=", 2), peer_note),
        Row(NAME, f"{what}: CPU per alert against Alerta", ratio(_cpu(ours), _cpu(theirs)), "x", None, f"Alerta: {_cpu_note(theirs)}"),
    ]


def _cpu(rounds: _Rounds) -> float:
    return median([used["web"] + used["postgres"] for used in rounds.cpu_ms])


def _cpu_note(rounds: _Rounds) -> str:
    roles = rounds.cpu_ms[0] if rounds.cpu_ms else {}
    parts = ", ".join(f"{role} {median([used[role] for used in rounds.cpu_ms]):.2f}" for role in roles)
    return f"{parts} ms" + ("; PostgreSQL's and the watchdog's include telling people" if "watchdog" in roles else "")


def _paced(house: House, peer: Alerta | None, *, seconds: float) -> list[Row]:
    """Latency at a fixed rate, which is what a reporter meets on an ordinary day."""
    house.empty()
    ours = load.drive(
        house.port, lambda n: house.post("/api/v1/alerts", body(f"paced-{n}")), connections=2 * CONNECTIONS, seconds=seconds, rate=RATE
    )
    note = f"p50 {percentile(ours.latencies, 0.5):.1f} ms"
    if peer:
        theirs = load.drive(
            peer.port, lambda n: peer.alert(f"paced-{n}"), connections=2 * CONNECTIONS, seconds=seconds, rate=RATE, fresh=True
        )
        note += f"; Alerta p50 {percentile(theirs.latencies, 0.5):.1f}, p99 {percentile(theirs.latencies, 0.99):.1f} ms"
    return [Row(NAME, f"single POST at {RATE}/s: p99", percentile(ours.latencies, 0.99), "ms", ("<=", 50), note)]
