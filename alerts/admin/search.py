"""Finding alerts by number, id or words, through indexes only."""

import re
from typing import Final, NamedTuple
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import connection, transaction
from django.db.models import QuerySet

from alerts.models import Alert
from alerts.models.alert import SEARCH

MAX_WORDS = 8
MAX_NUMBER = 2**63 - 1
FEW: Final = 2000
"""So many that are found are held by their ids; of more, only the newest are ever looked at."""
EXACT: Final = "8MB"
"""A bitmap of the beginnings of words that a million alerts have stays exact in so much memory; else whole pages are read again."""
_NUMBER = re.compile(r"#?\s*(\d{1,19})")


def find(alerts: QuerySet[Alert], term: str) -> QuerySet[Alert]:
    """The alerts ``term`` names: ``#123`` or ``123`` by number, an id, else those with words that begin with each of its words.

    Words are looked for in title, subject and type. ``alerts`` itself when nothing was asked for.
    """
    named = _named(alerts, term.strip())
    return _with_words(alerts, term) if named is None else named


class Held(NamedTuple):
    """What was found, and how many there are: ``rows`` of them, or (not ``exactly``) more. None: nobody has counted."""

    alerts: QuerySet[Alert]
    rows: int | None = None
    exactly: bool = False


def held(alerts: QuerySet[Alert], term: str, *, few: int = FEW) -> Held:
    """`find`, asked once: a list and the number of its pages would each go through the whole index of words."""
    named = _named(alerts, term.strip())
    if named is not None:
        return Held(named)
    found = _with_words(alerts, term)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, true)", [EXACT])
        keys = list(found.order_by().values_list("pk", flat=True)[: few + 1])
    return Held(found, len(keys)) if len(keys) > few else Held(alerts.filter(pk__in=keys), len(keys), exactly=True)


def query_of(term: str) -> str:
    """``term`` as the text of a tsquery; empty when it has no word. Each word is quoted: none of it is syntax."""
    words = [word.replace("\\", "\\\\").replace("'", "''") for word in term.split() if re.search(r"\w", word)]
    return " & ".join(f"'{word}':*" for word in words[:MAX_WORDS])


def _named(alerts: QuerySet[Alert], term: str) -> QuerySet[Alert] | None:
    """By number or id, or all of them; None: ``term`` is words."""
    if not term:
        return alerts
    if (found := _NUMBER.fullmatch(term)) and int(found[1]) <= MAX_NUMBER:
        return alerts.filter(number=int(found[1]))
    pk = _uuid(term)
    return None if pk is None else alerts.filter(pk=pk)


def _with_words(alerts: QuerySet[Alert], term: str) -> QuerySet[Alert]:
    text = query_of(term)
    if not text:
        return alerts.none()
    return alerts.alias(found=SEARCH).filter(found=SearchQuery(text, search_type="raw", config="simple"))


def _uuid(term: str) -> UUID | None:
    try:
        return UUID(term)
    except ValueError:
        return None
