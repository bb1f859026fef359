from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from jobs import watching
from jobs.enums import RunStatus, Trigger
from jobs.models import Job
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_source
from tests.jobs.rows import make_job, make_run

pytestmark = pytest.mark.django_db
SLOT = NOON
"""The jobs here run at noon; their grace is five minutes."""
LATE = SLOT + 5 * MINUTE


@pytest.fixture(autouse=True)
def source():
    return make_source("jobs")


@pytest.fixture
def job():
    return make_job("import", name="Nightly import", kind="http", http_url="https://example.org", cron="0 12 * * *")


def kinds():
    return sorted(Alert.objects.values_list("type", "status"))


def test_what_nothing_started_is_told_when_its_grace_is_over_and_once(job):
    Job.objects.filter(pk=job.pk).update(changed_at=SLOT - HOUR)

    found = [watching.sweep(at=at) for at in (LATE - MINUTE, LATE, LATE + MINUTE)]

    assert (found, kinds()) == ([0, 1, 0], [("job-late", "PENDING")])
    assert "It should have started at 2026-03-02 12:00:00 (UTC), 5 min ago." in Alert.objects.get().description


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.SUCCESS, RunStatus.ERROR, RunStatus.ORPHANED])
def test_what_started_is_not_late(job, status):
    make_run(job, status, at=SLOT + MINUTE, scheduled_for=SLOT)

    watching.sweep(at=LATE)

    assert "job-late" not in dict(kinds())


def test_what_was_skipped_is_not_late(job):
    make_run(job, RunStatus.SKIPPED, at=SLOT, scheduled_for=SLOT, started_at=None)

    assert watching.sweep(at=LATE) == 0


def test_what_waits_in_the_queue_is_late_and_names_its_run(job):
    run = make_run(job, RunStatus.QUEUED, at=SLOT, scheduled_for=SLOT, started_at=None)

    watching.sweep(at=LATE)

    assert str(run.pk) in Alert.objects.get().description


def test_what_is_caught_up_after_an_outage_has_its_grace_to_start(job):
    make_run(job, RunStatus.QUEUED, at=SLOT + 8 * HOUR, scheduled_for=SLOT, started_at=None)

    assert [watching.sweep(at=SLOT + 8 * HOUR + n * MINUTE) for n in (0, 4, 5)] == [0, 0, 1]


def test_a_run_by_hand_before_its_time_does_not_count(job):
    make_run(job, at=SLOT - HOUR, trigger=Trigger.MANUAL)

    assert watching.sweep(at=LATE) == 1


def test_yesterdays_run_does_not_count(job):
    make_run(job, at=SLOT - 24 * HOUR, scheduled_for=SLOT - 24 * HOUR)

    assert watching.sweep(at=LATE) == 1


def test_an_external_program_with_a_fast_clock_is_not_late():
    make_run(make_job(cron="0 12 * * *"), at=SLOT - 2 * MINUTE, trigger=Trigger.API)

    assert watching.sweep(at=LATE) == 0


@pytest.mark.parametrize("field", [{"enabled": False}, {"cron": ""}, {"paused_until": LATE + HOUR}, {"paused_until": SLOT}])
def test_nothing_is_expected_of_what_is_off_or_paused_or_has_no_schedule(job, field):
    Job.objects.filter(pk=job.pk).update(**field)

    assert watching.sweep(at=LATE) == 0


def test_slots_before_the_job_was_last_saved_do_not_count(job):
    Job.objects.filter(pk=job.pk).update(changed_at=SLOT + MINUTE)

    assert (watching.sweep(at=LATE), watching.sweep(at=LATE + 24 * HOUR)) == (0, 1)


def test_the_hour_that_the_clocks_skip_comes_at_the_jump():
    make_job("night", cron="30 2 * * *", time_zone="Europe/Paris")
    spring = NOON.replace(month=3, day=29, hour=1)

    found = [watching.sweep(at=spring - 24 * HOUR + 31 * MINUTE + MINUTE * 5), watching.sweep(at=spring + 6 * MINUTE)]

    assert (found, Alert.objects.get().occurrences) == ([1, 1], 2)


