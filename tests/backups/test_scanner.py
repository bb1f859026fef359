"""Scans of real folders: what is verified, decided, stored and put away. Each trap of agents in the field is a test."""

import os
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from alerts.models import Alert
from backups import scanner, scans
from backups.enums import BackupVerdict, Frequency
from backups.models import BackupEntry, QuarantinedReport, Scan, UnexpectedDatabase
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, AT, CONTENT, Farm, database, entry, expect, report, verdicts
from tests.conftest import HOUR, MINUTE

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
STORED = "ACME/Paris/2099/base1/base1.sql.gz"


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    return Farm(tmp_path, settings)


def test_a_good_backup_is_verified_stored_decided_and_its_report_put_away(farm):
    job, name = expect(), farm.good().name

    counts = farm.scan()

    found = entry(job)
    assert (found.status, found.stored_path, found.cycle_at) == (BackupVerdict.SUCCESS, STORED, AT - 30 * MINUTE)
    assert (found.server_calculated_staged_hash, found.size_bytes) == (found.agent_reported_hash_sha256, len(CONTENT))
    assert farm.stored() == {STORED: CONTENT}
    assert (farm.waiting(), (farm.deposit / AGENT / "log" / "_archive" / name).exists()) == ([], True)
    assert (counts["success"], counts["archived"]) == (1, 1)


def test_a_staged_file_stays_with_its_agent(farm):
    expect()
    path = farm.stage()
    farm.reported()

    farm.scan()

    assert path.read_bytes() == CONTENT


def test_nothing_is_written_twice_by_scanning_twice(farm):
    job, path = expect(), farm.good()
    body = path.read_bytes()
    farm.scan()
    first = entry(job)

    path.write_bytes(body)  # as if it had never been put away
    counts = farm.scan(AT + 15 * MINUTE)

    assert (entry(job).changed_at, entry(job).reports) == (first.changed_at, 1)
    assert (counts["known"], farm.waiting(), list(farm.stored())) == (1, [], [STORED])


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"TRANSFER": {"status": False, "error_message": "no route"}}, "failed"),
        ({"BACKUP": {"status": "False"}}, "failed"),
        ({"size": 5}, "transfer_integrity_failed"),
        ({"staged": "elsewhere.gz"}, "transfer_integrity_failed"),
        ({"digest": "ab" * 32}, "hash_mismatch"),
        ({"digest": "not-a-hash"}, "hash_mismatch"),
    ],
)
def test_each_verdict(farm, change, verdict):
    job = expect()
    farm.stage()
    farm.reported(database(**change))

    farm.scan()

    assert (entry(job).status, entry(job).stored_path, farm.stored(), farm.waiting()) == (verdict, "", {}, [])
    assert Alert.objects.get().type.replace("_", "-") == f"backup-{verdict}".replace("_", "-")


def test_an_empty_file_is_no_backup(farm):
    job = expect()
    farm.stage(content=b"")
    farm.reported(database(content=b"", size=0))

    farm.scan()

    assert (entry(job).status, entry(job).message) == (BackupVerdict.TRANSFER_INTEGRITY_FAILED, "The staged file is empty.")


def test_a_bad_backup_leaves_the_one_before_where_it_is(farm):
    job = expect()
    farm.good()
    farm.scan()

    farm.stage(content=b"damaged on its way" * 100)
    farm.reported(database(size=1800, digest="cd" * 32), at=AT + DAY, name="20990602_120000.json")
    farm.scan(AT + DAY)

    assert list(BackupEntry.objects.filter(expected_job=job).values_list("status", flat=True)) == ["hash_mismatch", "success"]
    assert farm.stored() == {STORED: CONTENT}


def test_the_next_success_resolves_the_alert_and_replaces_the_file(farm):
    expect()
    farm.reported(database(TRANSFER={"status": "False"}))
    farm.scan()

    farm.good(content=b"new" * 99, at=AT + DAY)
    farm.scan(AT + DAY)

    assert Alert.objects.get().status == "RESOLVED"
    assert farm.stored() == {STORED: b"new" * 99}


def test_a_report_before_midnight_is_about_the_run_after_it(farm):
    job = expect(expected_hour_utc=0, expected_minute_utc=10)
    farm.good(at=AT.replace(hour=23, minute=55))

    farm.scan(AT.replace(hour=23, minute=58))

    assert entry(job).cycle_at == (AT + DAY).replace(hour=0, minute=10)


