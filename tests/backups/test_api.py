"""REST of expected backups, of what became of them, and of what nobody expects."""

import csv
import io
from uuid import uuid4

import pytest

from alerts.models import Alert
from backups import entries
from backups.enums import BackupVerdict
from backups.evidence import Reported
from backups.models import BackupEntry, ExpectedBackupJob, QuarantinedReport, RestoreProof, UnexpectedDatabase
from tests.backups.factories import DAY, evidence, make_job, make_sources
from tests.callers import make_caller
from tests.conftest import MINUTE, NOON

pytestmark = pytest.mark.django_db
NOBODYS = "0190a000-0000-7000-8000-000000000000"
DUE = NOON + 30 * MINUTE
CRUD = tuple(f"backups.{verb}_expectedbackupjob" for verb in ("view", "add", "change", "delete"))
READ = tuple(f"backups.view_{model}" for model in ("backupentry", "unexpecteddatabase", "quarantinedreport", "restoreproof"))
LEDGER = {
    "database_name": "ledger",
    "agent_id_responsible": "ACME_PARIS_NORTH",
    "expected_hour_utc": 2,
    "email_for_notifications": "dba@example.org",
}


@pytest.fixture
def operator():
    return make_caller(*CRUD, *READ, name="operator")


@pytest.fixture
def job():
    make_sources()
    return make_job()


def test_a_job_is_made_with_the_documented_defaults_and_waited_for(operator):
    made = operator.send("/backups/jobs", LEDGER)

    job = ExpectedBackupJob.objects.get()
    assert made.status_code == 201
    assert made.json()["ping_url"].endswith(f"/ping/{job.ping_id}")
    assert made.json() | LEDGER | {
        "backup_frequency": "daily", "timezone": "UTC", "cron": "", "weekdays": [], "grace_minutes": 60, "active": True,
        "current_status": "unknown", "last_checked_at_utc": None, "last_successful_backup_utc": None, "last_failed_backup_utc": None,
        "final_storage_path_template": "{company}/{city}/{year}/{database}/{filename}",
    } == made.json()  # fmt: skip
    assert (job.next_expected_at is not None, job.overdue_at is not None, job.created_by.username) == (True, True, "operator")


def test_a_change_is_partial_and_followed_by_its_deadline(operator, job):
    changed = operator.send(f"/backups/jobs/{job.pk}", {"grace_minutes": 5, "weekdays": [4, 0, 4]}, method="PATCH")

    job.refresh_from_db()
    assert (changed.status_code, job.grace_minutes, job.weekdays, job.expected_hour_utc) == (200, 5, [0, 4], 12)
    assert job.overdue_at - job.next_expected_at == 5 * MINUTE


def test_a_job_that_is_switched_off_or_deleted_has_no_open_alerts(operator, job):
    other = make_job("other")
    for each in (job, other):
        entries.decide(each.pk, evidence(verdict=BackupVerdict.FAILED))

    operator.send(f"/backups/jobs/{job.pk}", {"active": False}, method="PATCH")
    gone = operator.send(f"/backups/jobs/{other.pk}", method="DELETE")

    assert (gone.status_code, ExpectedBackupJob.objects.get().overdue_at, BackupEntry.objects.count()) == (204, None, 1)
    assert set(Alert.objects.values_list("status", "resolution")) == {("RESOLVED", "auto")}


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"timezone": "Europe/Atlantis"}, "timezone"), ({"backup_frequency": "cron"}, "cron"), ({"backup_frequency": "once"}, "once_on"),
        ({"cron": "every night"}, "cron"), ({"backup_frequency": "fortnightly"}, "backup_frequency"), ({"weekdays": [7]}, "weekdays"),
        ({"final_storage_path_template": "../{filename}"}, "final_storage_path_template"), ({"expected_hour_utc": 24}, "expected_hour_utc"),
        ({"email_for_notifications": "nobody"}, "email_for_notifications"), ({"grace_minutes": 10**30}, "grace_minutes"),
        ({"database_name": ""}, "database_name"), ({"database_name": "x" * 121}, "database_name"), ({"slug": "Über"}, "slug"),
        ({"period_seconds": 2**40}, "period_seconds"), ({"once_on": "2026-02-30"}, "once_on"), ({"ping_id": NOBODYS}, "ping_id"),
        ({"agent_id_responsible": "../ACME"}, "agent_id_responsible"), ({"agent_id_responsible": ".rest"}, "agent_id_responsible"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(operator, wrong, place):
    refused = operator.send("/backups/jobs", LEDGER | wrong)

    assert (refused.status_code, ExpectedBackupJob.objects.count()) == (422, 0)
    assert place in refused.json()["errors"][0]["loc"]


def test_the_same_backup_at_the_same_time_is_a_conflict(operator):
    assert operator.send("/backups/jobs", LEDGER).status_code == 201

    again = operator.send("/backups/jobs", LEDGER)

    assert (again.status_code, "expected already" in again.json()["detail"]) == (409, True)


def test_entries_are_listed_by_job_verdict_and_cycle(operator, job):
    entries.decide(job.pk, evidence(reported=Reported(agent_id="ACME_PARIS_NORTH")))
    entries.decide(job.pk, evidence("b", at=DUE + DAY, verdict=BackupVerdict.FAILED, message="no space left"))
    entries.decide(make_job("other").pk, evidence())

    def listed(**query):
        return [each["status"] for each in operator.read("/backups/entries", **query).json()["items"]]

    assert listed(job_id=job.pk) == ["failed", "success"]
    assert listed(job_id=job.pk, until="2026-03-03T00:00:00Z") == ["success"]
    assert (listed(status="failed"), listed(since="2026-03-03T12:30:00Z"), listed(suspicious="true")) == (["failed"], ["failed"], [])
    one = operator.read(f"/backups/entries/{BackupEntry.objects.get(status='failed').pk}").json()
    assert (one["message"], one["expected_job_id"], one["cycle_at"]) == ("no space left", str(job.pk), "2026-03-03T12:30:00.000Z")


@pytest.mark.parametrize("query", [{"job_id": "x"}, {"status": "fine"}, {"since": "0001-01-01T00:00:00Z"}, {"until": "soon"}])
def test_a_question_that_makes_no_sense_is_refused(operator, query):
    assert operator.read("/backups/entries", **query).status_code == 422


def test_entries_are_exported_and_no_cell_is_a_formula(operator, job):
    for number in range(3):
        entries.decide(job.pk, evidence(str(number), at=DUE + number * DAY, message="=cmd();=cmd()"))

    answer = operator.read("/backups/entries.csv", job_id=job.pk)

    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["cycle_at"] for row in rows] == [f"2026-03-0{day}T12:30:00.000Z" for day in (4, 3, 2)]
    assert {(row["database_name"], row["status"], row["message"]) for row in rows} == {("ledger", "success", "'=cmd();'=cmd()")}