def test_a_late_one_that_starts_ends_the_alert(job):
    watching.sweep(at=LATE)
    make_run(job, RunStatus.RUNNING, at=LATE + MINUTE, scheduled_for=SLOT)

    watching.sweep(at=LATE + 2 * MINUTE)

    alert = Alert.objects.get()
    assert (alert.status, alert.resolution) == ("RESOLVED", "recovered")


@pytest.mark.parametrize("change", [{"enabled": False}, {"paused_until": LATE + HOUR}, {"cron": ""}])
def test_nobody_is_kept_waiting_for_a_job_that_is_off(job, change):
    watching.sweep(at=LATE)
    Job.objects.filter(pk=job.pk).update(**change)

    watching.sweep(at=LATE + MINUTE)

    assert kinds() == [("job-late", "RESOLVED")]


def test_the_alerts_of_a_deleted_job_end(job):
    watching.sweep(at=LATE)
    job.delete()

    watching.sweep(at=LATE + MINUTE)

    assert kinds() == [("job-late", "RESOLVED")]


def test_what_runs_too_long_is_told_once_with_how_far_it_is():
    job = make_job("import", long_seconds=600, timeout_seconds=3600)
    make_run(job, at=NOON - 24 * HOUR, seconds=100)
    make_run(job, RunStatus.RUNNING, at=NOON, progress={"what": "copying", "done": 3, "of": 9})

    found = [watching.sweep(at=NOON + n * MINUTE) for n in (9, 10, 11)]

    text = Alert.objects.get(type="job-long").description
    assert found == [0, 1, 0]
    for fact in ("running for 10 min; it should be done after 10 min", "usually takes 1 min 40 s", "copying, 3/9", "2026-03-02 13:00:00"):
        assert fact in text


def test_without_a_limit_nothing_runs_too_long():
    make_run(make_job(), RunStatus.RUNNING, at=NOON)

    assert watching.sweep(at=NOON + timedelta(days=3)) == 0


def test_a_schedule_that_cannot_be_read_does_not_keep_others_from_being_watched(job, caplog):
    Job.objects.filter(pk=make_job("broken", cron="1 1 1 1 1").pk).update(cron="every full moon")

    assert (watching.sweep(at=LATE), "broken" in caplog.text) == (1, True)


def test_the_watch_costs_as_many_queries_for_three_jobs_as_for_one(job):
    def queries():
        with CaptureQueriesContext(connection) as found:
            watching.sweep(at=LATE)
        return len(found)

    make_run(job, at=SLOT, scheduled_for=SLOT)
    before = queries()
    for slug in ("export", "report"):
        make_run(make_job(slug, cron="0 12 * * *"), at=SLOT, scheduled_for=SLOT)

    assert queries() == before


def test_two_watchers_at_once_tell_it_once(job):
    (due,) = [each for each, _ in watching._late(at=LATE)]
    watching.sweep(at=LATE)

    assert (watching.job_alerts.late(due.job, due.slot, None, at=LATE), Alert.objects.get().occurrences) == (False, 1)


def test_a_failure_that_was_not_told_is_told_here_once(job):
    make_run(job, RunStatus.ERROR, at=SLOT, scheduled_for=SLOT)

    found = [watching.sweep(at=SLOT + n * MINUTE) for n in (1, 2, 3)]

    assert (found, kinds()) == ([0, 1, 0], [("job-error", "PENDING")])


@pytest.mark.parametrize("after", [RunStatus.SUCCESS, RunStatus.QUEUED, RunStatus.RUNNING])
def test_a_failure_that_is_not_the_last_word_is_left(job, after):
    make_run(job, RunStatus.ERROR, at=SLOT, scheduled_for=SLOT)
    make_run(job, after, at=SLOT + MINUTE)

    assert watching.sweep(at=SLOT + 4 * MINUTE) == 0


def test_what_a_clock_that_was_ahead_wrote_down_stands_for_no_slot_of_today(job):
    make_run(job, RunStatus.SUCCESS, at=SLOT + 240 * HOUR, scheduled_for=SLOT + 240 * HOUR)
    Job.objects.filter(pk=job.pk).update(changed_at=SLOT + 240 * HOUR)

    assert watching.sweep(at=LATE) == 1
