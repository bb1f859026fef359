"""What Prometheus sends to an Alertmanager, sent to Sentinel and to the real one in turns; a storm; and a label that never repeats."""

import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

from bench import load
from bench.alertmanager import Alertmanager, Missing
from bench.house import House
from bench.intake import body
from bench.rows import Row, median, percentile, ratio

NAME = "integrations"
BATCH = 256
"""So many alerts Prometheus sends at once, at the most."""
CONNECTIONS = 8
OPEN = 10_000
DISTINCT = 100
SECONDS = 60
PATH = "/integrations/alertmanager/api/v2/alerts"
MIXES = ("new", "re-sent")
RESENT = 20
"""So many batches are sent again and again: some five thousand alerts that fire."""


def run(house: House) -> list[Row]:
    """See the module."""
    _route(house)
    rows: list[Row] = []
    with ExitStack() as stack:
        peer, why = _peer(house, stack)
        rows += _batches(house, peer, why)
        rows += _listed(house, peer, why)
    return [*rows, *_storm(house), *_endless(house)]


def _route(house: House) -> None:
    """Who is told of the bench's own alerts is told of these as well."""
    house.sql(
        "UPDATE alerts_source SET policy_id = (SELECT id FROM alerts_escalationpolicy WHERE name = 'bench') WHERE slug = 'alertmanager'"
    )


def _peer(house: House, stack: ExitStack) -> tuple[Alertmanager | None, str]:
    try:
        peer = stack.enter_context(Alertmanager(house, grouped=True))
    except Missing as error:
        print(f"  {error}; figures are absolute")
        return None, f"no peer: {error}"
    return peer, f"Alertmanager {peer.version}"


def content(name: str) -> list[dict[str, object]]:
    """A batch as Prometheus writes it; each alert has a label set of its own, by ``name`` and its number."""
    at = datetime.now(UTC)
    until = (at + timedelta(hours=1)).isoformat()  # nothing ends while the bench runs
    return [
        {
            "labels": {
                "alertname": "HighLatency", "instance": f"{name}-{number}", "job": "api", "severity": "warning", "cluster": "paris-1",
                "namespace": "production", "prometheus": "monitoring/main",
            },
            "annotations": {"summary": f"Latency of {name}-{number} is high", "description": "p99 is above 2 s for 5 minutes."},
            "startsAt": at.isoformat(), "endsAt": until, "generatorURL": "http://prometheus.example:9090/graph?g0.expr=latency",
        } for number in range(BATCH)
    ]  # fmt: skip


def _batches(house: House, peer: Alertmanager | None, why: str) -> list[Row]:
    """Alerts a second of both, in turns; each round of new ones has label sets that were never sent before."""
    rounds, seconds = (2, 3.0) if house.quick else (4, 5.0)
    rates: dict[tuple[str, str], list[float]] = defaultdict(list)
    latencies: list[float] = []
    wrong = lost = 0
    for number in range(rounds + 1):  # the first warms up
        for mix in MIXES:
            house.empty()
            result = load.drive(house.port, _maker(house.post, PATH, mix, f"o{number}"), connections=CONNECTIONS, seconds=seconds)
            wrong += sum(count for status, count in result.statuses.items() if status != 200)
            kept = house.sql("SELECT count(*) FROM alerts_alert WHERE dedup_key LIKE 'am:%%'")[0][0]
            lost += max(0, (result.good if mix == "new" else min(RESENT, result.good)) * BATCH - int(kept))
            theirs = (
                load.drive(peer.port, _maker(load.post, "/api/v2/alerts", mix, f"t{number}"), connections=CONNECTIONS, seconds=seconds)
                if peer else None
            )  # fmt: skip
            if number:
                latencies += result.latencies
                rates["ours", mix].append(result.rate * BATCH)
                rates["theirs", mix].append(theirs.rate * BATCH if theirs else float("nan"))
    rows = []
    for mix in MIXES:
        ours, other = median(rates["ours", mix]), median(rates["theirs", mix])
        what = f"POSTs of {BATCH} alerts as Prometheus sends them, {mix}, {CONNECTIONS} connections"
        rows += [
            Row(NAME, what, ours, "alerts/s", None, f"{why}, in memory only: {other:,.0f}"),
            Row(NAME, f"{what}: against Alertmanager", ratio(ours, other), "x", (">=", 0.2), why),
        ]
    return [
        *rows,
        Row(NAME, f"a POST of {BATCH}: p99", percentile(latencies, 0.99), "ms", None, f"p50 {percentile(latencies, 0.5):.0f} ms"),
        Row(NAME, "POSTs not answered 200", wrong, "", ("<=", 0)),
        Row(NAME, "alerts answered 200 and not kept", lost, "", ("<=", 0)),
    ]


