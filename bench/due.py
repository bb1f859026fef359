"""Steps that come due while 10,000 alerts are open, a thousand due at once, and what a look-around costs when nothing is due."""

import statistics
import time

from bench import load, seed_alerts
from bench.house import DELAY_SECONDS, House
from bench.intake import body
from bench.rows import Row, percentile, ratio
from bench.tell import ours

NAME = "due"
OPEN = 10_000
AT_ONCE = 1000
SOURCE = "bench-later"


def run(house: House) -> list[Row]:
    """See the module."""
    rows = _steps(house) + _looks(house)
    house.empty()
    return rows


def _steps(house: House) -> list[Row]:
    """Lateness of steps: from the instant a step was due to its message's arrival at the provider."""
    house.empty()
    seed_alerts.seed(OPEN, open_rows=OPEN, due_in_days=1)
    seconds, rate = (6, 20) if house.quick else (30, 20)
    load.drive(house.port, lambda n: ours(house, f"p-{n}", SOURCE), connections=8, seconds=seconds, rate=rate)
    spread = _lateness(house, {f"p-{n}" for n in range(seconds * rate)})
    alerts = [body(f"o-{n}", SOURCE, f"mark:o-{n}") for n in range(AT_ONCE)]
    load.drive(house.port, lambda _: house.post("/api/v1/alerts/batch", {"alerts": alerts}), connections=1, count=1)
    together = _lateness(house, {f"o-{n}" for n in range(AT_ONCE)})
    claims = [row[0] for row in house.sql(CLAIMED, "p-")]
    what = f"with {OPEN:,} open alerts"
    return [
        Row(NAME, f"step due to handed over, {what}: p99", percentile(spread, 0.99), "ms", ("<=", 300),
            f"p50 {percentile(spread, 0.5):.1f} ms; claimed p50 {percentile(claims, 0.5):.1f}, p99 {percentile(claims, 0.99):.1f} ms"),
        Row(NAME, f"{AT_ONCE:,} steps due at once, {what}: p99", percentile(together, 0.99), "ms", ("<=", 3000),
            f"p50 {percentile(together, 0.5):.0f} ms"),
        Row(NAME, "messages missing", seconds * rate + AT_ONCE - len(spread) - len(together), "", ("<=", 0)),
    ]  # fmt: skip


CLAIMED = """
SELECT extract(epoch FROM claim.at - claim.due_at)::float * 1000
FROM alerts_stepclaim claim JOIN alerts_alert alert ON alert.id = claim.alert_id
WHERE starts_with(alert.subject, %s)
"""


def _lateness(house: House, marks: set[str]) -> list[float]:
    """Milliseconds late, of those marks that arrived."""
    arrived = house.sink.wait(marks, seconds=DELAY_SECONDS + 60)
    started = house.sql("SELECT subject, round_started_at FROM alerts_alert WHERE subject = ANY(%s)", list(marks))
    due = {mark: at.timestamp() + DELAY_SECONDS for mark, at in started}
    return [(arrived[mark] - due[mark]) * 1000 for mark in marks if mark in arrived and mark in due]


def _looks(house: House) -> list[Row]:
    """The watchdog's look-around with few and with very many open alerts, none of them due."""
    few, many = (1000, 50_000) if house.quick else (1000, 1_000_000)
    costs = {}
    for rows in (few, many):
        house.empty()
        seed_alerts.seed(rows, open_rows=rows, due_in_days=1)
        costs[rows] = _look_ms(calls=200)
    return [
        Row(NAME, f"look-around with nothing due, {many:,} open against {few:,}", ratio(costs[many], costs[few]), "x", ("<=", 1.5),
            f"{costs[few]:.2f} and {costs[many]:.2f} ms (median)"),
    ]  # fmt: skip


def _look_ms(*, calls: int) -> float:
    """Median milliseconds of what the watchdog does between two sleeps."""
    from django.utils import timezone

    from alerts import escalation, timeouts

    spent = []
    for _ in range(calls):
        begun = time.perf_counter()
        escalation.advance_due(at=timezone.now(), limit=200)
        timeouts.expire_due(at=timezone.now())
        timeouts.next_at()
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent)
