"""The sample backups and jobs: what a first look shows."""

import pytest
from django.utils import timezone

from alerts.models import Alert
from backups.models import BackupEntry, ExpectedBackupJob, QuarantinedReport, UnexpectedDatabase
from jobs.enums import RunStatus, Trigger
from jobs.models import Job, JobRun
from sentinel_site import bootstrap, demo_backups, demo_jobs


@pytest.fixture
def house(db, settings, tmp_path):
    for name in ("DEPOSIT", "STORE", "QUARANTINE"):
        setattr(settings, f"SENTINEL_BACKUP_{name}", tmp_path / name.lower())
    bootstrap.run()
    return tmp_path


def zone_in_which_it_is(hour, at):
    ahead = (hour - at.hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}"  # POSIX counts the other way round


@pytest.mark.parametrize("hour", [0, 3, 4, 12])
def test_last_night_one_backup_is_good_one_altered_one_small_and_one_absent(house, settings, hour):
    at = timezone.now()
    settings.TIME_ZONE = zone_in_which_it_is(hour, at)

    demo_backups.run(at=at)

    jobs = ExpectedBackupJob.objects.filter(agent_id_responsible=demo_backups.AGENT)
    assert dict(jobs.values_list("database_name", "current_status")) == {
        "patients": "ok", "pharmacy": "hash_mismatch", "laboratory": "ok", "payroll": "missing", "appointments": "ok",
    }  # fmt: skip
    assert BackupEntry.objects.filter(suspicions__len__gt=0).values_list("expected_job__database_name", flat=True).get() == "laboratory"
    assert sorted(Alert.objects.values_list("type", flat=True)) == ["backup-hash_mismatch", "backup-missing", "backup-suspicious"]
    assert (UnexpectedDatabase.objects.get().database_name, QuarantinedReport.objects.count()) == ("old_intranet", 1)
    assert [path.name.partition("_")[0] for path in sorted((house / "store").rglob("*.gz"))] == ["appointments", "laboratory", "patients"]


def test_there_are_thirty_nights_behind_it_and_once_is_enough(house):
    demo_backups.run(at=timezone.now())
    demo_backups.run(at=timezone.now())

    patients = BackupEntry.objects.filter(expected_job__database_name="patients")
    assert (patients.count(), patients.filter(was_missing=True).count(), patients.exclude(status="success").count()) == (31, 1, 0)


def test_the_chain_has_a_month_of_nights_and_is_wanted_once_more(house):
    demo_jobs.run(at=timezone.now())
    demo_jobs.run(at=timezone.now())

    (wanted,) = JobRun.objects.filter(status=RunStatus.QUEUED, job__slug="demo-orders")
    mail = Job.objects.get(slug="demo-mail")
    assert (wanted.trigger, Job.objects.get(slug="demo-orders").next_run_at > timezone.now()) == (Trigger.MANUAL, True)
    assert sorted(mail.parents.values_list("parent__slug", flat=True)) == ["demo-report", "demo-stock"]
    assert (mail.runs.count(), mail.runs.filter(status=RunStatus.SKIPPED).get().reason) == (
        30, "It runs only after the success of: Demo: update stock (error).")  # fmt: skip
    assert JobRun.objects.filter(status=RunStatus.QUEUED, job__callable="backups.self_backup").count() == 1