def _maker(post: Callable[[str, object], bytes], path: str, mix: str, run_id: str) -> Callable[[int], bytes]:
    if mix == "re-sent":
        ready = [post(path, content(f"{run_id}-r{number}")) for number in range(RESENT)]
        return lambda n: ready[n % RESENT]
    template = post(path, content(f"{run_id}-@@@@@@@"))
    return lambda n: template.replace(b"@@@@@@@", b"%07d" % n)


def _listed(house: House, peer: Alertmanager | None, why: str) -> list[Row]:
    """GET of all alerts while ten thousand are open."""
    house.empty()
    ports = {"ours": (house.port, partial(_maker, house.post, PATH))}
    if peer:
        peer.restart()
        ports["theirs"] = (peer.port, partial(_maker, load.post, "/api/v2/alerts"))
    for port, maker in ports.values():
        load.drive(port, maker("new", "listed"), connections=2, count=-(-OPEN // BATCH))
    house.settle()
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(4 if house.quick else 10):
        spent["ours"].append(_get(house.port, PATH, house.key))
        if peer:
            spent["theirs"].append(_get(peer.port, "/api/v2/alerts"))
    note = f"slowest {max(spent['ours']):.0f} ms; {why}: {median(spent['theirs']):.0f} ms"
    return [Row(NAME, f"GET of {OPEN:,} open alerts: median", median(spent["ours"]), "ms", ("<=", 500), note)]


def _get(port: int, path: str, key: str = "") -> float:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {key}"} if key else {})
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()
    return (time.perf_counter() - begun) * 1000


def _storm(house: House) -> list[Row]:
    """Ten thousand reports of a hundred things within a minute, and a P1 in its middle."""
    house.empty()
    seconds = 10 if house.quick else SECONDS
    count, sent = seconds * 10_000 // SECONDS, {}

    def make(number: int) -> bytes:
        if number != count // 2:
            return house.post("/api/v1/alerts", body(f"storm-{number % DISTINCT}", "bench", f"mark:storm-{number % DISTINCT}"))
        sent["p1"] = time.time()
        return house.post("/api/v1/alerts", {**body("urgent", "bench", "mark:urgent"), "severity": "critical"})

    result = load.drive(house.port, make, connections=CONNECTIONS, seconds=seconds, rate=(count + 1) / seconds)
    arrived = house.sink.wait({"urgent"}, seconds=60)
    house.settle()
    time.sleep(0 if house.quick else 65)  # the bundled updates of its end
    house.settle()
    taken, alerts = house.sql("SELECT sum(occurrences), count(*) FROM alerts_alert WHERE starts_with(subject, 'storm-')")[0]
    told = house.sql("SELECT count(*) FROM notifications_delivery WHERE status IN ('sent', 'delivered', 'seen')")[0][0]
    what = f"{count:,} reports of {DISTINCT} things in {seconds} s"
    return [
        Row(NAME, f"{what}: reports lost", result.good - 1 - int(taken), "", ("<=", 0), f"{result.bad} answered 5xx or cut"),
        Row(NAME, f"{what}: alerts", int(alerts), "", ("<=", DISTINCT)),
        Row(NAME, f"{what}: messages to one person", int(told), "", ("<=", DISTINCT // 2), "in groups of ten; storms are off here"),
        Row(NAME, f"{what}: a P1 in its middle, POST to handed over", (arrived.get("urgent", float("inf")) - sent["p1"]) * 1000, "ms",
            ("<=", 2000)),
    ]  # fmt: skip


def _endless(house: House) -> list[Row]:
    """A label whose value never repeats: each report is an alert, and people are told of the flood."""
    house.empty()
    wanted = (20_000 if house.quick else 1_000_000) // BATCH
    result = load.drive(house.port, _maker(house.post, PATH, "new", "endless"), connections=CONNECTIONS, count=wanted)
    kept = house.sql("SELECT count(*) FROM alerts_alert WHERE dedup_key LIKE 'am:%%'")[0][0]
    until = time.monotonic() + 20
    while not (floods := _floods(house)) and time.monotonic() < until:
        time.sleep(0.5)
    what = f"{wanted * BATCH:,} distinct label sets"
    rows = [
        Row(NAME, f"{what}: lost", result.good * BATCH - int(kept), "", ("<=", 0), f"{wanted - result.good} POSTs refused"),
        Row(NAME, f"{what}: taken in", result.good * BATCH / result.seconds, "alerts/s"),
        Row(NAME, f"{what}: flood alerts", len(floods), "", (">=", 1), "; ".join(title for (title,) in floods)),
    ]
    house.empty()
    return rows


def _floods(house: House) -> list[tuple[str]]:
    return [(str(title),) for (title,) in house.sql("SELECT title FROM alerts_alert WHERE type = 'flood'")]
