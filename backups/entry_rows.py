"""Reading and writing many expected jobs and their entries at once, for `entries`: a statement each, not one for each row.

A night's reports are ten thousand rows that are new, and all alike: they go by COPY, and of the jobs only what is needed is read.
Rows that are there already are few, and go the usual way.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from psycopg.types.datetime import TimestamptzLoader
from pydantic_core import to_json

from backups.evidence import Reported
from backups.held import Entry, Fresh, Job
from backups.models import BackupEntry, ExpectedBackupJob
from sentinel_site.lib import arrays, rows

Writer = Callable[[Sequence[Any]], Sequence[str]]
MANY: Final = 100
_ENTRY, _JOB = BackupEntry._meta.db_table, ExpectedBackupJob._meta.db_table
_OWN: Final = [field.name for field in fields(Fresh) if field.name != "reported"]
STATE = {
    "current_status": "text", "next_expected_at": "timestamptz", "overdue_at": "timestamptz", "last_cycle_at": "timestamptz",
    "started_at": "timestamptz", "started_rid": "uuid", "last_successful_backup_utc": "timestamptz",
    "last_failed_backup_utc": "timestamptz", "previous_successful_hash_global": "text",
}  # fmt: skip
"""What an expected job says about itself, and the types of that."""
_KNOWN = f"""
SELECT entry.* FROM unnest(%s::uuid[], %s::timestamptz[]) AS wanted (job_id, cycle_at) CROSS JOIN LATERAL (
    SELECT * FROM {_ENTRY} known WHERE known.expected_job_id = wanted.job_id AND known.cycle_at = wanted.cycle_at LIMIT 1
) AS entry
"""  # noqa: S608  (names of our own)
"""LIMIT: each is looked for by its index. A join would read a young table whole, once for every batch of a scan."""

COLUMNS = ("id", *list(Job.__slots__)[1:])
"""What `Job` is made of, in its order."""
_HOLD = f"SELECT {', '.join(COLUMNS)} FROM {_JOB} WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608


def hold(job_ids: Collection[UUID]) -> dict[UUID, Job]:
    """These jobs, without those that are gone, held until the transaction ends; in the order of their ids, or two might wait for ever."""
    with connection.cursor() as cursor:
        read_instants(cursor)
        cursor.execute(_HOLD, [arrays.uuids(job_ids)])
        return {row[0]: Job(*row) for row in cursor.fetchall()}


def read_instants(cursor: Any) -> None:
    """Let this cursor read instants by psycopg's own loader: Django's is Python; this one is not, and the connection's zone is UTC."""
    cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)


def known(cycles: Sequence[tuple[UUID, datetime]]) -> list[BackupEntry]:
    """The entries there are of these cycles, each as often as it is asked for."""
    if not cycles:
        return []
    asked = [arrays.uuids([job_id for job_id, _ in cycles]), arrays.texts([at for _, at in cycles])]
    return list(BackupEntry.objects.raw(_KNOWN, asked))


class ChangedError(Exception):
    """A job is not as it was read: somebody else decided about it, or changed it."""


def store(
    entries: Iterable[Entry], jobs: Collection[Job], *, checked_at: datetime | None = None, versions: Sequence[str] | None = None
) -> None:
    """Write ``entries``, new or changed, and the state of ``jobs``. ``checked_at``: a scan looked for them then.

    The jobs are held; or ``versions`` are those of their rows as they were read (``xmin``). Raises ChangedError if one has another now.
    Everybody comes to the jobs before their entries: two who did not agree on that would wait for each other.
    """
    changed: list[BackupEntry] = []
    fresh: list[Fresh] = []
    for entry in entries:
        if isinstance(entry, Fresh):
            fresh.append(entry)
        else:
            changed.append(entry)
    if jobs:
        _save(jobs, checked_at, versions)
    rows.put(changed)
    if fresh:
        _copy(fresh)


