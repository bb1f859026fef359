"""Arrays as PostgreSQL reads them from text: as one parameter they are made in a tenth of the time that psycopg takes for a list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID


def uuids(values: Iterable[UUID]) -> str:
    """An array of ids."""
    return "{" + ",".join([f"{value.int:032x}" for value in values]) + "}"


def texts(values: Iterable[Any]) -> str:
    """An array of texts, instants, numbers or ids, and of None."""
    known: dict[Any, str] = {None: "NULL"}  # rows that are written together share most of their instants and words
    return "{" + ",".join([known[value] if value in known else _item(value, known) for value in values]) + "}"


def _item(value: Any, known: dict[Any, str]) -> str:
    if isinstance(value, UUID):
        return value.hex
    text = value.isoformat() if isinstance(value, datetime) else '"' + str(value).replace("\\", r"\\").replace('"', r"\"") + '"'
    known[value] = text
    return text
