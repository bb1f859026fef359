"""Finding alerts by number, id or words, through indexes only."""

import re
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet

from alerts.models import Alert
from alerts.models.alert import SEARCH

MAX_WORDS = 8
MAX_NUMBER = 2**63 - 1
_NUMBER = re.compile(r"#?\s*(\d{1,19})")


def find(alerts: QuerySet[Alert], term: str) -> QuerySet[Alert]:
    """The alerts ``term`` names: ``#123`` or ``123`` by number, an id, else those with words that begin with each of its words.

    Words are looked for in title, subject and type. ``alerts`` itself when nothing was asked for.
    """
    term = term.strip()
    if not term:
        return alerts
    if (found := _NUMBER.fullmatch(term)) and int(found[1]) <= MAX_NUMBER:
        return alerts.filter(number=int(found[1]))
    if (pk := _uuid(term)) is not None:
        return alerts.filter(pk=pk)
    return _with_words(alerts, term)


def query_of(term: str) -> str:
    """``term`` as the text of a tsquery; empty when it has no word. Each word is quoted: none of it is syntax."""
    words = [word.replace("\\", "\\\\").replace("'", "''") for word in term.split() if re.search(r"\w", word)]
    return " & ".join(f"'{word}':*" for word in words[:MAX_WORDS])


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
