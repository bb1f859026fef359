"""One entry for each expected run, one alert for each bad one; the newest report decides, and nothing is decided twice."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from alerts.enums import AlertStatus
from alerts.models import Alert
from backups import entries, when
from backups.enums import BackupStatus, BackupVerdict, Frequency, ReportedBy, Suspicion
from backups.evidence import Reported
from backups.expectations import Cycle
from backups.models import BackupEntry, ExpectedBackupJob
from tests.backups.factories import DAY, evidence, make_job, make_sources
from tests.conftest import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db
DUE = NOON + 30 * MINUTE
FAILED, SUCCESS, MISSING = BackupVerdict.FAILED, BackupVerdict.SUCCESS, BackupVerdict.MISSING


@pytest.fixture(autouse=True)
def sources():
    make_sources()


@pytest.fixture
def job():
    return make_job()


def only(job):
    return BackupEntry.objects.get(expected_job=job)


def state(job):
    job.refresh_from_db()
    return job.current_status, job.next_expected_at, job.overdue_at


def alerts():
    return list(Alert.objects.order_by("number").values_list("type", "status", "occurrences"))


def miss(job, at, **fields):
    return entries.missed(job.pk, Cycle(at - HOUR, at, at + HOUR), at=at + HOUR, **{"told": True, **fields})


def test_a_success_is_written_and_the_next_run_waited_for(job):
    report = evidence(content_hash="ab" * 32, size_bytes=100, reported=Reported(agent_id="ACME_PARIS_NORTH"))

    decided = entries.decide(job.pk, report)

    entry = only(job)
    assert decided == (job.pk, entry.pk, DUE, True)
    assert (entry.status, entry.reports, entry.agent_id, entry.size_bytes) == (SUCCESS, 1, "ACME_PARIS_NORTH", 100)
    assert state(job) == (BackupStatus.OK, DUE + DAY, DUE + DAY + HOUR)
    assert (job.last_successful_backup_utc, job.previous_successful_hash_global) == (DUE, "ab" * 32)
    assert alerts() == []


def test_the_same_report_again_changes_nothing_and_tells_nobody(job):
    entries.decide(job.pk, evidence(verdict=FAILED))
    before = BackupEntry.objects.values().get()

    again = entries.decide(job.pk, evidence(verdict=SUCCESS, judged_at=NOON + 5 * HOUR))

    assert not again.changed
    assert BackupEntry.objects.values().get() == before
    assert alerts() == [("backup-failed", AlertStatus.PENDING, 1)]


def test_a_bad_run_is_an_alert_that_its_next_success_resolves(job):
    entries.decide(job.pk, evidence(verdict=FAILED))
    assert only(job).alert == Alert.objects.get()

    entries.decide(job.pk, evidence("b", at=DUE + DAY))

    assert alerts() == [("backup-failed", AlertStatus.RESOLVED, 1)]
    assert [entry.status for entry in BackupEntry.objects.order_by("cycle_at")] == [FAILED, SUCCESS]


def test_of_two_reports_about_one_run_the_newest_decides_in_either_order(job):
    other = make_job("other")
    first, second = evidence("a", verdict=FAILED), evidence("b", at=DUE + 10 * MINUTE)

    for report in (first, second, first):
        entries.decide(job.pk, report)
    for report in (second, first, second, first):
        entries.decide(other.pk, report)

    assert [(e.status, e.reports, e.report_key) for e in BackupEntry.objects.order_by("pk")] == [(SUCCESS, 2, "b")] * 2
    assert alerts() == [("backup-failed", AlertStatus.RESOLVED, 1)]


def test_a_failure_after_a_success_of_the_same_run_is_told(job):
    entries.decide(job.pk, evidence())
    entries.decide(job.pk, evidence("b", at=DUE + MINUTE, verdict=FAILED))

    assert (only(job).status, state(job)[0]) == (FAILED, BackupStatus.FAILED)
    assert alerts() == [("backup-failed", AlertStatus.PENDING, 1)]


def test_a_run_nobody_reported_is_written_and_told_once(job):
    assert miss(job, DUE).changed
    assert miss(job, DUE) is None

    assert (only(job).status, only(job).reports) == (MISSING, 0)
    assert state(job) == (BackupStatus.MISSING, DUE + DAY, DUE + DAY + HOUR)
    assert alerts() == [("backup-missing", AlertStatus.PENDING, 1)]


def test_a_late_report_changes_the_missing_entry_and_resolves(job):
    miss(job, DUE)

    entries.decide(job.pk, evidence(at=DUE + 3 * HOUR))

    assert (only(job).status, only(job).was_missing, only(job).reports) == (SUCCESS, True, 1)
    assert state(job) == (BackupStatus.OK, DUE + DAY, DUE + DAY + HOUR)
    assert alerts() == [("backup-missing", AlertStatus.RESOLVED, 1)]


def test_a_report_from_before_does_not_make_a_newer_run_good(job):
    miss(job, DUE)
    miss(job, DUE + DAY)

    entries.decide(job.pk, evidence(at=DUE + HOUR, judged_at=DUE + 2 * DAY))

    assert [entry.status for entry in BackupEntry.objects.order_by("cycle_at")] == [SUCCESS, MISSING]
    assert state(job)[0] == BackupStatus.MISSING
    assert sorted(status for _, status, _ in alerts()) == [AlertStatus.PENDING, AlertStatus.RESOLVED]


def test_a_run_that_was_skipped_stays_due_and_is_written_quietly_behind_a_success(job):
    entries.decide(job.pk, evidence(at=DUE + DAY))
    assert state(job) == (BackupStatus.OK, DUE, DUE + HOUR)

    entries.missed(job.pk, Cycle(DUE - HOUR, DUE, DUE + HOUR), at=DUE + DAY + HOUR, told=True)
    assert not miss(job, DUE + DAY).changed

    assert [entry.status for entry in BackupEntry.objects.order_by("cycle_at")] == [MISSING, SUCCESS]
    assert state(job) == (BackupStatus.OK, DUE + 2 * DAY, DUE + 2 * DAY + HOUR)
    assert alerts() == []


def test_a_report_over_midnight_is_about_the_day_it_belongs_to():
    job = make_job(expected_hour_utc=0, expected_minute_utc=10)

    entries.decide(job.pk, evidence(at=NOON + 11 * HOUR + 55 * MINUTE))

    assert only(job).cycle_at == NOON + 12 * HOUR + 10 * MINUTE


def test_nobody_is_told_about_a_job_that_is_switched_off(job):
    ExpectedBackupJob.objects.filter(pk=job.pk).update(is_active=False)
    entries.expect(job.pk, at=NOON)

    entries.decide(job.pk, evidence(verdict=FAILED))

    assert state(job) == (BackupStatus.FAILED, None, None)
    assert alerts() == []


def test_what_does_not_fit_is_cut_and_never_an_error(job):
    reported = Reported(
        agent_transfer_error_message="no\0space " * 500, agent_reported_size_bytes=10**30,
        agent_staged_file_name="a\ud800" + "b" * 900,
        agent_stages={"BACKUP": {"hash": "\0", "size": 10**400, "deep": [float("nan")]}}, agent_logs_summary="x" * 200_000,
    )  # fmt: skip

    entries.decide(job.pk, evidence("k" * 500, message="m" * 900, size_bytes=-(2**80), duration_seconds=float("inf"), reported=reported))

    entry = only(job)
    assert (len(entry.report_key), len(entry.message), entry.size_bytes, entry.duration_seconds) == (120, 500, None, None)
    assert (len(entry.agent_transfer_error_message), entry.agent_reported_size_bytes) == (1000, None)
    assert entry.agent_stages == {"BACKUP": {"hash": "�", "size": None, "deep": [None]}}


def test_a_pinged_job_has_an_entry_for_each_ping_and_is_overdue_after_its_period():
    job = make_job(period_seconds=3600, grace_minutes=10)
    assert state(job)[1:] == (NOON + HOUR, NOON + HOUR + 10 * MINUTE)

    entries.decide(job.pk, evidence(at=NOON + MINUTE, reported_by=ReportedBy.PING))
    entries.decide(job.pk, evidence("b", at=NOON + 2 * MINUTE, reported_by=ReportedBy.PING))

    assert BackupEntry.objects.count() == 2
    assert state(job) == (BackupStatus.OK, NOON + HOUR + 2 * MINUTE, NOON + HOUR + 12 * MINUTE)


def test_a_pinged_job_that_is_missing_is_told_once_and_waited_for_after_its_next_ping():
    job = make_job(period_seconds=3600, grace_minutes=60)
    miss(job, NOON + HOUR)
    assert state(job) == (BackupStatus.MISSING, None, None)

    entries.decide(job.pk, evidence(at=NOON + 5 * HOUR, reported_by=ReportedBy.PING))

    assert state(job) == (BackupStatus.OK, NOON + 6 * HOUR, NOON + 7 * HOUR)
    assert alerts() == [("backup-missing", AlertStatus.RESOLVED, 1)]


def test_a_pinged_job_that_started_must_end_within_its_grace():
    job, rid = make_job(period_seconds=3600, grace_minutes=10), uuid4()
    entries.started(job.pk, at=NOON + MINUTE, rid=rid)
    assert state(job)[2] == NOON + 11 * MINUTE

    entries.decide(job.pk, evidence(at=NOON + 2 * MINUTE, evidence={"rid": str(uuid4())}))
    job.refresh_from_db()
    assert job.started_rid == rid

    entries.decide(job.pk, evidence("b", at=NOON + 3 * MINUTE, evidence={"rid": str(rid)}))
    job.refresh_from_db()
    assert (job.started_at, job.started_rid) == (None, None)


def test_a_changed_time_is_waited_for_and_a_due_run_stays_due(job):
    entries.expect(job.pk, at=DUE + MINUTE)
    assert state(job)[1:] == (DUE, DUE + HOUR)

    ExpectedBackupJob.objects.filter(pk=job.pk).update(expected_hour_utc=15)
    entries.expect(job.pk, at=DUE + MINUTE)

    assert state(job)[1:] == (DUE + 3 * HOUR, DUE + 4 * HOUR)


def test_many_are_decided_as_one_by_one(job):
    jobs = [job, *(make_job(f"db{n}") for n in range(5))]
    entries.decide(jobs[0].pk, evidence("x", at=DUE - DAY, verdict=FAILED))
    pairs = [(each.pk, evidence(str(n), verdict=FAILED if n == 3 else SUCCESS)) for n, each in enumerate(jobs)]

    decided = entries.decide_many([*pairs, (uuid4(), evidence("gone"))])

    assert [(each.job_id, each.changed) for each in decided] == [(each.pk, True) for each in jobs]
    assert [each.changed for each in entries.decide_many(pairs)] == [False] * 6
    assert sorted(alerts()) == [("backup-failed", AlertStatus.PENDING, 1), ("backup-failed", AlertStatus.RESOLVED, 1)]
    assert [state(each)[0] for each in jobs] == ["ok", "ok", "ok", "failed", "ok", "ok"]


def test_what_a_scan_decides_was_checked_then_and_a_ping_says_nothing_of_that(job):
    pinged = make_job("pinged")

    entries.decide_many([(job.pk, evidence("scanned"))], checked_at=DUE + HOUR)
    entries.decide_many([(job.pk, evidence("late"))], checked_at=DUE)
    entries.decide_many([(pinged.pk, evidence("ping"))])

    job.refresh_from_db()
    pinged.refresh_from_db()
    assert (job.last_checked_at_utc, pinged.last_checked_at_utc) == (DUE + HOUR, None)


def test_unchanged_content_is_flagged_and_an_alert_only_where_change_is_expected(job):
    eager = make_job("eager", change_expected=True)
    for each in (job, eager):
        entries.decide(each.pk, evidence(content_hash="ab" * 32))
        entries.decide(each.pk, evidence("b", at=DUE + DAY, content_hash="ab" * 32))

    flagged = BackupEntry.objects.filter(suspicions__contains=[Suspicion.UNCHANGED], hash_comparison_result=False)
    assert flagged.count() == 2
    assert Alert.objects.get().subject.endswith("/eager")


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_one_run_at_once_make_one_entry_and_one_alert(job):
    start = threading.Barrier(4)

    def decide():
        try:
            start.wait()
            found.append(entries.decide(job.pk, evidence(verdict=FAILED)).changed)
        finally:
            connection.close()

    found: list[bool] = []
    threads = [threading.Thread(target=decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sorted(found), BackupEntry.objects.count()) == ([False, False, False, True], 1)
    assert alerts() == [("backup-failed", AlertStatus.PENDING, 1)]


def test_once_has_no_run_after_its_day():
    job = make_job(backup_frequency=Frequency.ONCE, once_on=NOON.date())
    entries.decide(job.pk, evidence())

    assert state(job)[1:] == (None, None)
    assert when.following(job, DUE) is None


@pytest.mark.django_db(transaction=True)
def test_many_that_are_decided_by_two_at_once_are_each_decided_once(job):
    jobs = [job, *(make_job(f"db{n}") for n in range(7))]
    for each in jobs:
        entries.decide(each.pk, evidence("bad", verdict=FAILED))
    pairs = [(each.pk, evidence("good", at=DUE + MINUTE)) for each in jobs]
    start, found = threading.Barrier(3), []

    def decide(order):
        try:
            start.wait(60)
            found.extend(each.changed for each in entries.decide_many(order))
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(order,)) for order in (pairs, pairs[::-1], pairs[3:] + pairs[:3])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert (found.count(True), len(found)) == (8, 24)
    assert set(BackupEntry.objects.values_list("status", "reports")) == {(SUCCESS, 2)}
    assert set(Alert.objects.values_list("status", flat=True)) == {AlertStatus.RESOLVED}


def test_a_job_that_is_deleted_while_it_is_decided_leaves_nothing_behind(job):
    ExpectedBackupJob.objects.filter(pk=job.pk).delete()

    with pytest.raises(ExpectedBackupJob.DoesNotExist):
        entries.decide(job.pk, evidence())
    assert entries.decide_many([(job.pk, evidence())]) == []
    assert miss(job, DUE) is None
