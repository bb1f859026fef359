"""Verdicts about jobs as a scan read them: nothing is held, unless somebody changed one of them meanwhile."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from backups import entries, matching
from backups.enums import BackupVerdict
from backups.models import BackupEntry, ExpectedBackupJob
from tests.backups.factories import DAY, evidence, make_job, make_sources
from tests.backups.test_many import stored
from tests.backups.test_scans_killed import until
from tests.backups.test_sharing import waiting
from tests.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)
DUE = NOON + timedelta(minutes=30)
SCANNED = NOON + timedelta(hours=1)
SAID = [
    [{}, {}, {}],
    [{"verdict": BackupVerdict.FAILED, "message": "Disk full."}, {"content_hash": "ab" * 32}, {"at": DUE + timedelta(minutes=7)}],
    [{"at": DUE - 3 * DAY}, {}, {"suspicions": ["unreadable"]}],
]


@pytest.fixture(params=["one version", "versions of their own"])
def jobs(request):
    make_sources()
    found = [make_job(f"base{number}") for number in range(3)]
    if request.param == "one version":
        ExpectedBackupJob.objects.update(city="Paris")
    return found


def read(jobs):
    """These jobs, as a scan reads them."""
    found = {
        listed.pk: listed for own in matching._jobs({jobs[0].agent_id_responsible}).values() for all_ in own.values() for listed in all_
    }
    return [found[job.pk] for job in jobs]


def decide(listed, reports):
    """Whether anything was held for it."""
    with CaptureQueriesContext(connection) as statements:
        entries.decide_read(list(zip(listed, reports, strict=True)), checked_at=SCANNED)
    return any("FOR NO KEY UPDATE" in (said := str(each["sql"])) and "backups_expectedbackupjob" in said for each in statements)


def states():
    return list(ExpectedBackupJob.objects.order_by("pk").values_list("current_status", "last_cycle_at", "next_expected_at"))


@pytest.mark.parametrize("said", SAID)
def test_it_is_what_deciding_about_jobs_that_are_held_comes_to(jobs, said):
    others = [make_job(f"other{number}") for number in range(3)]
    entries.decide_many([(job.pk, evidence(**fields)) for job, fields in zip(others, said, strict=True)], checked_at=SCANNED)

    assert decide(read(jobs), [evidence(**fields) for fields in said]) is False

    assert [stored(job) for job in jobs] == [stored(job) for job in others]
    assert {job.last_checked_at_utc for job in [*jobs, *others] if job.refresh_from_db() is None} == {SCANNED}
    bad = sum("verdict" in fields for fields in said)
    assert Alert.objects.filter(type="backup-failed").count() == 2 * bad


def test_a_night_after_others_is_compared_with_them(jobs):
    for night in range(5, 0, -1):
        entries.decide_many([(job.pk, evidence(f"{night}", at=DUE - night * DAY, size_bytes=10**6)) for job in jobs])

    assert decide(read(jobs), [evidence("now", size_bytes=size) for size in (10**6, 10, 10**6)]) is False

    assert list(BackupEntry.objects.filter(report_key="now").order_by("expected_job").values_list("suspicions", flat=True)) == [
        [], ["too_small"], [],
    ]  # fmt: skip


def test_what_somebody_decided_meanwhile_stays(jobs):
    listed = read(jobs)
    entries.decide(jobs[1].pk, evidence("newer", at=DUE + timedelta(minutes=5), verdict=BackupVerdict.FAILED))

    assert decide(listed, [evidence()] * 3) is True

    assert [stored(job)["status"] for job in jobs] == ["success", "failed", "success"]
    assert BackupEntry.objects.get(expected_job=jobs[1]).earlier_keys == ["a"]


def test_a_job_that_was_changed_meanwhile_is_waited_for_as_it_is_now(jobs):
    listed = read(jobs)
    ExpectedBackupJob.objects.filter(pk=jobs[2].pk).update(expected_hour_utc=13, grace_minutes=5)

    assert decide(listed, [evidence(cycle_at=DUE)] * 3) is True

    nexts = {job.pk: job.next_expected_at for job in ExpectedBackupJob.objects.all()}
    assert [nexts[job.pk] for job in jobs] == [DUE + DAY, DUE + DAY, DUE + timedelta(hours=1)]


def test_a_job_that_is_gone_keeps_no_other_from_being_decided(jobs):
    listed = read(jobs)
    jobs[0].delete()

    assert decide(listed, [evidence()] * 3) is True

    assert [status for status, _, _ in states()] == ["ok", "ok"]


def test_two_runs_of_a_job_are_decided_one_after_the_other(jobs):
    first, second, _ = listed = read(jobs)

    assert decide([first, first, second], [evidence("now"), evidence("before", at=DUE - DAY), evidence()]) is True

    assert [status for status, _, _ in states()] == ["ok", "ok", "unknown"]
    assert sorted(BackupEntry.objects.filter(expected_job=listed[0].pk).values_list("cycle_at", flat=True)) == [DUE - DAY, DUE]


def test_a_run_that_its_job_forgot_is_found_all_the_same(jobs):
    """Its clock was ahead, and was set right: what was reported then stays."""
    entries.decide(jobs[0].pk, evidence("first", verdict=BackupVerdict.FAILED))
    ExpectedBackupJob.objects.filter(pk=jobs[0].pk).update(last_cycle_at=None)

    assert decide(read(jobs), [evidence("second", at=DUE + timedelta(minutes=1))] * 3) is True

    assert sorted(BackupEntry.objects.values_list("status", "reports")) == [("success", 1), ("success", 1), ("success", 2)]


def test_what_is_in_memory_after_a_first_time_is_not_trusted_a_second_time(jobs):
    """The first may not have come to be."""
    listed = read(jobs)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE backups_backupentry ADD CONSTRAINT refused CHECK (report_key <> 'bad') NOT VALID")
        try:
            with pytest.raises(Exception, match="refused"):
                decide(listed, [evidence(), evidence("bad"), evidence()])
        finally:
            cursor.execute("ALTER TABLE backups_backupentry DROP CONSTRAINT refused")
    before = states()

    assert decide(listed, [evidence(at=DUE - DAY)] * 3) is True

    assert before == [("unknown", None, DUE)] * 3
    assert states() == [("ok", DUE - DAY, DUE)] * 3


@contextmanager
def writing(listed):
    """A thread decides about these, and waits for whoever is in the block, who may change them. It has ended when the block is left."""
    failed = []

    def write():
        try:
            entries.decide_read([(each, evidence(cycle_at=DUE)) for each in listed], checked_at=SCANNED)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    try:
        with transaction.atomic():
            list(ExpectedBackupJob.objects.select_for_update(no_key=True).filter(pk__in=[each.pk for each in listed]))
            thread.start()
            until(waiting, "the one who writes")
            yield
    finally:
        thread.join(120)
    assert (failed, thread.is_alive()) == ([], False)


def test_who_changes_a_job_while_it_is_written_is_waited_for(jobs):
    with writing(read(jobs)):
        ExpectedBackupJob.objects.filter(pk=jobs[1].pk).update(expected_minute_utc=45)

    nexts = {job.pk: job.next_expected_at for job in ExpectedBackupJob.objects.all()}
    assert [nexts[job.pk] for job in jobs] == [DUE + DAY, DUE + timedelta(minutes=15), DUE + DAY]


def test_who_decides_about_the_same_run_at_the_same_time_need_not_wait_in_turn(jobs, caplog):
    """Everybody comes to the job before the entry: who holds the job must not find an entry of somebody who waits for it."""
    with writing(read(jobs[:1])):
        entries.decide(jobs[0].pk, evidence("theirs", cycle_at=DUE, at=DUE + timedelta(minutes=1)))

    assert [(each.report_key, each.earlier_keys) for each in BackupEntry.objects.all()] == [("theirs", ["a"])]
    assert caplog.messages == []


def test_a_second_report_about_a_run_is_decided_while_its_job_is_held(jobs):
    """Its entry is there, and others may count their reports on it."""
    assert decide(read(jobs), [evidence()] * 3) is False

    assert decide(read(jobs), [evidence("again")] * 3) is True

    assert list(BackupEntry.objects.values_list("reports", "earlier_keys")) == [(2, ["a"])] * 3


def test_a_part_of_somebody_elses_transaction_is_not_rolled_back(jobs):
    listed = read(jobs)
    ExpectedBackupJob.objects.filter(pk=jobs[2].pk).update(grace_minutes=5)

    with transaction.atomic():
        assert decide(listed, [evidence()] * 3) is True

    assert [status for status, _, _ in states()] == ["ok"] * 3
