"""Many reports decided together: what is stored of each is what deciding it alone would have stored."""

import dataclasses
import json
import os
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from backups import deposit, entries, findings, judging, reports
from backups.deposit import Found
from backups.enums import BackupVerdict, ReportedBy
from backups.evidence import Reported
from backups.held import Listed
from backups.matching import Work
from backups.models import BackupEntry, ExpectedBackupJob
from backups.verifying import Looked
from tests.backups.factories import DAY, evidence, make_job, make_sources
from tests.backups.farm import AT, Farm, expect
from tests.conftest import NOON

DUE = NOON + timedelta(minutes=30)
OWN = {"id", "expected_job_id", "alert_id"}
STATE = (
    "current_status", "next_expected_at", "overdue_at", "last_cycle_at", "started_at", "started_rid", "last_successful_backup_utc",
    "last_failed_backup_utc", "previous_successful_hash_global",
)  # fmt: skip


def stored(job):
    job.refresh_from_db()
    entry = BackupEntry.objects.filter(expected_job=job).values().get()
    return {name: value for name, value in entry.items() if name not in OWN} | {name: getattr(job, name) for name in STATE}


@pytest.mark.django_db
@pytest.mark.parametrize("said", [
    [{}, {}, {}],
    [{"message": "one"}, {"message": "two\tof\nmany \\N \\. \\"}, {"message": "“drei”"}],
    [{"reported": Reported(agent_id="same")}, {"reported": Reported(agent_id="same")}, {}],
    [{"evidence": {"archive": {"readable": False}}}, {"evidence": {"a": ["\\", "\t", "\n"]}}, {}],
    [{"size_bytes": 1, "duration_seconds": 1.5}, {"size_bytes": None}, {"size_bytes": 2**40}],
    [{"verdict": BackupVerdict.FAILED}, {"content_hash": "ab" * 32}, {"at": DUE + timedelta(minutes=7)}],
    [{"reported": Reported(agent_stages={"BACKUP": {"status": "\\"}}, agent_transfer_process_status=True)}, {}, {}],
    [{"suspicions": ["unreadable"]}, {"suspicions": []}, {}],
])  # fmt: skip
def test_together_is_as_one_by_one(said):
    make_sources()
    alone, together = ([make_job(f"{name}{number}") for number in range(3)] for name in ("alone", "together"))
    for job, fields in zip(alone, said, strict=True):
        entries.decide(job.pk, evidence(**fields))

    entries.decide_many([(job.pk, evidence(**fields)) for job, fields in zip(together, said, strict=True)])

    assert [stored(job) for job in together] == [stored(job) for job in alone]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_its_job_does_not_remember_is_found_all_the_same():
    """Its clock was ahead, and was set right: what was reported then stays."""
    make_sources()
    jobs = [make_job(f"base{number}") for number in range(3)]
    entries.decide_many([(job.pk, evidence("first", verdict=BackupVerdict.FAILED)) for job in jobs])
    ExpectedBackupJob.objects.filter(pk__in=[jobs[0].pk, jobs[1].pk]).update(last_cycle_at=None)
    ExpectedBackupJob.objects.filter(pk=jobs[1].pk).update(last_cycle_at=DUE - DAY)

    decided = entries.decide_many([(job.pk, evidence("second", at=DUE + timedelta(minutes=1))) for job in jobs])

    assert [each.changed for each in decided] == [True] * 3
    assert list(BackupEntry.objects.values_list("status", "reports")) == [(BackupVerdict.SUCCESS, 2)] * 3


WORDS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(),
    st.sampled_from(["", "null", "True", "é", "\0", "\ud800", "2099-06-01T11:29:00", "12 bytes"]),
    st.text(st.characters(codec=None), max_size=30), st.text("ab\0\ud800", min_size=600, max_size=1300),
)  # fmt: skip
STAGES = st.one_of(WORDS, st.lists(WORDS, max_size=2), st.fixed_dictionaries({}, optional={
    name: WORDS for name in ("status", "start_time", "end_time", "sha256", "hash", "size", "error_message")
}))  # fmt: skip
DATABASES = st.fixed_dictionaries({}, optional={
    "BACKUP": STAGES, "COMPRESS": STAGES, "TRANSFER": STAGES, "staged_file_name": WORDS, "logs_summary": STAGES,
})  # fmt: skip
REPORTS = st.fixed_dictionaries({"agent_id": st.text(min_size=1, max_size=300), "overall_status": WORDS})


@trying(max_examples=300, deadline=None)
@given(report=REPORTS, name=st.text(max_size=300), database=DATABASES, message=st.text(max_size=900))
def test_whatever_an_agent_writes_fits_the_columns_of_its_entry(report, name, database, message):
    document = {**report, "operation_end_time": "2026-06-01T11:30:00Z", "databases": {name: database}}
    try:
        report = reports.read(json.dumps(document).encode())
    except reports.UnreadableReportError:
        return
    (said,) = report.databases.values()
    row = ExpectedBackupJob(database_name=name, agent_id_responsible=report.agent, timezone="Europe/Paris")
    job = Listed(*(getattr(row, field.name) for field in dataclasses.fields(Listed)[:-1]), version="")
    found = Found("A", "A", ("A", deposit.LOG), "report.json", ReportedBy.AGENT, os.stat("/"), deposit.report_key(report.agent, b""))
    looked = Looked(Work(job, found, report, said, NOON, NOON), BackupVerdict.SUCCESS, message, "ab" * 32, 8000)

    made = findings.evidence(looked, BackupVerdict.SUCCESS, "a/place", at=NOON)

    assert made.fits
    assert judging._fitted(made._replace(fits=False)) == made


@pytest.mark.django_db
def test_what_waits_for_the_store_is_stored_although_its_job_forgot_the_run(tmp_path, settings):
    make_sources()
    farm = Farm(tmp_path, settings)
    job = expect()
    farm.good()
    farm.store.write_text("no folder")
    assert farm.scan()["not_stored"] == 1
    farm.store.unlink()
    ExpectedBackupJob.objects.filter(pk=job.pk).update(last_cycle_at=None)

    farm.scan()

    (entry,) = BackupEntry.objects.all()
    assert (set(farm.stored()), "not_stored" in entry.evidence, farm.waiting()) == ({entry.stored_path}, False, [])


@pytest.mark.django_db
def test_an_agent_of_any_alphabet_is_found(tmp_path, settings):
    make_sources()
    farm = Farm(tmp_path, settings)
    for number, agent in enumerate(("İZMİR_1", "ÉCOLE_Ü", "ΣΊΣΥΦΟΣ", "straße")):
        expect(f"base{number}", agent=agent)
        farm.good(f"base{number}", agent=agent)
    expect("idle", agent="İDLE")
    (farm.deposit / "İDLE" / "log").mkdir(parents=True)

    assert farm.scan()["success"] == 4
    assert set(ExpectedBackupJob.objects.values_list("last_checked_at_utc", flat=True)) == {AT}
