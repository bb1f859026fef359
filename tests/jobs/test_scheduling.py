"""The clock's part: what is due is queued once, and the next slot is set."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from jobs import scheduling
from jobs.enums import CatchUp, JobKind, RunStatus, Trigger
from jobs.models import Job, JobRun
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.jobs.factories import make_job, make_run

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def daily(slug="nightly", **fields):
    """A job at noon UTC that was last looked at an hour before."""
    job = make_job(slug, **{"cron": "0 12 * * *", "time_zone": "UTC", **fields})
    scheduling.reschedule(job.pk, at=NOON - HOUR)
    job.refresh_from_db()
    return job


def test_a_saved_job_knows_its_next_slot():
    assert daily().next_run_at == NOON


def test_what_is_due_is_queued_and_the_next_slot_is_set():
    job = daily()

    assert [scheduling.start_due(at=NOON - SECOND), scheduling.start_due(at=NOON), scheduling.start_due(at=NOON)] == [0, 1, 0]

    job.refresh_from_db()
    run = job.runs.get()
    assert (run.status, run.trigger, run.scheduled_for, job.next_run_at) == ("queued", Trigger.SCHEDULER, NOON, NOON + DAY)


@pytest.mark.parametrize(("catch_up", "made"), [(CatchUp.NONE, 0), (CatchUp.ONCE, 1), (CatchUp.ALL, 3)])
def test_slots_that_passed_are_caught_up_as_the_job_says(catch_up, made):
    job = daily(catch_up=catch_up)

    scheduling.start_due(at=NOON + 2 * DAY + HOUR)

    assert job.runs.filter(status=RunStatus.QUEUED).count() == made


def test_a_paused_job_leaves_its_slots():
    job = daily(paused_until=NOON + 2 * DAY + MINUTE, catch_up=CatchUp.ALL)

    scheduling.start_due(at=NOON + DAY)
    scheduling.start_due(at=NOON + 3 * DAY)

    assert list(job.runs.values_list("scheduled_for", flat=True)) == [NOON + 3 * DAY]


@pytest.mark.parametrize("fields", [{"enabled": False}, {"cron": ""}])
def test_a_job_without_a_clock_has_no_next_run(fields):
    assert daily(**fields).next_run_at is None


def test_a_job_that_is_switched_off_after_all_is_not_queued():
    job = daily()
    Job.objects.update(enabled=False)

    scheduling.start_due(at=NOON)

    job.refresh_from_db()
    assert (job.runs.count(), job.next_run_at) == (0, None)


def test_an_external_job_is_only_moved_on():
    job = daily(kind=JobKind.EXTERNAL)

    scheduling.start_due(at=NOON)

    job.refresh_from_db()
    assert (job.runs.count(), job.next_run_at) == (0, NOON + DAY)


def test_saving_a_job_takes_no_due_slot_away_from_it():
    job = daily()

    assert scheduling.reschedule(job.pk, at=NOON + MINUTE) == NOON
    Job.objects.update(cron="0 13 * * *")
    assert scheduling.reschedule(job.pk, at=NOON + MINUTE) == NOON + HOUR


def test_a_broken_schedule_holds_up_no_other_job():
    broken, whole = daily("broken"), daily("whole")
    Job.objects.filter(pk=broken.pk).update(cron="no cron", next_run_at=NOON - MINUTE)

    scheduling.start_due(at=NOON)

    broken.refresh_from_db()
    assert (whole.runs.count(), broken.runs.count(), broken.next_run_at) == (1, 0, NOON + scheduling.AFTER_FAULT)


def test_the_next_thing_due_may_be_another_try():
    job = daily(retries=1)
    make_run(make_job("other"), at=NOON)
    JobRun.objects.update(not_before=NOON - MINUTE)

    assert scheduling.next_at() == NOON - MINUTE
    JobRun.objects.all().delete()
    assert scheduling.next_at() == job.next_run_at


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_make_one_run():
    for n in range(5):
        daily(f"job-{n}")

    def look():
        scheduling.start_due(at=NOON)
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    scheduling.start_due(at=NOON)
    assert JobRun.objects.count() == 5


def test_what_a_clock_that_was_ahead_had_planned_is_planned_anew():
    job = daily()
    scheduling.start_due(at=NOON + 30 * DAY + HOUR)

    assert [scheduling.turn_back(at=NOON + MINUTE), scheduling.turn_back(at=NOON + MINUTE)] == [1, 0]

    job.refresh_from_db()
    assert (job.next_run_at, job.runs.get().scheduled_for) == (NOON + DAY, None)


def test_a_job_whose_schedule_cannot_be_read_keeps_no_other_from_being_planned_anew():
    broken, job = daily("broken"), daily()
    Job.objects.filter(pk=broken.pk).update(time_zone="Atlantis/Sunken", next_run_at=NOON + 30 * DAY)
    Job.objects.filter(pk=job.pk).update(next_run_at=NOON + 30 * DAY)

    assert scheduling.turn_back(at=NOON - HOUR) == 1
