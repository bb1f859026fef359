"""A wall's token: stored as a digest, good until revoked or expired, and guessed in vain."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from alerts import walls
from alerts.models import Wall
from sentinel_site.lib import tries
from tests.callers import somewhere
from tests.conftest import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db
HERE = somewhere()


@pytest.fixture
def issued():
    wall, url = walls.issue(name="Night desk")
    return wall, url.rpartition("/")[2]


def opened(token, *, at=NOON, address=HERE):
    return walls.of_token(token, address=address, at=at)


def test_the_address_holds_a_token_that_the_database_does_not(issued):
    wall, token = issued

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(wall)::text FROM alerts_wall wall")
        stored = cursor.fetchone()[0]

    assert opened(token) == wall
    assert token.split("_", 2)[2] not in stored


def test_where_it_was_seen_is_noted_once_a_minute(issued):
    wall, token = issued

    for at in (NOON, NOON + MINUTE / 2, NOON + 2 * MINUTE):
        opened(token, at=at)

    wall.refresh_from_db()
    assert (wall.last_seen_at, wall.last_seen_address) == (NOON + 2 * MINUTE, HERE)


def test_revoked_or_expired_it_opens_nothing(issued):
    wall, token = issued
    Wall.objects.update(expires_at=NOON + HOUR)

    assert (opened(token), opened(token, at=NOON + HOUR)) == (wall, None)
    walls.revoke(wall, at=NOON)
    assert (opened(token), walls.living(wall.pk, at=NOON)) == (None, None)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1] + "!", lambda t: t + "A", lambda t: t[:20], lambda t: "wall_00000000" + t[13:], lambda t: ""]
)
def test_a_token_that_is_not_exactly_it_opens_nothing(issued, change):
    assert opened(change(issued[1])) is None


def test_the_secret_of_one_wall_does_not_open_another(issued):
    other = walls.issue(name="Kitchen")[1].rpartition("/")[2]

    assert opened("_".join((*issued[1].split("_", 2)[:2], other.split("_", 2)[2]))) is None


def test_who_guesses_waits_while_the_right_one_is_let_in(issued):
    wall, token = issued
    wrong = "wall_0123abcd_" + "x" * 43

    here = somewhere()
    for _ in range(tries.MOST):
        assert opened(wrong, address=here) is None

    with pytest.raises(walls.TooManyTries):
        opened(wrong, address=here)
    assert opened(token, address=here) == wall
    assert opened(wrong, address=somewhere()) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"matchers": ["nonsense"]}, {"matchers": ['room=~"("']}, {"rotate_seconds": 3}, {"rotate_seconds": 601}, {"site_label": "a b"},
        {"language": "xx"}, {"sound": "drums"}, {"name": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(fields):
    with pytest.raises(ValidationError):
        walls.issue(**{"name": "Desk", **fields})
