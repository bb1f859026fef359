"""Making what others sent fit the columns it is kept in: cut, cleaned or left out, never an error. Pure.

PostgreSQL holds no NUL and no half of a surrogate pair in text, and no number beyond a column's range.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from django.db import models
from pydantic_core import PydanticSerializationError, to_json

MAX_TEXT: Final = 100_000
MAX_DEPTH: Final = 12
MAX_ITEMS: Final = 1000
BIGGEST: Final[Mapping[type, tuple[int, int]]] = {
    models.BigIntegerField: (-(2**63), 2**63 - 1), models.PositiveIntegerField: (0, 2**31 - 1), models.IntegerField: (-(2**31), 2**31 - 1),
}  # fmt: skip
SAFE_DIGITS: Final = 10**300
SHORT: Final = 4000
"""A shorter document holds no number of more digits than Python reads back, and nothing deep."""


def text(value: object, limit: int = MAX_TEXT) -> str:
    """``value`` as text that can be stored, at most ``limit`` characters. None is empty."""
    if value is None:
        return ""
    found = value if isinstance(value, str) else str(value)
    if len(found) <= limit and found.isascii() and "\0" not in found:
        return found
    if len(found) > limit:
        found = found[: limit - 1] + "…"
    return found.replace("\0", "�").encode("utf-8", "replace").decode()


def key(value: str, limit: int = 120) -> str:
    """``value`` as an identity of at most ``limit`` characters: a longer one ends in its digest, so that no two become the same."""
    if len(value) <= limit and value.isascii() and "\0" not in value:
        return value
    found = text(value)
    if len(found) <= limit and found == value:
        return found
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{found[: limit - 65]}~{digest}"


def document(value: Any) -> Any:
    """``value`` as JSON that can be stored: texts cleaned, numbers that are none left out, deep and long parts cut."""
    try:
        raw = to_json(value)
    except (ValueError, PydanticSerializationError):  # half of a surrogate pair, or no JSON at all
        return _cleaned(value, MAX_DEPTH)
    plain = len(raw) < SHORT and b"\\u0000" not in raw and b"NaN" not in raw and b"Infinity" not in raw
    return value if plain else _cleaned(value, MAX_DEPTH)


def _cleaned(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < SAFE_DIGITS else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {text(name, 200): _cleaned(each, depth - 1) for name, each in list(value.items())[:MAX_ITEMS]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(each, depth - 1) for each in list(value)[:MAX_ITEMS]]
    return text(value)


def column(model: type[models.Model], name: str, value: Any) -> Any:
    """``value`` as the column ``name`` of ``model`` takes it; what cannot fit (a number out of range) becomes None."""
    return fitters(model)[name](value)


@cache
def fitters(model: type[models.Model]) -> Mapping[str, Callable[[Any], Any]]:
    """`column` for each column of ``model``, by its name: for those who fit thousands."""
    return {field.name: _fitter(model, field.name) for field in model._meta.concrete_fields}


def _texts(limit: int) -> Callable[[Any], str]:
    """`text` up to ``limit``; most texts fit as they are."""

    def fit(value: Any) -> str:
        plain = type(value) is str and len(value) <= limit and value.isascii() and "\0" not in value
        return value if plain else text(value, limit)

    return fit


def _fitter(model: type[models.Model], name: str) -> Callable[[Any], Any]:
    field = model._meta.get_field(name)
    if isinstance(field, models.CharField | models.TextField):
        return _texts(field.max_length or MAX_TEXT)
    if isinstance(field, models.JSONField):
        return document
    if isinstance(field, models.FloatField):
        return lambda value: value if value is not None and math.isfinite(value) else None
    low, high = next((span for kind, span in BIGGEST.items() if isinstance(field, kind)), (None, None))
    if low is None or high is None:
        return lambda value: value
    return lambda value: value if value is not None and low <= value <= high else None
