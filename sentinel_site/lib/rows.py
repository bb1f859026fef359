"""Inserting many rows at once as one JSON value, which PostgreSQL takes apart faster than Django and psycopg put together."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.models import AutoField, JSONField, Model
from pydantic_core import to_json

from sentinel_site.lib import prepared


def insert(rows: Sequence[Model], *, ignore_conflicts: bool = False) -> set[Any]:
    """Insert ``rows``, all of one model, in one statement. Returns the primary keys that were inserted.

    With ``ignore_conflicts`` a row that is there already is left as it is. No signal is sent; the rows themselves
    learn nothing of what the database fills in.
    """
    if not rows:
        return set()
    statement = _insert(type(rows[0]), ignore_conflicts=ignore_conflicts)
    return {row[0] for row in prepared.run(statement, [_json(rows)])}


def put(rows: Sequence[Model]) -> None:
    """Insert ``rows``, all of one model, in one statement; a row whose primary key is there already takes the new values.

    For rows that the caller alone writes now (it holds what they belong to). No signal is sent.
    """
    if rows:
        prepared.run(_put(type(rows[0])), [_json(rows)])


def insert_with(rows: Sequence[Model], parts: Sequence[Model], *, by: str, topic: str) -> set[Any]:
    """Insert ``rows`` that are not there yet, with their own ``parts`` (whose field ``by`` points at them), in one statement.

    Wakes ``topic`` (see wake.py) at commit. Returns the primary keys of the rows that were inserted; a row that was there
    already is left as it is, and its parts are not inserted.
    """
    if not rows or not parts:
        return insert(rows, ignore_conflicts=True)
    meta = parts[0]._meta
    column, pk = meta.get_field(by).column, rows[0]._meta.pk.column  # type: ignore[union-attr]  # names from our own models
    whose = f'WHERE "{column}" IN (SELECT "{pk}" FROM fresh)'  # noqa: S608
    statement = (
        f"WITH fresh AS ({_insert(type(rows[0]), ignore_conflicts=True)}), part AS ({_insert(type(parts[0]), where=whose)})"  # noqa: S608
        f", woken AS (SELECT pg_notify(%s, '')) SELECT fresh.\"{pk}\" FROM fresh, woken"
    )
    return {row[0] for row in prepared.run(statement, [_json(rows), _json(parts), topic])}


@cache
def _insert(model: type[Model], *, ignore_conflicts: bool = False, where: str = "") -> str:
    table, pk = model._meta.db_table, model._meta.pk.column
    columns = ", ".join(f'"{field.column}"' for field in _fields(model))
    return (
        f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::"{table}", %s::json) {where}'  # noqa: S608
        f'{" ON CONFLICT DO NOTHING" if ignore_conflicts else ""} RETURNING "{pk}"'
    )


@cache
def _put(model: type[Model]) -> str:
    table, pk = model._meta.db_table, model._meta.pk.column
    names = [field.column for field in _fields(model)]
    columns = ", ".join(f'"{name}"' for name in names)
    fresh = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != pk)
    return (
        f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::"{table}", %s::json) '  # noqa: S608
        f'ON CONFLICT ("{pk}") DO UPDATE SET {fresh}'
    )


@cache
def _fields(model: type[Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]


def _json(rows: Sequence[Model]) -> str:
    fields = _fields(type(rows[0]))
    return to_json([{field.column: _value(field, row) for field in fields} for row in rows]).decode()


def _value(field: Any, row: Model) -> Any:
    value = getattr(row, field.attname)
    return value if isinstance(field, JSONField) else field.get_prep_value(value)
