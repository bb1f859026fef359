"""Fill the database of the present settings with realistic alerts, by SQL alone: a million in a few minutes.

    python bench/seed_alerts.py --rows 1000000 --open 10000

They are spread over a year, come from 20 sources, and are closed but for the newest ``--open``; nothing falls due, so
they may lie beside a running Sentinel. Rows are added; seeding twice makes twice as many.
"""

import argparse
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel_site.settings")

CHUNK = 100_000
SOURCES = 20

ALERTS = """
INSERT INTO alerts_alert (
    id, number, status, priority, severity, source_id, type, title, description, translations, subject, labels, links, runbook_url,
    dedup_key, life_safety, occurrences, created_at, first_seen_at, last_seen_at, policy_id, round, step, round_started_at, told,
    next_step_at, deadline_at, unanswered, suppressed_by, group_key, delivered_at, seen_at, acknowledged_at, acknowledged_by, promise,
    closed_at, resolution, image)
SELECT (lpad(to_hex((extract(epoch FROM born) * 1000)::bigint), 12, '0') || '7' || substr(noise, 1, 3) || '8'
        || substr(noise, 4, 15))::uuid,
    nextval('alerts_alert_number'), status, priority, (%(severities)s::text[])[priority], source, type,
    word || ' ' || place || ', unit ' || (n %% 977), 'Measured value is outside of its limits.', '{}'::jsonb, place || '-' || (n %% 5003),
    jsonb_build_object('room', (n %% 300)::text, 'building', chr(65 + (n %% 7)::int)), '[]'::jsonb, '', 'seed:' || %(run)s || ':' || n,
    false, 1 + n %% 4, born, born, born + interval '1 minute', %(policy)s, 1, 1, born, 1,
    CASE WHEN n > %(rows)s - %(open)s THEN %(next_step_at)s::timestamptz + n * interval '1 ms' END,
    CASE WHEN n > %(rows)s - %(open)s THEN %(at)s + interval '10 years' END, false, '[]'::jsonb, '',
    born + interval '3 s', born + interval '9 s',
    CASE WHEN answered THEN born + interval '40 s' * power(%(spread)s::float8, (n * 7 %% 41) - 20) END,
    CASE WHEN answered THEN (%(people)s::text[])[1 + n %% 5] ELSE '' END, '',
    CASE WHEN n <= %(rows)s - %(open)s THEN born + interval '20 minutes' * power(%(spread)s::float8, (n * 11 %% 41) - 20) END,
    CASE WHEN status = 'RESOLVED' THEN 'handled' ELSE '' END, ''
FROM (
    SELECT n::int AS n, noise, born, status, status IN ('ACKNOWLEDGED', 'RESOLVED') AS answered,
        CASE WHEN n %% 100 = 0 THEN 1 WHEN n %% 10 = 1 THEN 2 WHEN n %% 10 < 6 THEN 3 WHEN n %% 10 < 9 THEN 4 ELSE 5 END AS priority,
        (%(sources)s::bigint[])[1 + (n %% 7919 * 31) %% cardinality(%(sources)s::bigint[])] AS source,
        (%(types)s::text[])[1 + n %% 6] AS type, (%(words)s::text[])[1 + n %% 6] AS word, (%(places)s::text[])[1 + n %% 11] AS place
    FROM (
        SELECT n, md5(n::text || random()::text) AS noise, %(at)s - interval '365 days' * ((%(rows)s - n)::float / %(rows)s) AS born,
            CASE WHEN n > %(rows)s - %(open)s THEN (%(waiting)s::text[])[1 + n %% 4]
                 WHEN n %% 50 = 0 THEN 'EXPIRED' ELSE 'RESOLVED' END AS status
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    ) AS base
) AS row
"""
LOG = """
INSERT INTO alerts_logentry (alert_id, at, kind, actor, detail)
SELECT id, created_at, 'raised', '', '{}'::jsonb FROM alerts_alert
WHERE dedup_key LIKE 'seed:' || %(run)s || ':%%' AND id NOT IN (SELECT alert_id FROM alerts_logentry WHERE kind = 'raised')
"""
WORDS = {
    "severities": ["critical", "high", "medium", "low", "info"],
    "types": ["fall", "humidity", "noise", "backup_missing", "door_open", "generic"],
    "words": [
        "Fall detected in",
        "Humidity too high in",
        "Sound level above limit at",
        "Backup missing from",
        "Door open at",
        "Sensor silent in",
    ],
    "places": [
        "atrium",
        "boiler room",
        "cellar",
        "chapel",
        "corridor",
        "gallery",
        "kitchen",
        "library",
        "loading bay",
        "ward",
        "workshop",
    ],
    "people": ["Robin Vale", "Ana Ribeiro", "Jules Petit", "Mika Laine", "Sam Okoro"],
    "waiting": ["PENDING", "DELIVERED", "SEEN", "ACKNOWLEDGED"],
}


def seed(rows: int, *, open_rows: int = 0, log: bool = False, due_in_days: float | None = None, spread: float = 1.0) -> float:
    """Add ``rows`` alerts, the newest ``open_rows`` of them open; returns the seconds it took, VACUUM ANALYZE included.

    The open ones have no next step planned, or one in ``due_in_days``. With a ``spread`` above 1 they were not all taken and closed
    after the same time.
    """
    from django.db import connection
    from django.utils import timezone

    from alerts import policies
    from alerts.models import EscalationPolicy, Source

    begun, at = time.monotonic(), timezone.now()
    policy, _ = EscalationPolicy.objects.get_or_create(name="Seeded")
    snapshot = policies.freeze([policy]).snapshots[policy.pk]
    sources = [
        Source.objects.get_or_create(slug=f"seed-{n:02d}", defaults={"name": f"Seeded source {n:02d}"})[0].pk for n in range(1, SOURCES + 1)
    ]
    values = {
        **WORDS,
        "rows": rows,
        "open": open_rows,
        "at": at,
        "policy": snapshot.pk,
        "sources": sources,
        "run": f"{at:%Y%m%d%H%M%S%f}",
        "spread": spread,
    }
    values["next_step_at"] = None if due_in_days is None else at + timedelta(days=due_in_days)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for first in range(1, rows + 1, CHUNK):
            cursor.execute(ALERTS, {**values, "first": first, "last": min(first + CHUNK - 1, rows)})
        if log:
            cursor.execute(LOG, values)
        for table in ("alerts_alert", "alerts_logentry"):
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("RESET statement_timeout")
    return time.monotonic() - begun


def main() -> None:
    """Read the command line and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=10_000, help="how many of them are open")
    parser.add_argument("--log", action="store_true", help="write one log entry each")
    options = parser.parse_args()
    django.setup()
    print(f"{options.rows} alerts in {seed(options.rows, open_rows=options.open, log=options.log):.1f} s")


if __name__ == "__main__":
    main()