def test_a_database_nobody_expects_is_expected_by_one_call(operator):
    make_sources()
    document = {"BACKUP": {"end_time": "2026-03-02T01:10:00Z"}, "TRANSFER": {"end_time": "2026-03-02 02:52:13"}}
    found = UnexpectedDatabase.objects.create(
        agent="ACME_PARIS_NORTH", database_name="new", first_seen_at=NOON, last_seen_at=NOON, document=document
    )
    assert operator.read("/backups/unexpected").json()["items"][0]["database_name"] == "new"
    assert operator.send(f"/backups/unexpected/{found.pk}/expect").status_code == 403

    made = make_caller(*CRUD, "backups.change_unexpecteddatabase", name="boss").send(f"/backups/unexpected/{found.pk}/expect")

    assert (made.status_code, UnexpectedDatabase.objects.count()) == (201, 0)
    told = made.json()
    assert (told["company_name"], told["city"], told["neighborhood"]) == ("ACME", "PARIS", "NORTH")
    assert (told["expected_hour_utc"], told["expected_minute_utc"], told["next_expected_at"] is None) == (2, 45, False)


def test_an_unexpected_database_is_ignored_and_shown_again():
    caller = make_caller(*READ, "backups.change_unexpecteddatabase")
    found = UnexpectedDatabase.objects.create(agent="A", database_name="scratch", first_seen_at=NOON, last_seen_at=NOON)

    ignored = caller.send(f"/backups/unexpected/{found.pk}", {"ignored": True}, method="PATCH")

    assert (ignored.status_code, caller.read("/backups/unexpected").json()["items"]) == (200, [])
    assert len(caller.read("/backups/unexpected", ignored="true").json()["items"]) == 1


def test_a_report_in_quarantine_is_settled():
    caller = make_caller(*READ, "backups.change_quarantinedreport")
    row = QuarantinedReport.objects.create(agent="A", file_name="x.json", stored_name="A/x.json", reason="No JSON.", found_at=NOON)

    settled = caller.send(f"/backups/quarantine/{row.pk}/settle")

    assert (settled.status_code, settled.json()["settled_at"] is None) == (200, False)
    assert caller.read("/backups/quarantine").json()["items"] == []


def test_a_restore_is_proved(job):
    caller = make_caller(*READ, "backups.add_restoreproof")
    entry = entries.decide(job.pk, evidence()).entry_id
    path = f"/backups/jobs/{job.pk}/restore-proofs"

    made = caller.send(path, {"succeeded": True, "entry_id": str(entry), "detail": "1200 tables"})
    strange = caller.send(path, {"succeeded": True, "entry_id": str(uuid4())})
    later = caller.send(path, {"succeeded": True, "restored_at": "2999-01-01T00:00:00Z"})

    assert (made.status_code, strange.status_code, later.status_code) == (201, 422, 422)
    assert caller.read(path).json()["items"][0]["detail"] == RestoreProof.objects.get().detail


@pytest.mark.parametrize(
    ("path", "body", "method"),
    [
        ("/backups/jobs", None, "GET"), ("/backups/jobs", LEDGER, "POST"), ("/backups/entries", None, "GET"),
        ("/backups/entries.csv", None, "GET"), ("/backups/unexpected", None, "GET"), ("/backups/quarantine", None, "GET"),
        ("/backups/unexpected/1", {"ignored": True}, "PATCH"), ("/backups/unexpected/1/expect", None, "POST"),
        (f"/backups/quarantine/{NOBODYS}/settle", None, "POST"), (f"/backups/jobs/{NOBODYS}/restore-proofs", {"succeeded": True}, "POST"),
        (f"/backups/jobs/{NOBODYS}/next", None, "GET"),
    ],
)  # fmt: skip
def test_nobody_without_the_permission_learns_or_does_anything(path, body, method):
    assert make_caller().send(path, body, method=method).status_code == 403


def test_the_next_runs_are_told(operator, job):
    told = operator.read(f"/backups/jobs/{job.pk}/next").json()

    assert len(told) == 5
    assert {instant[10:] for instant in told} == {"T12:30:00.000Z"}
