"""`manage.py oncall`: who is on call, and whose shifts come."""

import pytest

from tests.callers import make_caller, make_user
from tests.commands import NAMED, document, refused, rows
from tests.factories import make_recipient, make_schedule

pytestmark = pytest.mark.django_db
VIEW = "notifications.view_oncallschedule"
AT = "2026-03-02T12:00:00Z"


@pytest.fixture
def nights():
    return make_schedule("Nights", make_recipient("Ada Byron"), make_recipient("Robin Vale"))


def test_who_is_on_call_is_said_for_every_schedule(nights):
    make_schedule("Days")

    assert rows("oncall", "who", "--at", AT) == [["Days", "nobody", "-"], ["Nights", "Ada Byron", "2026-03-09T09:00:00Z"]]
    assert refused("oncall", "who", "days") == (3, "Nobody is on call in Days.")


def test_json_is_what_rest_answers_for_the_one_that_is_named(nights):
    client = make_caller(VIEW)
    on_call = client.read(f"/schedules/{nights.pk}/on-call", at=AT).json()
    shifts = client.read(f"/schedules/{nights.pk}/shifts", since=AT, until="2026-03-16T12:00:00Z").json()

    assert document("oncall", "who", "night", "--at", AT) == on_call
    assert document("oncall", "who", "--at", AT) == {"items": [{"schedule": str(nights.pk), "name": "Nights", **on_call}], "next": None}
    assert document("oncall", "shifts", str(nights.pk), "--since", AT, "--until", "2026-03-16T12:00:00Z") == shifts


def test_shifts_are_listed_with_their_people(nights):
    found = rows("oncall", "shifts", "nights", "--since", AT, "--until", "2026-03-10T00:00:00Z")

    assert found == [
        ["Nights", "2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z", "Ada Byron", "base"],
        ["Nights", "2026-03-09T09:00:00Z", "2026-03-16T09:00:00Z", "Robin Vale", "base"],
    ]


def test_what_is_not_there_or_not_clear_is_told(nights):
    make_schedule("Night watch")

    assert refused("oncall", "who", "roof")[0] == 3
    assert refused("oncall", "who", "night")[0] == 2
    assert refused("oncall", "shifts", "--since", "2026-03-02", "--until", "2026-03-01")[0] == 2
    assert refused("oncall", "who", "--at", "soon")[0] == 2


def test_without_schedules_it_says_what_to_do(db):
    assert refused("oncall", "who")[1].startswith("There is no on-call schedule: policies tell their groups.")


def test_who_is_named_must_be_allowed(nights):
    make_user("robin")

    assert refused("oncall", "who", *NAMED)[0] == 1
