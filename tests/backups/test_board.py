"""What the pages of backups show, and to whom."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from backups import board
from backups.enums import BackupStatus, BackupVerdict, Suspicion
from backups.models import ExpectedBackupJob, QuarantinedReport, RestoreProof, UnexpectedDatabase
from tests.backups.rows import entry, expected
from tests.conftest import HOUR, NOON

DAY = timedelta(days=1)
GOOD, MISSING, FAILED = BackupVerdict.SUCCESS, BackupVerdict.MISSING, BackupVerdict.FAILED


@pytest.fixture
def viewer(user, client):
    user.user_permissions.add(*Permission.objects.filter(codename__in=("view_expectedbackupjob", "view_backupentry")))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def status(job, value):
    ExpectedBackupJob.objects.filter(pk=job.pk).update(current_status=value)


def databases(**asked):
    return [job["database"] for job in board.snapshot(at=NOON, **asked)["jobs"]]


@pytest.mark.django_db
def test_what_is_bad_comes_first_and_what_is_odd_after_it():
    for name in ("good", "odd", "bad", "off"):
        job = expected(name, is_active=name != "off", expected_minute_utc=len(name))
        entry(job, timezone.now() - HOUR, GOOD, suspicions=[Suspicion.TOO_SMALL] if name == "odd" else [])
        status(job, BackupStatus.FAILED if name in {"bad", "off"} else BackupStatus.OK)

    found = board.snapshot(at=timezone.now())

    assert [job["database"] for job in found["jobs"]] == ["bad", "odd", "good", "off"]
    assert found["counts"] == {"all": 4, "trouble": 2}
    assert [job["database"] for job in board.snapshot(at=timezone.now(), trouble=True)["jobs"]] == ["bad", "odd"]


@pytest.mark.django_db
def test_a_search_finds_every_word_anywhere():
    expected("accounts", city="Lyon")
    expected("payroll", city="Paris")

    assert (databases(search="acme paris"), databases(search="nothing")) == (["payroll"], [])


@pytest.mark.django_db
def test_a_day_shows_the_worst_of_its_runs_in_the_zone_of_the_job():
    job = expected(timezone="Pacific/Auckland", backup_frequency="hourly")
    for hours, verdict in ((0, GOOD), (1, FAILED), (2, GOOD), (24, GOOD), (48, MISSING)):
        entry(job, NOON - hours * HOUR, verdict)  # NOON is 01:00 of the next day there
    entry(job, NOON - 72 * HOUR, GOOD, was_missing=True)

    calendar = board.described([job], weeks=2, at=NOON)[0]["calendar"]

    first = date.fromisoformat(calendar["first"])
    assert (first.weekday(), first + (len(calendar["days"]) - 1) * DAY) == (0, date(2026, 3, 3))
    assert calendar["days"][-4:] == "lmsf"


@pytest.mark.django_db
@pytest.mark.parametrize("jobs", [1, 3])
def test_the_number_of_queries_is_fixed(jobs, django_assert_num_queries):
    for number in range(jobs):
        job = expected(f"db{number}")
        entry(job, NOON - DAY, GOOD)
        RestoreProof.objects.create(job=job, restored_at=NOON, succeeded=True)

    with django_assert_num_queries(10):
        board.snapshot(at=NOON)


@pytest.mark.django_db
def test_one_backup_shows_all_facts_of_a_day():
    job = expected(timezone="Europe/Paris")
    entry(job, NOON - DAY, GOOD, agent_logs_summary="all well")
    entry(job, NOON, MISSING)

    found = board.one(job, at=NOON, day=(NOON - DAY).date())

    assert [(each["status"], each["agent_logs_summary"]) for each in found["entries"]] == [("success", "all well")]
    assert [each["status"] for each in board.one(job, at=NOON)["entries"]] == ["missing", "success"]


def test_the_pages_are_for_those_who_may_see_backups(viewer, user):
    job = expected()
    one = f"/live/backups/{job.pk}/"
    paths = ["/live/backups/", "/live/backups/snapshot?q=%00x&show=trouble", one, f"{one}snapshot?day=x"]

    assert [viewer.get(path).status_code for path in paths] == [200] * 4
    assert viewer.get(f"/live/backups/?job={job.pk}").headers["Location"] == f"/live/backups/{job.pk}/"
    user.user_permissions.clear()
    assert [viewer.get(path).status_code for path in paths] == [403] * 4
    viewer.logout()
    assert [viewer.get(path).status_code for path in paths] == [302] * 4


def test_what_one_may_not_see_is_left_out(viewer, user):
    job = expected()
    entry(job, NOON, GOOD, message="secret")
    UnexpectedDatabase.objects.create(agent="A", database_name="b", first_seen_at=NOON, last_seen_at=NOON)
    QuarantinedReport.objects.create(agent="A", file_name="f", stored_name="s", reason="r", found_at=NOON)
    user.user_permissions.set(Permission.objects.filter(codename="view_expectedbackupjob"))

    found = viewer.get("/live/backups/snapshot").json()
    one = viewer.get(f"/live/backups/{job.pk}/snapshot").json()

    assert (found["unexpected"], found["quarantined"], found["jobs"][0]["latest"]) == ([], [], None)
    assert (one["entries"], one["proofs"]) == ([], [])
