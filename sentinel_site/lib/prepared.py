"""Statements that run many times a second: planned once per connection, where Django has PostgreSQL plan each time.

The clock's statements are small: planning them costs more than running them. Everything else stays with the ORM.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, TypeVar

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Field, Model

PLAN_SECONDS: Final = 2.0
"""How long a plan is kept. One made while a table was nearly empty may read all of it, and must not outlive the flood's beginning."""
KEPT: Final = 30
"""So many plans are kept by a connection, old ones of the same statement included; the largest takes 0.7 MiB of the database's memory."""
Parameters = Sequence[Any] | Mapping[str, Any]
_Row = TypeVar("_Row", bound=Model)
_STALE: Final = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement)
"""A migration changed a table under the plan, or a pooler forgot the plan: the connection would say so for ever."""


class _Cursor(psycopg.Cursor[Any]):
    """Prepares whatever it runs; psycopg keeps the statement for the connection's next use."""

    def execute(self, query: Any, params: Parameters | None = None, **_: Any) -> "_Cursor":  # type: ignore[override]
        return super().execute(query, params, prepare=True)


def run(statement: str, parameters: Parameters = (), *, by_index: bool = False) -> list[tuple[Any, ...]]:
    """Run ``statement`` in the current transaction; returns its rows, empty when it has none.

    ``by_index``, for what a flood runs, inside of a transaction: rows are looked up in indexes however few there were when it was
    planned. The rest of the transaction reads no table as a whole, either, where it has an index.

    Parameters are bound by the server: where their type is not plain from the place they stand at, write a cast. Raises
    what Django's cursors raise, and is seen by its query log. Outside of a transaction a connection whose plans are no good any
    more is given up and the statement runs on a new one; inside of one its ROLLBACK makes psycopg forget the plans.
    """
    try:
        return _run(statement, parameters, by_index=by_index)
    except DatabaseError as error:
        if connection.in_atomic_block or not is_stale(error):
            raise
        connection.connection.close()  # or the pool would keep it
        connection.close()
    return _run(statement, parameters, by_index=by_index)


def is_stale(error: DatabaseError) -> bool:
    """Whether a plan was no good any more: the same once more, on a new connection or after the ROLLBACK, is planned anew."""
    return isinstance(error.__cause__, _STALE)


def _run(statement: str, parameters: Parameters, *, by_index: bool) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    connection.connection.prepared_max = KEPT
    if by_index and not settings.READS_BY_INDEX:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    own = _Cursor(connection.connection)
    with connection._prepare_cursor(own) as cursor:  # type: ignore[attr-defined]
        cursor.execute(f"{statement}\n-- {int(time.monotonic() / PLAN_SECONDS)}", parameters)
        return own.fetchall() if own.pgresult and own.pgresult.nfields else []  # `description` is dear


@cache
def columns(model: type[Model], alias: str, *, without: frozenset[str] = frozenset()) -> str:
    """The columns of ``model`` for a SELECT list, in the order `build` takes them. ``alias`` is the table's in the statement.

    ``without``: names of fields that are not read now (encrypted ones); on the rows built they are deferred.
    """
    return ", ".join(f'{alias}."{field.column}"' for field in _fields(model, without))


def width(model: type[Model]) -> int:
    """How many columns `columns` names."""
    return len(_readers(model, frozenset()))


def build(model: type[_Row], values: Sequence[Any], *, without: frozenset[str] = frozenset()) -> _Row:
    """The row of ``model`` from the values of its columns, as the ORM would build it."""
    names, readers = _names(model, without), _readers(model, without)
    return model.from_db(
        connection.alias, names, [value if read is None else read(value) for value, read in zip(values, readers, strict=True)]
    )


@cache
def _fields(model: type[Model], without: frozenset[str]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.name not in without]


@cache
def _names(model: type[Model], without: frozenset[str]) -> list[str]:
    return [field.attname for field in _fields(model, without)]


@cache
def _readers(model: type[Model], without: frozenset[str]) -> list[Callable[[Any], Any] | None]:
    """What turns a column's value into the field's, where they differ (JSON, encrypted text)."""
    return [_reader(field) for field in _fields(model, without)]


def _reader(field: "Field[Any, Any]") -> Callable[[Any], Any] | None:
    convert = getattr(field, "from_db_value", None)
    return None if convert is None else partial(_converted, convert, field.get_col(field.model._meta.db_table))


def _converted(convert: Callable[[Any, Any, Any], Any], expression: Any, value: Any) -> Any:
    return convert(value, expression, connection)
