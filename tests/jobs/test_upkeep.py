"""The clock of the jobs, as the watchdog and the worker look at it."""

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from jobs import runs, scheduling, upkeep
from jobs.enums import RunStatus
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.jobs.factories import make_job, make_run, started

pytestmark = pytest.mark.django_db


def daily(slug="nightly"):
    job = make_job(slug, cron="0 12 * * *", time_zone="UTC")
    scheduling.reschedule(job.pk, at=NOON - HOUR)
    return job


def test_a_look_starts_what_is_due_and_says_when_to_look_again():
    job = daily()
    clock = upkeep.Clock()

    assert clock.look(at=NOON - MINUTE) == NOON
    assert clock.look(at=NOON) == NOON + timedelta(days=1)
    assert job.runs.get().status == RunStatus.QUEUED


def test_a_further_try_is_told_of_in_its_time():
    job = make_job(retries=1, retry_seconds=60)
    runs.finish(started(job).pk, status=RunStatus.ERROR, at=NOON)
    clock, before = upkeep.Clock(), OrmQ.objects.count()

    assert clock.look(at=NOON) == NOON + MINUTE
    assert clock.look(at=NOON + MINUTE) is None
    assert OrmQ.objects.count() == before + 1


def test_the_worker_starts_what_is_due_too():
    job = daily()

    upkeep.catch_up(at=NOON + SECOND)
    upkeep.catch_up(at=NOON + 2 * SECOND)

    assert job.runs.count() == 1


def test_a_run_whose_task_was_lost_is_told_of_again():
    run = make_run(make_job())
    OrmQ.objects.all().delete()

    upkeep.catch_up(at=NOON + 30 * SECOND)
    assert not OrmQ.objects.exists()
    upkeep.catch_up(at=NOON + 61 * SECOND)

    assert [task.task["args"] for task in OrmQ.objects.all()] == [(str(run.pk),)]
