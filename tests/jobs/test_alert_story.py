"""What jobs tell of an alert: its run, and the end of what it printed."""

import pytest

from alerts import story
from alerts.models import Alert
from jobs import job_alerts
from jobs.enums import RunStatus
from tests.conftest import HOUR, NOON
from tests.factories import make_source, raise_alert
from tests.jobs.rows import make_job, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    make_source("jobs")
    run = make_run(make_job(), RunStatus.ERROR, seconds=192, message="exit code 2", error="x" * 5000 + "\nno such table", output="row 1")
    job_alerts.ended(run, at=NOON + HOUR)
    return run


def read(alert, *, may=lambda _: True):
    told = story.read(alert.pk, may=may, at=NOON + HOUR)
    return [entry for entry in told.entries if entry.kind == "run"], told.left_out


def test_the_run_is_told_with_the_end_of_its_error_and_output(run):
    (wanted, started, ended), _ = read(Alert.objects.get())

    assert (wanted.at, started.text, ended.text) == (NOON, "The run of Import started.", "The run ended with an error.")
    assert ended.quoted.endswith("no such table\n\nrow 1")
    assert len(ended.quoted) < 2100


def test_who_may_not_see_runs_is_told_that_it_is_missing(run):
    entries, left_out = read(Alert.objects.get(), may=lambda permission: permission != "jobs.view_jobrun")

    assert (entries, any("run is left out" in text for text in left_out)) == ([], True)


def test_a_label_that_somebody_wrote_names_no_other_jobs_run(run):
    other = make_run(make_job("other"), RunStatus.ERROR, output="secret")
    Alert.objects.update(labels={"run": str(other.pk)})

    entries, left_out = read(Alert.objects.get())

    assert (entries, "The job's run is no longer kept." in left_out) == ([], True)


@pytest.mark.parametrize("label", ["", "no id", "../../x", "0" * 5000])
def test_an_alert_of_somebody_else_is_about_no_run(run, label):
    forged = raise_alert(at=NOON, source="jobs", title="x", type="job-error", dedup_key="mine", labels={"run": label[:1000]})

    assert read(forged)[0] == []
