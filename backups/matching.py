"""Which expected jobs the reports are about, and what is left to be looked at of each."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from backups import deadlines, entry_rows
from backups.deposit import Found
from backups.enums import BackupVerdict
from backups.expectations import Cycle
from backups.held import Listed
from backups.models import ExpectedBackupJob
from backups.reports import Database, Report, aware
from backups.when import Spans
from sentinel_site.lib import arrays

STALE: Final = timedelta(days=1)
"""A report that is older, and whose next cycle is overdue already, is only good news: its file may have made room for others since."""
_DECIDED: Final = """
SELECT entry.expected_job_id, entry.cycle_at, entry.report_key, entry.earlier_keys, entry.reported_at, entry.id, entry.status,
    entry.stored_path, entry.evidence ? 'not_stored'
FROM unnest(%s::uuid[], %s::timestamptz[]) AS asked (job, at)
JOIN backups_backupentry entry ON entry.expected_job_id = asked.job AND entry.cycle_at = asked.at
"""


class Work(NamedTuple):
    """One database of one report, and the job and cycle that it is about.

    The database has no name where the agent failed as a whole. ``stored_for``: this entry is decided already, and was not stored yet.
    """

    job: Listed
    found: Found
    report: Report
    database: Database
    ended_at: datetime
    cycle_at: datetime
    stale: bool = False
    stored_for: UUID | None = None


class Unexpected(NamedTuple):
    """An agent reports a database that no job expects."""

    found: Found
    database: Database


_LISTED: Final = f"""
SELECT id, {", ".join(field.name for field in fields(Listed)[1:-1])}, xmin::text FROM {ExpectedBackupJob._meta.db_table}
WHERE lower(agent_id_responsible) = ANY(ARRAY(SELECT lower(agent) FROM unnest(%s::text[]) AS agent)) AND agent_id_responsible <> ''
"""  # noqa: S608  (names of our own)
"""As an array, they are looked for in the index, whatever is guessed about their number."""


@dataclass(slots=True)
class Matched:
    """What there is to do, and what there is not.

    By their identity in memory: ``whole`` are the reports that decide every active job of their agent, ``replaced`` those of which at least
    a part is left to a newer one.
    """

    works: list[Work] = field(default_factory=list)
    whole: set[int] = field(default_factory=set)
    replaced: set[int] = field(default_factory=set)
    unexpected: list[Unexpected] = field(default_factory=list)
    superseded: int = 0
    known: int = 0


class _Known(NamedTuple):
    keys: frozenset[str]
    reported_at: datetime | None
    entry_id: UUID
    not_stored: bool


def match(found: Sequence[Found], *, at: datetime) -> Matched:
    """Pair what these reports say with the active jobs. Each cycle of a job has its newest report; what is decided is left out."""
    jobs = _jobs({each.agent for each in found})
    spans, matched = Spans(), Matched()
    works: list[Work] = []
    for each in found:
        own = jobs.get(each.agent.casefold(), {})
        works += _of_report(each, own, spans, matched, at=at)
    newest = _newest(works, matched)
    # What is to be stored may wait for that even where its job does not remember it, after a clock that was ahead.
    known = _known([work for work in newest if work.job.final_storage_path_template or not deadlines.is_ahead(work.job, work.cycle_at)])
    for work in newest:
        was = known.get((work.job.pk, work.cycle_at)) if known else None
        if was is None or (work.found.key not in was.keys and (was.reported_at is None or was.reported_at <= work.ended_at)):
            matched.works.append(work)
        elif was.not_stored and work.found.key in was.keys:
            matched.works.append(work._replace(stored_for=was.entry_id))
        else:
            matched.known += 1
    decided = Counter([id(work.found) for work in matched.works if not work.stale and work.stored_for is None])
    for each in found:
        own = jobs.get(each.agent.casefold(), {})
        if decided[id(each)] == sum(job.is_active for listed in own.values() for job in listed):
            matched.whole.add(id(each))
    return matched


_Jobs = dict[str, list[Listed]]


def _jobs(agents: Collection[str]) -> dict[str, _Jobs]:
    """The jobs of these agents, by agent and database, both in small letters."""
    found: dict[str, _Jobs] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        entry_rows.read_instants(cursor)
        cursor.execute(_LISTED, [arrays.texts(agents)])
        rows = cursor.fetchall()
    for row in rows:
        job = Listed(*row)
        found[job.agent_id_responsible.casefold()][job.database_name.casefold()].append(job)
    return found


def _of_report(found: Found, jobs: _Jobs, spans: Spans, matched: Matched, *, at: datetime) -> Iterable[Work]:
    report = found.report
    if report is None:
        return
    ended: dict[str, datetime] = {}
    if report.failed_globally and not report.databases:
        for job in (each for listed in jobs.values() for each in listed if each.is_active):
            work, cycle = _work(job, found, report, Database(""), spans, ended, at=at)
            if cycle is not None and cycle.opens_at <= work.ended_at <= cycle.deadline_at:
                yield work
    for database in report.databases.values():
        listed = jobs.get(database.name.casefold(), ())
        if len(listed) == 1 and listed[0].is_active:
            yield _work(listed[0], found, report, database, spans, ended, at=at)[0]
            continue
        exact = sorted([job for job in listed if job.database_name == database.name] or listed, key=lambda job: job.pk)
        active = [_work(job, found, report, database, spans, ended, at=at) for job in exact if job.is_active]
        if len(active) == 1:
            yield active[0][0]
        elif active:
            yield max(active, key=lambda pair: (pair[1] is not None, pair[1].opens_at if pair[1] else at))[0]
        elif not exact:
            matched.unexpected.append(Unexpected(found, database))


def _work(
    job: Listed, found: Found, report: Report, database: Database, spans: Spans, ended: dict[str, datetime], *, at: datetime
) -> tuple[Work, Cycle | None]:  # fmt: skip
    """``ended``: when the report's run ended, by the zones of the jobs that were asked about so far."""
    ended_at = ended.get(job.timezone) or ended.setdefault(job.timezone, aware(report.ended_at, ZoneInfo(job.timezone)))
    cycle = spans.about(job, ended_at)
    stale = False
    if cycle is not None and ended_at < at - STALE:
        after = spans.following(job, cycle.expected_at)
        stale = after is not None and after.deadline_at < at
    return Work(job, found, report, database, ended_at, cycle.expected_at if cycle else ended_at, stale), cycle


