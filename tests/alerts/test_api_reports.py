"""REST of raw reports and their replay."""

import pytest

from alerts import intake, job_callables, replays
from alerts.enums import ReplayState
from alerts.models import Replay, Report
from jobs.models import JobRun
from tests.callers import make_caller
from tests.conftest import HOUR, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
RANGE = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-03T00:00:00Z"}


@pytest.fixture
def house():
    make_recipient(groups=["oncall"])
    return make_source(policy=make_policy())


@pytest.fixture
def reader(db):
    return make_caller("alerts.view_report")


def test_reports_are_listed_with_their_verdict_and_raw_words(house, reader):
    alert = raise_alert(at=NOON, raw='{"source": "probe", "title": "x", "extra": 1}')
    intake.refuse(slug="probe", subject="", errors=[("title", "is empty")], raw='{"source": "probe"}', at=NOON + HOUR, by_id=None)

    listed = reader.read("/reports", source="probe").json()["items"]
    rejected = reader.read("/reports", verdict="rejected").json()["items"]

    assert [item["verdict"] for item in listed] == ["rejected", "accepted"]
    assert (listed[1]["alert"], listed[1]["raw"]["extra"], rejected[0]["reason"]) == (str(alert.pk), 1, "title: is empty")
    assert reader.read(f"/reports/{listed[1]['id']}").json() == listed[1]


def test_one_report_is_replayed(house, reader):
    raise_alert(at=NOON)

    found = reader.send(f"/reports/{Report.objects.get().pk}/replay", {"as_now": True}).json()

    assert (found["would"]["verdict"], found["would"]["policy"], len(found["steps"])) == ("accepted", "Calls", 2)


def test_a_short_stretch_is_answered_at_once(house, reader):
    raise_alert(at=NOON)

    answer = reader.send("/reports/replay", RANGE)

    assert (answer.status_code, answer.json()["answer"]["reports"]) == (200, 1)
    assert reader.read(f"/reports/replays/{answer.json()['id']}").json() == answer.json()


def test_a_long_stretch_is_a_job_whose_answer_is_asked_for_later(house, reader):
    raise_alert(at=NOON)
    row = Replay.objects.create(since=NOON - HOUR, until=NOON + HOUR, asked_at=NOON, total=1)
    assert reader.read(f"/reports/replays/{row.pk}").json()["answer"] is None

    job_callables.replay(replay=str(row.pk))

    assert reader.read(f"/reports/replays/{row.pk}").json()["answer"]["reports"] == 1


def test_a_job_is_queued_for_what_takes_longer(house, reader):
    intake.accept([report_of(number) for number in range(replays.AT_ONCE + 1)][:1000], at=NOON)
    raise_alert(at=NOON, subject="one more")

    answer = reader.send("/reports/replay", RANGE)

    assert (answer.status_code, answer.json()["state"], answer.json()["total"]) == (202, ReplayState.QUEUED, 1001)
    assert JobRun.objects.get(job__callable="alerts.replay").arguments == {"replay": answer.json()["id"]}


def test_nobody_fills_the_queue_with_replays(house, reader):
    intake.accept([report_of(number) for number in range(1000)], at=NOON)
    raise_alert(at=NOON, subject="one more")
    assert reader.send("/reports/replay", RANGE).status_code == 202

    refused = reader.send("/reports/replay", RANGE)

    assert (refused.status_code, Replay.objects.count(), JobRun.objects.count()) == (422, 1, 1)
    assert make_caller("alerts.view_report", name="sam").send("/reports/replay", RANGE).status_code == 202


def report_of(number):
    return intake.NewReport("probe", f"number {number}", subject=str(number))


@pytest.mark.parametrize("body", [
    {"since": "2026-03-02T00:00:00Z"}, {**RANGE, "until": "2026-03-01T00:00:00Z"}, {**RANGE, "until": "2027-03-03T00:00:00Z"},
    {**RANGE, "since": "soon"}, {**RANGE, "sauce": "probe"},
])  # fmt: skip
def test_a_stretch_that_cannot_be_replayed_is_422(reader, body):
    assert reader.send("/reports/replay", body).status_code == 422


def test_a_stranger_sees_nothing(house):
    raise_alert(at=NOON)
    report = Report.objects.get().pk
    caller = make_caller("alerts.report_alert", "alerts.view_alert")

    assert {
        caller.read("/reports").status_code, caller.read(f"/reports/{report}").status_code,
        caller.send(f"/reports/{report}/replay", {}).status_code, caller.send("/reports/replay", RANGE).status_code,
    } == {403}  # fmt: skip
