import pytest

from alerts.models import Alert
from jobs import runs
from jobs.enums import RunStatus
from tests.conftest import MINUTE, NOON
from tests.factories import make_source
from tests.jobs.rows import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def source():
    return make_source("jobs")


def report(job, status, *, at=NOON):
    return runs.report(job, status=status, at=at + MINUTE, started_at=at)


def test_the_end_of_a_run_is_told_in_its_transaction():
    report(make_job(), RunStatus.ERROR)

    assert Alert.objects.get().type == "job-error"


def test_the_next_good_run_ends_it():
    job = make_job()
    report(job, RunStatus.ERROR)

    report(job, RunStatus.SUCCESS, at=NOON + 5 * MINUTE)

    assert Alert.objects.get().status == "RESOLVED"


def test_people_are_told_of_the_last_try_only():
    job = make_job(kind="http", http_url="https://example.org", retries=1)
    run = runs.queue(job, trigger="manual", at=NOON)
    runs.start(run.pk, at=NOON, worker="here")
    runs.finish(run.pk, status=RunStatus.ERROR, at=NOON + MINUTE)
    assert Alert.objects.count() == 0

    again = job.runs.get(trigger="retry")
    runs.release_due(at=NOON + 5 * MINUTE)
    runs.start(again.pk, at=NOON + 5 * MINUTE, worker="here")
    runs.finish(again.pk, status=RunStatus.ERROR, at=NOON + 6 * MINUTE)

    assert (Alert.objects.count(), ", try 2" in Alert.objects.get().description) == (1, True)