@pytest.mark.parametrize(("frequency", "cycle"), [(Frequency.WEEKLY, (2099, 6, 1)), (Frequency.MONTHLY, (2099, 6, 1))])
def test_weekly_and_monthly_jobs_are_not_judged_daily(farm, frequency, cycle):
    job = expect(backup_frequency=frequency, weekdays=[0] if frequency == Frequency.WEEKLY else [])
    farm.good(at=AT + 2 * DAY)

    farm.scan(AT + 4 * DAY)

    found = entry(job)
    assert (found.status, (found.cycle_at.year, found.cycle_at.month, found.cycle_at.day)) == ("success", cycle)


def test_a_partial_report_says_nothing_of_other_jobs(farm):
    expect("base1")
    expect("base2")
    farm.good("base1")

    farm.scan()

    assert verdicts() == [("base1", "success")]


def test_an_agent_that_failed_as_a_whole_fails_the_runs_that_were_due(farm):
    expect("base1")
    expect("base2", expected_hour_utc=20)
    farm.log({"agent_id": AGENT, "overall_status": "failed_globally", "operation_end_time": "2099-06-01 11:40:00", "databases": {}})

    farm.scan()

    assert verdicts() == [("base1", "failed")]


def test_a_file_still_being_written_is_left_for_the_next_scan(farm):
    job, now = expect(), timezone.now()
    farm.stage(content=CONTENT[:-1])
    farm.reported(at=now)

    counts = farm.scan(now)

    assert (counts["waiting"], BackupEntry.objects.count(), len(farm.waiting())) == (1, 0, 1)
    farm.stage()
    farm.scan(now + HOUR)
    assert (entry(job).status, farm.waiting()) == ("success", [])


def test_a_report_that_came_before_its_file_waits(farm):
    now = timezone.now()
    expect()
    farm.reported(at=now)

    counts = farm.scan(now)

    assert (counts["waiting"], farm.waiting() != []) == (1, True)


def test_a_good_file_need_not_be_old(farm):
    job = expect()
    farm.good(at=timezone.now() - MINUTE)

    farm.scan(timezone.now())

    assert entry(job).status == "success"


def test_a_report_half_written_is_not_quarantined(farm):
    farm.log('{"agent_id": "ACME_PARIS_NORTH", "databases": {"base1": {"BACK')

    farm.scan(timezone.now())

    assert (QuarantinedReport.objects.count(), len(farm.waiting())) == (0, 1)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"\x00\xff no json", "It is not JSON"),
        ('["a list"]', "It is no JSON object."),
        ('{"databases": {}}', "It has no agent_id."),
        ('{"agent_id": "OTHER_LYON_EAST", "operation_end_time": "2099-06-01T11:00:00Z", "databases": {"a": {}}}', "lies in the folder of"),
        ('{"agent_id": "ACME_PARIS_NORTH", "operation_end_time": "2120-06-01T11:00:00Z", "databases": {"a": {}}}', "in the future"),
        ("[" * 100_000, "nested"),
    ],
)
def test_a_report_that_cannot_be_used_is_kept_with_its_reason(farm, document, reason):
    path = farm.log(document, name="odd.json")
    body = path.read_bytes()

    farm.scan()
    farm.scan()

    row = QuarantinedReport.objects.get()
    assert (row.agent, row.file_name, reason in row.reason) == (AGENT, "odd.json", True)
    assert ((farm.quarantine / row.stored_name).read_bytes(), farm.waiting()) == (body, [])


def test_a_database_nobody_expects_is_shown_once(farm):
    farm.good("secret_base")
    farm.scan()
    farm.good("secret_base", at=AT + DAY)

    farm.scan(AT + DAY)

    row = UnexpectedDatabase.objects.get()
    assert (row.agent, row.database_name, row.reports, row.last_seen_at) == (AGENT, "secret_base", 2, AT + DAY)


def test_a_job_that_is_switched_off_is_neither_judged_nor_unexpected(farm):
    expect(is_active=False)
    farm.good()

    farm.scan()

    assert (BackupEntry.objects.count(), UnexpectedDatabase.objects.count(), farm.waiting()) == (0, 0, [])


def test_letters_of_agents_and_databases_may_differ_in_case(farm):
    job = expect("Base1", agent="acme_paris_north")
    farm.stage()
    farm.log(report(database("BASE1", staged="base1.sql.gz"), agent_id="Acme_Paris_North_2"))

    farm.scan()

    assert entry(job).status == "success"


def test_of_two_runs_a_day_the_one_that_was_due_is_meant(farm):
    morning, night = expect(), expect(expected_hour_utc=23)
    farm.good()

    farm.scan()

    assert (entry(morning).status, BackupEntry.objects.filter(expected_job=night).count()) == ("success", 0)


