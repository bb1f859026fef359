"""A badge says how a job is, and nothing else of it."""

import json
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import time_machine

from backups.models import ExpectedBackupJob
from tests.conftest import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db
DUE, OVERDUE = {"next_expected_at": NOON - MINUTE}, {"overdue_at": NOON - MINUTE}
OK = {"current_status": "ok", "next_expected_at": NOON + HOUR, "overdue_at": NOON + 2 * HOUR}


def read(client, job, states=3, form="json"):
    with time_machine.travel(NOON, tick=False):
        return client.get(f"/b/{states}/{job.badge_id}.{form}")


def make_job(**fields):
    return ExpectedBackupJob.objects.create(**{"database_name": "nightly", "period_seconds": 3600, **fields})


@pytest.mark.parametrize(
    ("fields", "two", "three"),
    [
        ({}, "up", "up"),
        (OK, "up", "up"),
        (OK | DUE, "up", "late"),
        (OK | DUE | OVERDUE, "down", "down"),
        (OK | {"current_status": "failed"}, "down", "down"),
        (OK | {"current_status": "missing"}, "down", "down"),
        (OK | DUE | OVERDUE | {"is_active": False}, "up", "up"),
    ],
)
def test_it_says_how_the_job_is(client, fields, two, three):
    job = make_job(**fields)

    assert [json.loads(read(client, job, states).content)["status"] for states in (2, 3)] == [two, three]


def test_each_form_is_what_its_readers_expect(client):
    job = make_job(**OK | DUE)

    assert json.loads(read(client, job).content) == {"status": "late", "total": 1, "grace": 1, "down": 0}
    assert json.loads(read(client, job, form="shields").content) == {
        "schemaVersion": 1, "label": "nightly", "message": "late", "color": "important",
    }  # fmt: skip
    picture = read(client, job, form="svg")
    assert (picture["Content-Type"], picture["Cache-Control"]) == ("image/svg+xml", "no-cache, max-age=0")
    assert "".join(ElementTree.fromstring(picture.content).itertext()) == "nightly: latenightlylate"


@pytest.mark.parametrize("name", ["</text><script>alert(1)</script>", '"><image href="x"/>', "a\x07b\u202ec", "&amp;", "x" * 120])
def test_a_hostile_name_stays_text(client, name):
    picture = read(client, make_job(database_name=name), form="svg")

    names = {each.tag.partition("}")[2] for each in ElementTree.fromstring(picture.content).iter()}
    assert (names, "sandbox" in picture["Content-Security-Policy"]) == ({"svg", "title", "rect", "g", "text"}, True)


def test_there_is_no_badge_by_any_other_address(client):
    job = make_job()
    wrong = [f"/b/4/{job.badge_id}.svg", f"/b/2/{job.badge_id}.png", f"/b/2/{uuid4()}.svg", f"/b/2/{job.ping_id}.svg", f"/b/2/{job.pk}.svg"]

    assert {client.get(path).status_code for path in wrong} == {404}
    assert client.post(f"/b/2/{job.badge_id}.svg").status_code == 405
