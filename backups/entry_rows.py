"""Reading and writing many expected jobs and their entries at once, for `entries`: a statement each, not one for each row.

A night's reports are ten thousand rows that are new, and all alike: they go by COPY, and of the jobs only what is needed is read.
Rows that are there already are few, and go the usual way.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from psycopg.types.datetime import TimestamptzLoader
from pydantic_core import to_json

from backups.held import Entry, Fresh, Job
from backups.models import BackupEntry, ExpectedBackupJob
from sentinel_site.lib import arrays, rows

Column = tuple[str, str, Callable[[Any], str]]
_ENTRY, _JOB = BackupEntry._meta.db_table, ExpectedBackupJob._meta.db_table
STATE = (
    "current_status", "next_expected_at", "overdue_at", "last_cycle_at", "started_at", "started_rid", "last_successful_backup_utc",
    "last_failed_backup_utc", "previous_successful_hash_global",
)  # fmt: skip
"""What an expected job says about itself."""
STATE_TYPES = ("text", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "uuid", "timestamptz", "timestamptz", "text")
_KNOWN = f"""
SELECT entry.* FROM unnest(%s::uuid[], %s::timestamptz[]) AS wanted (job_id, cycle_at) CROSS JOIN LATERAL (
    SELECT * FROM {_ENTRY} known WHERE known.expected_job_id = wanted.job_id AND known.cycle_at = wanted.cycle_at LIMIT 1
) AS entry
"""  # noqa: S608  (names of our own)
"""LIMIT: each is looked for by its index. A join would read a young table whole, once for every batch of a scan."""

COLUMNS = ("id", *list(Job.__slots__)[1:])
"""What `Job` is made of, in its order."""
_HOLD = f"SELECT {', '.join(COLUMNS)} FROM {_JOB} WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
_SAVE = f"""
UPDATE {_JOB} job SET last_checked_at_utc = greatest(job.last_checked_at_utc, %s), {", ".join(f"{name} = fresh.{name}" for name in STATE)}
FROM unnest(%s::uuid[], {", ".join(f"%s::{kind}[]" for kind in STATE_TYPES)}) AS fresh (id, {", ".join(STATE)})
WHERE job.id = fresh.id AND job.id = ANY(%s::uuid[])
"""  # noqa: S608
"""The jobs are named twice, so that they are found by their index, and not by reading all there are."""


def hold(job_ids: Collection[UUID]) -> dict[UUID, Job]:
    """These jobs, without those that are gone, held until the transaction ends; in the order of their ids, or two might wait for ever."""
    with connection.cursor() as cursor:
        # Django's own loader of instants is Python; this one is not, and the connection's zone is UTC.
        cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)  # type: ignore[attr-defined]
        cursor.execute(_HOLD, [arrays.uuids(job_ids)])
        return {row[0]: Job(*row) for row in cursor.fetchall()}


def known(cycles: Collection[tuple[UUID, datetime]]) -> dict[tuple[UUID, datetime], Entry]:
    """The entries there are of these cycles."""
    wanted = set(cycles)
    if not wanted:
        return {}
    found = BackupEntry.objects.raw(_KNOWN, [arrays.uuids(job_id for job_id, _ in wanted), arrays.texts(at for _, at in wanted)])
    return {(entry.expected_job_id, entry.cycle_at): entry for entry in found}


def store(entries: Iterable[Entry], jobs: Collection[Job], *, checked_at: datetime | None = None) -> None:
    """Write ``entries``, new or changed, and the state of ``jobs``, which are held. ``checked_at``: a scan looked for them then."""
    changed: list[BackupEntry] = []
    fresh: list[Fresh] = []
    for entry in entries:
        if isinstance(entry, Fresh):
            fresh.append(entry)
        else:
            changed.append(entry)
    rows.put(changed)
    if fresh:
        _copy(fresh)
    if jobs:
        with connection.cursor() as cursor:
            states = [arrays.texts([getattr(job, name) for job in jobs]) for name in STATE]
            cursor.execute(_SAVE, [checked_at, ids := arrays.uuids([job.pk for job in jobs]), *states, ids])


def whole(entries: Iterable[Fresh]) -> list[dict[str, Any]]:
    """Every column of these entries, by its name, with what stands in it by itself where nothing was set."""
    blank = _blank()
    return [{name: values.get(name, default) for name, default in blank.items()} for values in (entry.__dict__ for entry in entries)]


@cache
def _blank() -> dict[str, Any]:
    return {str(field.column): field.get_default() for field in BackupEntry._meta.concrete_fields}


def _copy(entries: Sequence[Any]) -> None:
    columns = _columns()
    names = ", ".join(f'"{name}"' for name, _, _ in columns)
    values = [entry.__dict__ for entry in entries]
    written = [_written(column, values) for column in columns]
    lines = "".join(["\t".join(line) + "\n" for line in zip(*written, strict=True)])
    with connection.cursor() as cursor, cursor.copy(f"COPY {_ENTRY} ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        copy.write(lines)


def _written(column: Column, values: Sequence[dict[str, Any]]) -> list[str]:
    """This column of all entries."""
    name, default, write = column
    return [write(each[name]) if name in each else default for each in values]


@cache
def _columns() -> list[Column]:
    """The columns of an entry, each with what stands in it by itself and how a value is written, as COPY reads it."""
    return [(str(field.column), _default(field), _WRITERS.get(type(field), _plain)) for field in BackupEntry._meta.concrete_fields]


def _default(field: Any) -> str:
    if not field.has_default():
        return r"\N" if field.null else ""
    value = field.get_default()
    return _WRITERS.get(type(field), _plain)(value)


def _plain(value: Any) -> str:
    return r"\N" if value is None else value.hex if isinstance(value, UUID) else str(value)


def _text(value: str | None) -> str:
    if value is None:
        return r"\N"
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


@lru_cache(maxsize=1024)  # most instants of a night's entries are shared
def _instant(value: datetime | None) -> str:
    return r"\N" if value is None else value.isoformat()


def _uuid(value: UUID | None) -> str:
    return r"\N" if value is None else value.hex


def _json(value: Any) -> str:
    return _text(to_json(value).decode())


_ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    models.CharField: _text, models.TextField: _text, models.DateTimeField: _instant, models.UUIDField: _uuid, models.JSONField: _json,
    ArrayField: lambda value: _text(arrays.texts(value)) if value else "{}",
}  # fmt: skip
