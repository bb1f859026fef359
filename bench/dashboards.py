"""Each chart over a year of 1,000,000 alerts, by REST; the same asked of the raw table; and counting all of it."""

import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta

from bench import seed_alerts
from bench.house import House
from bench.rows import Row, median, percentile

NAME = "dashboards"
LIMIT_MS = 500
ZONE = "Asia/Kathmandu"
"""Five hours and three quarters ahead of UTC: no day of it is made of whole days."""
STEPS = """
INSERT INTO alerts_stepclaim (alert_id, round, step, at, due_at)
SELECT id, 1, 0, created_at + interval '1 ms' * (random() * 700), created_at FROM alerts_alert
"""
TOLD = """
WITH told AS (
    INSERT INTO notifications_notification (id, key, thread, recipient_id, reason, urgency, priority, life_safety,
        label, context, created_at)
    SELECT id, 'seed:' || id, 'alert:' || id, (SELECT id FROM notifications_recipient LIMIT 1), 'first', 'normal', priority, false,
        '', '{}', created_at
    FROM alerts_alert WHERE number %% 4 = 0 RETURNING id, created_at, priority
)
INSERT INTO notifications_delivery (id, notification_id, transport, status, priority, attempts, queued_at, sent_at, settled_at, took_ms,
    history, provider_id, error, remark)
SELECT id, id, (ARRAY['push', 'sms', 'email', 'voice'])[1 + floor(random() * 4)::int], 'delivered', priority, 1, created_at,
    created_at + interval '1 s', created_at + interval '1 s', (80 * exp(random() * 4))::int, '[]', '', '', ''
FROM told
"""
RAW = """
SELECT date_trunc('week', created_at AT TIME ZONE 'Asia/Kathmandu'), count(*), count(acknowledged_at),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM acknowledged_at - created_at)::float8),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - created_at)::float8)
FROM alerts_alert WHERE created_at >= now() - interval '365 days' GROUP BY 1 ORDER BY 1
"""
CHARTS = {
    "alerts by priority": ("alerts", {}),
    "alerts by source": ("alerts", {"by": "source"}),
    "alerts of one source": ("alerts", {"source": "seed-07"}),
    "steps": ("steps", {}),
    "messages": ("deliveries", {}),
    "people": ("people", {}),
    "backups": ("backups", {}),
    "devices": ("devices", {}),
    "jobs": ("jobs", {}),
}


def run(house: House) -> list[Row]:
    """See the module."""
    count = 100_000 if house.quick else 1_000_000
    house.empty()
    house.sql("TRUNCATE alerts_alertrollup, alerts_steprollup, notifications_deliveryrollup, notifications_ringrollup")
    taken = seed_alerts.seed(count, open_rows=count // 100, spread=1.2)
    for statement in (STEPS, TOLD):
        house.sql(statement)
    for table in ("alerts_stepclaim", "notifications_notification", "notifications_delivery"):
        house.sql(f"VACUUM ANALYZE {table}")
    print(f"  {count:,} alerts made in {taken:.0f} s", flush=True)
    counting = _counted()
    _wait_until_the_worker_has_counted(house)
    rows = [
        row for name, (chart, asked) in CHARTS.items() for days in (365, 90)
        for row in _asked(house, f"{name}, {days} days", chart, {**asked, "zone": ZONE}, days)
    ]  # fmt: skip
    raw = [_timed(lambda: house.sql(RAW)) for _ in range(2 if house.quick else 3)]
    size = house.sql("SELECT pg_total_relation_size('alerts_alertrollup') / 1048576.0")[0][0]
    house.empty()
    return [
        *rows,
        Row(NAME, f"the same medians from the raw table of {count:,} alerts", median(raw), "ms"),
        Row(NAME, f"counting {count:,} alerts and steps and {count // 4:,} messages", counting, "s", note="by `manage.py rollup`, once"),
        Row(NAME, "the roll-ups of alerts on the disk", float(size), "MiB"),
    ]


def _counted() -> float:
    from django.db import connection
    from django.utils import timezone

    from sentinel_site import statistics

    begun = time.monotonic()
    statistics.rebuild_typed("370d", "", at=timezone.now(), progress=lambda *_: None)
    with connection.cursor() as cursor:
        for kept in statistics.KEPT:
            cursor.execute(f"ANALYZE {kept.rollup.table}")
    return time.monotonic() - begun


def _wait_until_the_worker_has_counted(house: House) -> None:
    """It finds that its events are gone, and counts the year again beside: that is not what is measured."""
    ends = time.monotonic() + 900
    while house.sql("SELECT count(*) FROM alerts_rollupprogress WHERE NOT whole")[0][0] and time.monotonic() < ends:
        time.sleep(2)


def _asked(house: House, what: str, chart: str, asked: dict[str, str], days: int) -> list[Row]:
    rounds, until = 5 if house.quick else 20, datetime.now(UTC)
    query = urllib.parse.urlencode({**asked, "since": (until - timedelta(days=days)).isoformat(), "until": until.isoformat()})
    address = f"http://127.0.0.1:{house.port}/api/v1/stats/{chart}?{query}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {house.key}"})
    times = [_timed(lambda: urllib.request.urlopen(request, timeout=60).read()) for _ in range(rounds)]
    return [
        Row(NAME, what, percentile(times, 0.99), "ms", ("<=", LIMIT_MS), f"p99; median {median(times):.0f} ms, first {times[0]:.0f} ms")
    ]


def _timed(call) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000