def test_the_newest_report_of_a_cycle_counts_whatever_the_names(farm):
    job = expect()
    farm.stage()
    farm.reported(database(TRANSFER={"status": False}), name="zzz.json", at=AT - 20 * MINUTE)
    farm.reported(name="aaa.json", at=AT - 10 * MINUTE)

    farm.scan()

    assert (entry(job).status, farm.waiting()) == ("success", [])


def test_reports_of_several_days_are_each_about_their_own(farm):
    expect(final_storage_path_template="{database}/{day}-{filename}")
    for days in range(3):
        farm.good(content=b"day %d" % days * 50, at=AT - days * DAY - 20 * MINUTE, staged=f"base1-{days}.gz")

    farm.scan()

    assert verdicts() == [("base1", "success")] * 3
    assert len(farm.stored()) == 3


def test_an_old_report_is_only_good_news(farm):
    expect()
    farm.reported(database(staged="gone.gz"), at=AT - 3 * DAY)

    counts = farm.scan()

    assert (counts["too_old"], BackupEntry.objects.count(), farm.waiting()) == (1, 0, [])


def test_two_jobs_never_share_a_place_in_the_store(farm):
    first, second = expect(neighborhood="North"), expect(neighborhood="South", agent="ACME_PARIS_SOUTH")
    farm.good()
    farm.good(content=b"of the south" * 9, agent="ACME_PARIS_SOUTH")

    farm.scan()

    places = {entry(first).stored_path: CONTENT, entry(second).stored_path: b"of the south" * 9}
    assert (farm.stored(), len(places)) == (places, 2)


def test_a_template_that_leads_nowhere_is_told_in_english_wherever_sentinel_stands(farm):
    expect(final_storage_path_template="/{filename}")
    farm.good()

    with translation.override("fr"):
        farm.scan()

    assert "It must begin with a name, not with a slash" in Alert.objects.get(type="backup-store").description


def test_a_job_without_a_template_is_verified_where_its_file_is(farm):
    job = expect(final_storage_path_template="")
    farm.good()

    farm.scan()

    assert (entry(job).status, farm.stored(), farm.waiting()) == ("success", {}, [])


def test_what_nobody_asked_for_is_not_scanned(farm):
    expect()
    farm.good()

    assert (scanner.run(clock=lambda: AT), Scan.objects.count(), len(farm.waiting())) == ({}, 0, 1)


def test_one_scan_answers_all_who_asked_and_says_how_it_went(farm):
    expect()
    farm.good()
    asked = scans.request("asked", at=AT)
    again = scans.request("report", at=AT)

    farm.scan()

    asked.refresh_from_db()
    assert (again.pk, Scan.objects.count()) == (asked.pk, 1)
    assert (asked.progress, asked.counts["success"], asked.error) == ({"what": "done"}, 1, "")


def test_a_scan_that_was_killed_is_closed_by_the_next(farm):
    dead = Scan.objects.create(trigger="schedule", started_at=AT - HOUR, progress={"what": "verify", "done": 1, "of": 9})

    farm.scan()

    dead.refresh_from_db()
    assert (dead.finished_at, "stopped before its end" in dead.error) == (AT, True)


def test_an_agents_folder_that_is_a_link_is_not_followed(farm, tmp_path):
    expect()
    farm.good(agent="ELSEWHERE_A_B")
    os.rename(farm.deposit / "ELSEWHERE_A_B", tmp_path / "outside")
    (farm.deposit / AGENT).symlink_to(tmp_path / "outside")

    assert farm.scan()["reports"] == 0


def test_jobs_whose_folder_was_looked_into_were_checked(farm):
    seen, other = expect(), expect("base9", agent="OTHER_LYON_EAST")
    farm.good()

    farm.scan()

    seen.refresh_from_db()
    other.refresh_from_db()
    assert (seen.last_checked_at_utc, other.last_checked_at_utc) == (AT, None)


@pytest.mark.django_db(transaction=True)
def test_two_scanners_at_once_decide_once(farm):
    jobs = [expect(f"base{number}") for number in range(20)]
    for job in jobs:
        farm.good(job.database_name, staged=f"{job.database_name}.gz")
    results = []

    def work():
        try:
            results.append(farm.scan())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(results), verdicts()) == (3, sorted((job.database_name, "success") for job in jobs))
    assert (set(BackupEntry.objects.values_list("reports", flat=True)), len(farm.stored())) == ({1}, 20)
