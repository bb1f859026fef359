"""Arrays in PostgreSQL's text form come back as what they were made of."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import connection

from sentinel_site.lib import arrays

pytestmark = pytest.mark.django_db
IDS = [UUID(int=0), UUID(int=2**128 - 1)]


def read(text, kind):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("values", [[], IDS])
def test_ids(values):
    assert read(arrays.uuids(values), "uuid") == values


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["", " ", "NULL", "null", 'a"b', "a\\b", "a\\", "{a,b}", "a,b", "'; --", "%s", "é\n\t", None, "NULL"], "text"),
        ([datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC), None, datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=-3)))], "timestamptz"),
        ([IDS[0], None, IDS[1]], "uuid"),
    ],
)
def test_texts_instants_and_ids(values, kind):
    assert read(arrays.texts(values), kind) == values