def _newest(works: Iterable[Work], matched: Matched) -> list[Work]:
    """Of each cycle its newest report. One whose file was replaced by that of a newer report cannot be looked at any more."""
    chosen: dict[tuple[int, datetime], Work] = {}
    staged: set[tuple[str, str]] = set()
    for work in sorted(works, key=lambda each: (each.ended_at, each.found.key), reverse=True):
        file = (work.found.agent.casefold(), work.database.staged_name)
        replaced = bool(file[1]) and file in staged and not work.database.fault()
        cycle = (id(work.job), work.cycle_at)  # there is one of each job
        if replaced or cycle in chosen:
            matched.superseded += 1
            matched.replaced.add(id(work.found))
        else:
            chosen[cycle] = work
            staged.add(file)
    return list(reversed(chosen.values()))


def _known(works: Sequence[Work]) -> dict[tuple[UUID, datetime], _Known]:
    """What is decided already about the cycles of these."""
    if not works:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_DECIDED, [arrays.uuids([work.job.pk for work in works]), arrays.texts([work.cycle_at for work in works])])
        return {
            (job, at): _Known(frozenset({key, *earlier}), reported_at, entry, status == BackupVerdict.SUCCESS and not path and waits)
            for job, at, key, earlier, reported_at, entry, status, path, waits in cursor.fetchall()
        }
