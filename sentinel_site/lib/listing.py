"""Lists of commands: a page of what REST answers, as a table or as JSON, or all of them as one JSON document a line."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from sentinel_site.lib.paging import MAX_LIMIT, Page, page
from sentinel_site.lib.shell import NOTHING, USAGE, Call, failed

Item = dict[str, Any]
Row = TypeVar("Row", bound=Model)
SHORTEST: Final = 8
_ID: Final = re.compile(r"[0-9a-f][0-9a-f-]{7,35}", re.I)


def show(
    call: Call, rows: QuerySet[Any], describe: Callable[[Any], Item], table: Callable[[Sequence[Item]], None], *,
    order: Sequence[str], nothing: str, more: Callable[[str], Any],
) -> None:  # fmt: skip
    """Print what the options of ``call`` ask for. ``more`` is told, for people, how to go on. Raises CommandError (3) for nothing."""
    if call["ndjson"]:
        count = _stream(call, rows, describe, order)
    else:
        found = page(rows, Page(limit=call["limit"] if call["limit"] is not None else 50, cursor=call["cursor"]), describe, order=order)
        count = len(found["items"])
        if call.json:
            call.screen.document(found)
        elif count:
            table(found["items"])
            if found["next"]:
                more(f"There are more: --limit {MAX_LIMIT}, or go on with --cursor {found['next']}")
    if not count:
        raise failed(nothing, NOTHING)


def is_id(word: str) -> bool:
    """Whether ``word`` may be an id, or the beginning of one."""
    return bool(_ID.fullmatch(word))


def one(rows: QuerySet[Row], word: str, *, what: str, see: str) -> Row:
    """The row with this id, or the only one whose id begins so. Raises CommandError; ``see`` says where the ids are shown."""
    if not is_id(word):
        raise failed(f"{word[:80]} is no id of a {what}, nor the first {SHORTEST} characters or more of one. {see}", USAGE)
    first, last = (UUID((word.replace("-", "") + filling * 32)[:32]) for filling in "0f")
    found = list(rows.filter(pk__gte=first, pk__lte=last)[:2])
    if not found:
        raise failed(f"There is no {what} {word}. {see}", NOTHING)
    if len(found) > 1:
        raise failed(f"Several begin with {word}: write more of the id.", USAGE)
    return found[0]


def _stream(call: Call, rows: QuerySet[Any], describe: Callable[[Model], Item], order: Sequence[str]) -> int:
    """Print each item, page after page; returns how many."""
    count, cursor, wanted = 0, str(call["cursor"]), call["limit"]
    while True:
        size = MAX_LIMIT if wanted is None else min(MAX_LIMIT, wanted - count)
        found = page(rows, Page(limit=size, cursor=cursor), describe, order=order)
        for item in found["items"]:
            call.screen.item(item)
        count, cursor = count + len(found["items"]), found["next"]
        if not cursor or count == wanted:
            return count
