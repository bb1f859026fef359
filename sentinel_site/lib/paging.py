"""Lists by keyset: stable under inserts, the same cost on every page, never a COUNT(*)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from pydantic import BaseModel, Field

from sentinel_site.lib import crypto, problems

MAX_LIMIT: Final = 500
MAC_BYTES: Final = 9
Row = TypeVar("Row", bound=Model)


class Page(BaseModel):
    """The query parameters of every list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items at the most.")] = 50
    cursor: Annotated[str, Field(max_length=2000, description="`next` of the page before.")] = ""


def page(rows: QuerySet[Row], page: Page, describe: Callable[[Row], dict[str, Any]], *, order: Sequence[str] = ("-pk",)) -> dict[str, Any]:
    """One page of ``rows`` in ``order``, whose last field must be unique. Raises a 422 Problem for a foreign cursor."""
    rows = rows.order_by(*order)
    if page.cursor:
        try:
            rows = rows.filter(_after(order, _open(page.cursor, order)))
        except (ValueError, TypeError, ValidationError):
            raise problems.invalid(
                [(("query", "cursor"), "is not the `next` of a page of this list; leave it out to begin again")]
            ) from None
    found = list(rows[: page.limit + 1])
    more = len(found) > page.limit
    items = found[: page.limit]
    return {"items": [describe(row) for row in items], "next": _seal(order, items[-1]) if more else None}


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Everything behind ``values`` in ``order``."""
    condition, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field, comparison = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        condition |= equal & Q(**{f"{field}__{comparison}": value})
        equal &= Q(**{field: value})
    return condition


def _seal(order: Sequence[str], row: Model) -> str:
    values = [getattr(row, name.removeprefix("-")) for name in order]
    body = json.dumps([value if isinstance(value, bool | int | str) else str(value) for value in values]).encode()
    return base64.urlsafe_b64encode(_mac(order, body) + body).decode().rstrip("=")


def _open(cursor: str, order: Sequence[str]) -> list[Any]:
    raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(order, body)):
        raise ValueError("not ours")
    values: list[Any] = json.loads(body)
    return values


def _mac(order: Sequence[str], body: bytes) -> bytes:
    message = ",".join(order).encode() + b"\0" + body
    return hmac.new(crypto.derive("cursor"), message, hashlib.sha256).digest()[:MAC_BYTES]