def _save(jobs: Collection[Job], checked_at: datetime | None, versions: Sequence[str] | None) -> None:
    """In one statement. What is the same for all of them, as most is after a good night, is said once, and read once by PostgreSQL.

    The jobs are named twice, so that they are found by their index, and not by reading all there are.
    """
    ids, differing = arrays.uuids([job.pk for job in jobs]), {"id": "uuid"}
    changes: list[str] = []
    same: list[Any] = [checked_at]
    lists = [ids]
    for name, kind in STATE.items():
        values = list(map(attrgetter(name), jobs))
        if values.count(values[0]) == len(values):
            changes.append(f"{name} = %s::{kind}")
            same.append(values[0])
        else:
            changes.append(f"{name} = fresh.{name}")
            differing[name] = kind
            lists.append(arrays.texts(values))
    if versions is None:
        unchanged, read = "", []
    elif versions.count(versions[0]) == len(versions):
        unchanged, read = " AND job.xmin = %s::xid", [versions[0]]
    else:
        unchanged, read = " AND job.xmin = fresh.version", []
        differing["version"] = "xid"
        lists.append(arrays.texts(versions))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_JOB} job SET last_checked_at_utc = greatest(job.last_checked_at_utc, %s), {', '.join(changes)} "  # noqa: S608
            f"FROM unnest({', '.join(f'%s::{kind}[]' for kind in differing.values())}) AS fresh ({', '.join(differing)}) "
            f"WHERE job.id = fresh.id AND job.id = ANY(%s::uuid[]){unchanged}",
            [*same, *lists, ids, *read],
        )
        if versions is not None and cursor.rowcount < len(jobs):
            raise ChangedError


def whole(entries: Iterable[Fresh]) -> list[dict[str, Any]]:
    """Every column of these entries, by its name, with what stands in it by itself where nothing was set."""
    return [{"alert_id": None, **{name: getattr(entry, name) for name in _OWN}, **entry.reported._asdict()} for entry in entries]


def _copy(entries: Sequence[Any]) -> None:
    names, writers = _columns()
    own = [list(map(attrgetter(name), entries)) for name in _OWN]
    reported = zip(*[entry.reported for entry in entries], strict=True)
    written = [_written(values, write) for values, write in zip(chain(own, reported), writers, strict=True)]
    lines = "".join(["\t".join(line) + "\n" for line in zip(*written, strict=True)])
    with connection.cursor() as cursor:
        if len(entries) >= MANY:  # at the end of a transaction, when the jobs were written as well, it looks at each of them again
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        into = f"COPY {_ENTRY} ({names}) FROM STDIN"  # of what is not named there is nothing yet
        with connection.wrap_database_errors, cursor.copy(into) as copy:  # type: ignore[attr-defined]
            copy.write(lines)
        if len(entries) >= MANY:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _written(values: Sequence[Any], write: Writer) -> Sequence[str]:
    """One column of all entries."""
    first, size = values[0], len(values)
    if write is not _jsons and values[-1] == first and values.count(first) == size:  # much of a night is the same in all of them
        return [*write([first])] * size
    return write(values)


@cache
def _columns() -> tuple[str, list[Writer]]:
    """The columns that are written, as COPY names them, and how the values of each are."""
    names = (*_OWN, *Reported._fields)
    known = {field.column: field for field in BackupEntry._meta.concrete_fields}
    return ", ".join(f'"{name}"' for name in names), [_WRITERS.get(type(known[name]), _plain) for name in names]


def _plain(values: Sequence[Any]) -> list[str]:
    return [r"\N" if value is None else str(value) for value in values]


def _texts(values: Sequence[str]) -> Sequence[str]:
    together = "".join(values)  # no text of these columns is NULL
    if together.isprintable() and "\\" not in together:
        return values
    return [value.translate(_ESCAPES) for value in values]


def _instants(values: Sequence[datetime | None]) -> list[str]:
    known: dict[datetime | None, str] = {None: r"\N"}  # most instants of a night's entries are shared
    return [known[value] if value in known else known.setdefault(value, value.isoformat()) for value in values]  # type: ignore[union-attr]


def _uuids(values: Sequence[UUID | None]) -> list[str]:
    return [r"\N" if value is None else f"{value.int:032x}" for value in values]


def _jsons(values: Sequence[Any]) -> Sequence[str]:
    return _texts(["{}" if value == {} else to_json(value).decode() for value in values])


def _arrays(values: Sequence[Sequence[str]]) -> Sequence[str]:
    return _texts([arrays.texts(value) if value else "{}" for value in values])


_ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_WRITERS: Final[dict[type, Writer]] = {
    models.CharField: _texts, models.TextField: _texts, models.DateTimeField: _instants, models.UUIDField: _uuids, models.JSONField: _jsons,
    models.ForeignKey: _uuids, ArrayField: _arrays,
}  # fmt: skip
