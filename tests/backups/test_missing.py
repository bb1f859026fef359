"""What nobody reported in time is written once, and told once, whoever sweeps and however long nobody did."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from alerts.models import Alert
from backups import config, entries, missing
from backups.enums import BackupStatus, BackupVerdict, Frequency, ReportedBy
from backups.models import BackupEntry, ExpectedBackupJob
from tests.backups.factories import DAY, evidence, make_job, make_sources
from tests.conftest import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db
DUE = NOON + 30 * MINUTE
DEADLINE = DUE + HOUR


@pytest.fixture(autouse=True)
def sources():
    make_sources()


@pytest.fixture
def job():
    return make_job()


def missed():
    found = BackupEntry.objects.filter(status=BackupVerdict.MISSING).order_by("cycle_at")
    return list(found.values_list("cycle_at", flat=True))


def test_nothing_is_missing_before_its_deadline(job):
    assert missing.sweep(at=DEADLINE - timedelta(seconds=1)) == 0
    assert (missed(), missing.next_at()) == ([], DEADLINE)


def test_at_the_deadline_it_is_written_and_told_once(job):
    assert [missing.sweep(at=DEADLINE + n * MINUTE) for n in range(3)] == [1, 0, 0]

    job.refresh_from_db()
    assert (missed(), job.current_status, missing.next_at()) == ([DUE], BackupStatus.MISSING, DEADLINE + DAY)
    assert Alert.objects.values_list("type", "occurrences").get() == ("backup-missing", 1)


def test_after_an_outage_each_run_has_its_entry_and_only_the_newest_calls(job):
    missing.sweep(at=DEADLINE + 4 * DAY)

    alert = Alert.objects.get()
    assert missed() == [DUE + n * DAY for n in range(5)]
    assert alert.dedup_key.endswith("2026-03-06T12:30:00.000Z")
    assert "Missed before, too: Thu 5 March, 12:30; Wed 4 March, 12:30; Tue 3 March, 12:30; Mon 2 March, 12:30" in alert.description


def test_a_long_outage_is_caught_up_in_bounded_parts_and_told_at_its_end(job):
    ExpectedBackupJob.objects.update(backup_frequency=Frequency.HOURLY)
    entries.expect(job.pk, at=NOON)
    until = DEADLINE + 8 * HOUR

    rounds = [(missing.sweep(at=until, limit=1, cycles=6), len(missed()), Alert.objects.count()) for _ in range(3)]

    assert rounds == [(1, 6, 0), (1, 9, 1), (0, 9, 1)]


def test_a_late_report_takes_it_back(job):
    missing.sweep(at=DEADLINE)

    entries.decide(job.pk, evidence(at=DEADLINE + MINUTE))

    entry = BackupEntry.objects.get()
    assert (entry.status, entry.was_missing, Alert.objects.get().resolution) == (BackupVerdict.SUCCESS, True, "recovered")


@pytest.mark.parametrize("period", [None, 3600])
def test_what_is_switched_off_is_never_missing(period):
    job = make_job(period_seconds=period)
    ExpectedBackupJob.objects.filter(pk=job.pk).update(is_active=False)

    assert (missing.sweep(at=DEADLINE + DAY), missing.next_at(), missed()) == (0, None, [])


def test_a_job_pinged_at_any_time_is_missed_once_until_it_comes_back():
    job = make_job(period_seconds=3600, grace_minutes=10)
    entries.decide(job.pk, evidence("one", at=NOON))

    assert [missing.sweep(at=NOON + 70 * MINUTE), missing.sweep(at=NOON + DAY)] == [1, 0]
    entries.decide(job.pk, evidence("two", at=NOON + DAY))
    assert missing.next_at() == NOON + DAY + 70 * MINUTE


def test_started_and_never_ended_is_what_the_message_says(job):
    entries.started(job.pk, at=DUE + MINUTE, rid=None)

    missing.sweep(at=DEADLINE)

    assert "It was started (Mon 2 March 2026, 12:31 (UTC)), and never said that it ended." in Alert.objects.get().description


def test_a_start_of_another_day_is_not_the_start_of_this_run(job):
    entries.started(job.pk, at=DUE - 3 * DAY, rid=None)

    missing.sweep(at=DEADLINE)

    assert "started" not in Alert.objects.get().description.partition("What to do")[0]


def test_one_job_that_cannot_be_judged_hides_no_other(job, caplog):
    broken = make_job("broken")
    ExpectedBackupJob.objects.filter(pk=broken.pk).update(timezone="Atlantis/Sunken", overdue_at=DUE)

    assert missing.sweep(at=DEADLINE) == 1

    assert (missed(), "could not be written down" in caplog.text) == ([DUE], True)


def test_what_one_runner_holds_another_passes_over(job, transactional_db):
    with transaction.atomic():
        ExpectedBackupJob.objects.select_for_update().get(pk=job.pk)
        other = _in_thread(lambda: missing.sweep(at=DEADLINE))

    assert (other, missing.sweep(at=DEADLINE)) == (0, 1)


def test_many_runners_at_once_write_and_tell_each_once(transactional_db):
    jobs = [make_job(f"db{number}") for number in range(12)]
    threads = [threading.Thread(target=_closing, args=(lambda: missing.sweep(at=DEADLINE),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert BackupEntry.objects.count() == Alert.objects.count() == len(jobs)
    assert set(Alert.objects.values_list("occurrences", flat=True)) == {1}


def _in_thread(work):
    found = []
    thread = threading.Thread(target=_closing, args=(lambda: found.append(work()),))
    thread.start()
    thread.join()
    return found[0]


def _closing(work):
    try:
        work()
    finally:
        connection.close()


def test_what_may_lie_unread_in_its_agents_folder_waits_for_the_next_scan(job):
    entries.checked([job.agent_id_responsible], at=DEADLINE - MINUTE)
    early = missing.sweep(at=DEADLINE + MINUTE)

    entries.checked([job.agent_id_responsible], at=DEADLINE + 2 * MINUTE)

    assert (early, missing.sweep(at=DEADLINE + 3 * MINUTE), missed()) == (0, 1, [DUE])


@pytest.mark.parametrize(("began", "found"), [(None, 1), (-DAY, 1), (3 * HOUR, 0)])
def test_a_scan_is_not_waited_for_longer_than_it_may_take_to_come(job, began, found):
    entries.checked([job.agent_id_responsible], at=NOON)
    up_since = None if began is None else DEADLINE + began

    assert missing.sweep(at=DEADLINE + 3 * HOUR, up_since=up_since) == found


@pytest.mark.parametrize("fields", [{"reported_by": ReportedBy.PING}, {"period_seconds": 60, "grace_minutes": 30}])
def test_what_is_pinged_waits_for_no_scan(fields):
    job = make_job(**fields)
    entries.checked([job.agent_id_responsible], at=NOON)

    assert missing.sweep(at=DEADLINE) == 1


def test_a_ping_that_is_missing_when_its_job_is_switched_on_again_is_waited_for(user):
    job = make_job(period_seconds=3600, grace_minutes=10)
    missing.sweep(at=NOON + 70 * MINUTE)
    config.switch([job.pk], on=False, by=user, at=NOON + 2 * HOUR)

    config.switch([job.pk], on=True, by=user, at=NOON + 3 * HOUR)

    assert missing.sweep(at=NOON + 4 * HOUR + 10 * MINUTE) == 1
    assert sorted(Alert.objects.values_list("status", flat=True)) == ["PENDING", "RESOLVED"]


@pytest.mark.parametrize("fields", [{}, {"period_seconds": 3600}])
def test_a_success_from_a_clock_that_is_ahead_hides_nothing_of_today(fields):
    job = make_job(**fields)
    entries.decide(job.pk, evidence("ahead", at=DUE + DAY, judged_at=NOON))

    entries.decide(job.pk, evidence("now", at=DUE, verdict=BackupVerdict.FAILED))

    job.refresh_from_db()
    assert (job.current_status, Alert.objects.get().type) == (BackupStatus.FAILED, "backup-failed")


@pytest.mark.parametrize("fields", [{}, {"period_seconds": 3600}])
def test_when_the_clock_was_ahead_the_runs_that_it_passed_are_waited_for_again(fields):
    job = make_job(**fields)
    missing.sweep(at=DEADLINE + 30 * DAY)
    entries.decide(job.pk, evidence("ahead", at=DEADLINE + 30 * DAY + 2 * HOUR))

    assert [entries.turn_back(at=NOON + MINUTE), entries.turn_back(at=NOON + MINUTE)] == [1, 0]

    job.refresh_from_db()
    assert (job.last_cycle_at, job.current_status, missed()) == (None, BackupStatus.UNKNOWN, [])
    assert missing.sweep(at=NOON + 3 * HOUR) == 1


def test_an_alert_about_a_run_still_to_come_is_over_with_a_success_of_today(job):
    missing.sweep(at=DEADLINE + 30 * DAY)
    entries.turn_back(at=NOON)

    entries.decide(job.pk, evidence("today"))

    assert Alert.objects.get().resolution == "recovered"


def test_a_pinged_job_that_hangs_after_its_start_is_missing_and_over_with_its_next_success():
    job = make_job(period_seconds=86_400, grace_minutes=10)
    entries.started(job.pk, at=NOON, rid=None)
    missing.sweep(at=NOON + 11 * MINUTE)

    entries.decide(job.pk, evidence("late", at=NOON + 20 * MINUTE, reported_by=ReportedBy.PING))

    job.refresh_from_db()
    assert (missed(), job.current_status, Alert.objects.get().resolution) == ([NOON + 10 * MINUTE], BackupStatus.OK, "recovered")
