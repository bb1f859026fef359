"""REST of the noise report, and of two settings compared."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import lifecycle, replays
from alerts.enums import ReplayState
from alerts.models import Alert, NoiseReport, Replay, Route
from alerts.noise import making
from jobs.models import JobRun
from tests.callers import make_caller
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
RANGE = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-03T00:00:00Z"}
WORKS = {"matchers": ["source=probe"], "reason": "works", "starts_at": RANGE["since"], "ends_at": RANGE["until"]}


@pytest.fixture
def house():
    make_recipient(groups=["oncall"])
    return make_source(policy=make_policy())


@pytest.fixture
def reader(db):
    return make_caller("alerts.view_noisereport", "alerts.add_noisereport", "alerts.view_report")


def test_without_a_report_it_says_how_to_get_one(reader):
    answer = reader.read("/noise")

    assert (answer.status_code, "POST /api/v1/noise" in answer.json()["detail"]) == (404, True)


def test_a_report_is_asked_for_once_worked_out_by_a_job_and_read(house, reader):
    asked = reader.send("/noise")
    again = reader.send("/noise").json()
    making.carry_out(asked.json()["id"])

    found = reader.read("/noise").json()

    assert (asked.status_code, asked.json()["state"], again["id"], JobRun.objects.count()) == (202, "queued", asked.json()["id"], 1)
    assert (found["id"], found["state"], found["answer"]["totals"]["alerts"], found["by"]) == (again["id"], "done", 0, "robin")
    assert reader.read(f"/noise/{found['id']}").json() == found


def test_a_proposal_has_words_a_request_and_a_form(house, reader):
    facts = {"what": "Disk {full} <b>", "alerts": 9, "days": 30, "priority": "P4", "policy": "Mail", "was_policy": "Calls"}
    body = {"position": 1, "matchers": ["source=probe", 'type="a b"'], "policy": "Calls", "priority": "P4"}
    missed = {"acted": 1, "useful": 0, "p2": 2, "examples": []}
    draft = {"kind": "route", "facts": facts, "method": "POST", "path": "/api/v1/routes", "body": body, "effect": {"missed": missed}}
    at, answer = timezone.now(), {"proposals": [draft]}
    NoiseReport.objects.create(since=at - timedelta(days=30), until=at, asked_at=at, state=ReplayState.DONE, answer=answer)

    (found,) = reader.read("/noise").json()["answer"]["proposals"]

    assert (found["title"], found["cost"]) == (
        "Tell “Disk {full} <b>” calmly", "Look before you do it: somebody acted on 1 of them, 2 were P2."
    )  # fmt: skip
    assert found["form"].startswith("/admin/alerts/route/add/?")
    assert "matchers=source%3Dprobe%0Atype%3D%22a+b%22&" in found["form"]
    assert [*found["body"]] == ["position", "matchers", "policy", "priority"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/noise", None), ("POST", "/noise", None), ("GET", "/noise/00000000-0000-7000-8000-000000000000", None),
     ("POST", "/noise/compare", {**RANGE, "changes": {}})],
)  # fmt: skip
def test_others_are_refused(method, path, body):
    assert make_caller("alerts.view_alert").send(path, body, method=method).status_code == 403


def told(reader, changes):
    """What ``changes`` would have meant: how many alerts people are told of, before and after, and how many are spared."""
    answer = reader.send("/noise/compare", {**RANGE, "changes": changes}).json()["answer"]
    return answer["before"]["told"], answer["after"]["told"], answer["spared"]["count"], answer["otherwise"]["count"]


def test_two_settings_are_compared_and_nothing_is_stored(house, reader):
    alert = raise_alert(at=NOON)
    lifecycle.resolve(alert, by=None, at=NOON + 10 * MINUTE)
    window = {
        "name": "Noon",
        "matchers": ["source=probe"],
        "reason": "works",
        "time_zone": "UTC",
        "begins": "11:50",
        "duration_minutes": 60,
    }

    assert told(reader, {"silences": [WORKS]}) == (1, 0, 1, 0)
    assert told(reader, {"windows": [window]}) == (1, 0, 1, 0)
    assert told(reader, {"routes": [{"position": 1, "policy": "Calls", "priority": "P5"}]}) == (1, 1, 0, 1)
    assert told(reader, {"sources": [{"slug": "probe", "enabled": False}]}) == (1, 0, 1, 0)
    assert (Route.objects.count(), house.enabled) == (1, True)


HOSTILE = [
    {"routes": [{"policy": "nobody"}]}, {"routes": [{"id": 99, "policy": "Calls"}]}, {"silences": [{**WORKS, "matchers": []}]},
    {"silences": [{**WORKS, "ends_at": "2026-04-02T00:00:00Z"}]}, {"silences": [WORKS] * 21}, {"routes": [{"matchers": ["type=~(("]}]},
    {"windows": [{"name": "x", "matchers": ["a=b"], "reason": "x", "cron": "*/2 * * * *", "duration_minutes": 1}] * 2, "what": 1},
    {"inhibitions": [{"name": "x", "source_matchers": [], "target_matchers": ["a=b"]}]}, {"sources": [{"slug": "a b"}]}, [], None,
]  # fmt: skip


@pytest.mark.parametrize("changes", HOSTILE)
def test_what_could_not_be_stored_is_refused(house, reader, changes):
    assert reader.send("/noise/compare", {**RANGE, "changes": changes}).status_code == 422
    assert Replay.objects.count() == 0


def test_a_window_that_runs_too_often_is_refused(house, reader):
    often = {"name": "x", "matchers": ["a=b"], "reason": "x", "cron": "*/2 * * * *", "duration_minutes": 1}
    asked = {"since": "2026-02-01T00:00:00Z", "until": "2026-03-03T00:00:00Z", "changes": {"windows": [often]}}

    assert "more than 2000 times" in reader.send("/noise/compare", asked).json()["detail"]


def test_all_windows_together_are_bounded(house, reader):
    often = {"name": "x", "matchers": ["a=b"], "reason": "x", "cron": "*/2 * * * *", "duration_minutes": 1}

    assert reader.send("/noise/compare", {**RANGE, "changes": {"windows": [often] * 2}}).status_code == 200
    assert reader.send("/noise/compare", {**RANGE, "changes": {"windows": [often] * 3}}).status_code == 422


def test_a_long_comparison_is_a_job(house, reader):
    raise_alert(at=NOON)
    changes = {"silences": [{**WORKS, "id": None}]}
    row = Replay.objects.create(since=NOON - HOUR, until=NOON + HOUR, asked_at=NOON, total=2000, changes=changes)

    answer = replays.carry_out(row.pk).answer

    assert (answer["reports"], answer["before"]["told"], Alert.objects.count()) == (1, 1, 1)
