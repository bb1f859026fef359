"""The chart of backups: what became of each day, and of each job. Entries are never deleted, so they answer themselves."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection, transaction

from sentinel_site.lib.rolling.answer import Answer, Figure, Series, Table
from sentinel_site.lib.rolling.asking import Range

KINDS: Final = ("success", "late", "suspicious", "hash_mismatch", "transfer_integrity_failed", "failed", "missing")
"""What an entry is, the worst last; a late one succeeded after it had been missing."""
MOST_DAYS: Final = 400
"""So long a stretch is shown day by day."""
MOST_ROWS: Final = 500
PATIENCE: Final = "SET LOCAL statement_timeout = '5s'"
_KIND: Final = """CASE WHEN entry.status <> 'success' THEN entry.status WHEN cardinality(entry.suspicions) > 0 THEN 'suspicious'
    WHEN entry.was_missing THEN 'late' ELSE 'success' END"""
_FROM: Final = """FROM backups_expectedbackupjob AS job JOIN backups_backupentry AS entry
    ON entry.expected_job_id = job.id AND entry.cycle_at >= %(since)s AND entry.cycle_at < %(until)s"""
_STEPS: Final = f"""SELECT width_bucket(entry.cycle_at, %(edges)s::timestamptz[]) - 1, {_KIND}, count(*) {_FROM} GROUP BY 1, 2"""
_JOBS: Final = f"""SELECT job.database_name, job.company_name, job.city, {_KIND}, count(*) {_FROM} GROUP BY job.id, 4"""


def backups(within: Range) -> Answer:
    """How many cycles of each step ended how; and of each expected backup."""
    values = {"since": within.since, "until": within.until, "edges": within.edges}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        counted = {(step, kind): count for step, kind, count in _rows(cursor, _STEPS, values)}
        jobs = _rows(cursor, _JOBS, values)
    series = [Series(kind, kind, [counted.get((n, kind), 0) for n in range(len(within.edges) - 1)]) for kind in KINDS]
    return Answer(within, [Figure("verdicts", "", series)], [_by_job(jobs)])


def _by_job(found: Sequence[tuple[Any, ...]]) -> Table:
    """Those with the most trouble first."""
    jobs: dict[tuple[str, str, str], dict[str, int]] = {}
    for database, company, city, kind, count in found:
        each = jobs.setdefault((database, company, city), dict.fromkeys(KINDS, 0))
        each[kind] += count
    order = sorted(jobs.items(), key=lambda item: (-sum(item[1][kind] for kind in KINDS[2:]), item[0]))
    rows: list[list[Any]] = [[", ".join(part for part in name if part), *kinds.values()] for name, kinds in order[:MOST_ROWS]]
    return Table("by_backup", ("backup", *KINDS), rows)


def _rows(cursor: Any, text: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    cursor.execute(text, values)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
