"""One part of a scan, share after share: in which order, how far it says it is, and what it knows of agents in the end."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from backups import deposit, scanner
from backups.models import BackupEntry, ExpectedBackupJob, QuarantinedReport
from backups.parts import BATCH_BYTES, GROUP, LockLostError, Part, Scope
from backups.verifying import LARGE
from tests.backups.factories import DAY, make_sources
from tests.backups.farm import AT, CONTENT, Farm, database, expect
from tests.backups.farm import report as report_of
from tests.conftest import HOUR

REFUSING = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON backups_backupentry FOR EACH ROW WHEN (NEW.expected_job_id = '%s') EXECUTE FUNCTION refuse()
"""
HELD = 0
"""No process of PostgreSQL: a part of these tests alone decides nothing."""


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    farm = Farm(tmp_path, settings)
    farm.deposit.mkdir()
    return farm


@pytest.fixture
def groups(farm):
    """What a part with a share for each agent, or with these, looks at together, by the databases' names."""

    def found(shares=None):
        with deposit.root(farm.deposit) as root:
            shares = shares or [[places] for places in deposit.places(root).values()]
            part = Part(Scope(root, HELD, AT, AT), shares, lambda *_far: None)
            return [sorted(work.database.name for work in group) for group in part._groups()]

    return found


def report(farm, agent, **sizes):
    """A report about databases of these sizes, of which there is no file."""
    for name in sizes:
        expect(name, agent=agent)
    return farm.reported(*(database(name, size=size) for name, size in sizes.items()), agent=agent)


@pytest.fixture
def large(farm):
    report(farm, "A", base1=LARGE + 1, base2=5)
    report(farm, "B", base3=7, base4=LARGE, base5=3)


@pytest.mark.django_db
def test_the_large_files_come_last_of_all_and_then_those_of_unknown_size(large, farm, groups):
    document = json.loads(report(farm, "C", base6=1, base7=2).read_text())
    for stage in document["databases"]["base6"].values():
        if isinstance(stage, dict):
            stage.pop("size", None)
    farm.log(document, agent="C")

    assert groups() == [["base2"], ["base3", "base5"], ["base7"], ["base1", "base4", "base6"]]


@pytest.mark.django_db
def test_what_is_looked_at_together_is_not_much_whatever_one_agent_reports(farm, groups):
    for agent in ("A", "B", "C"):
        farm.reported(*(database(f"base{number}", size=3) for number in range(300)), agent=agent)
        ExpectedBackupJob.objects.bulk_create(
            ExpectedBackupJob(database_name=f"base{number}", agent_id_responsible=agent, expected_hour_utc=11) for number in range(300)
        )

    assert [len(group) for group in groups([[[(agent, deposit.LOG)] for agent in ("A", "B", "C")]])] == [GROUP, 600 - GROUP, 300]


@pytest.mark.django_db
def test_what_is_looked_at_together_is_not_large(farm, groups):
    size = BATCH_BYTES // 10
    report(farm, "A", **{f"base{number:02}": size + number for number in range(25)})

    assert [len(group) for group in groups()] == [10, 10, 5]


CONTENTS = {"A": CONTENT, "B": gzip.compress(CONTENT), "C": (b"large" * LARGE)[: LARGE + 1]}
"""Of agents: one that is read at once, one that has to be waited for, and a large one."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("agents", ["AC", "BC", "ABC"])
def test_nobody_waits_for_large_files_and_how_much_there_is_is_said_when_it_is_known(farm, agents):
    for agent in agents:
        expect(agent=agent, final_storage_path_template="")
        farm.good(content=CONTENTS[agent], agent=agent)
    told = []
    with scanner.lock() as holder, deposit.root(farm.deposit) as root:
        shares = [[places] for places in deposit.places(root).values()]
        Part(Scope(root, holder, AT, AT), shares, lambda *far: told.append(far)).run()

    with connection.cursor() as cursor:
        cursor.execute("SELECT job.agent_id_responsible, entry.xmin::text FROM backups_backupentry entry "
                       "JOIN backups_expectedbackupjob job ON job.id = entry.expected_job_id")  # fmt: skip
        commits = dict(cursor.fetchall())
    assert "".join(sorted(commits)) == agents
    assert commits.pop("C") not in commits.values()
    assert (told[0], told[-1]) == (("collect", 1, None), ("verify", len(agents), len(agents)))
    assert agents[0] == "B" or ("verify", 1, None) in told


@pytest.mark.django_db(transaction=True)
def test_a_report_of_which_a_verdict_cannot_be_written_stays_and_nobody_elses_does(farm):
    """Two agents with the same beginning of their names send the same report."""
    agents = [f"{'ACME_' * 9}{number}" for number in (1, 2)]
    for agent in agents:
        for name in ("base1", "base2"):
            expect(name, agent=agent)
            farm.stage(f"{name}.sql.gz", agent=agent)
        farm.log(report_of(database("base1"), database("base2"), agent_id=agents[0][:-2]), agent=agent)
    refused = ExpectedBackupJob.objects.get(agent_id_responsible=agents[0], database_name="base1")
    with connection.cursor() as cursor:
        cursor.execute(REFUSING % refused.pk)
        try:
            counts = farm.scan()
        finally:
            cursor.execute("DROP FUNCTION refuse() CASCADE")

    assert (counts["errors"], counts["archived"]) == (1, 1)
    assert [len(farm.waiting(agent)) for agent in agents] == [1, 0]
    assert BackupEntry.objects.count() == 3
    assert set(ExpectedBackupJob.objects.values_list("last_checked_at_utc", flat=True)) == {AT}

    farm.scan()
    assert (BackupEntry.objects.count(), farm.waiting(agents[0])) == (4, [])


@pytest.mark.django_db
def test_a_job_that_no_report_is_about_was_looked_for_all_the_same(farm):
    for agent in ("ACME_1", "ACME_2"):
        expect("told", agent=agent)
        farm.good("told", agent=agent)
    expect("untold", agent="ACME_1")
    expect("switched_off", agent="ACME_1", is_active=False)
    expect("elsewhere", agent="ACME_3")

    farm.scan()

    checked = ExpectedBackupJob.objects.filter(last_checked_at_utc=AT).order_by("database_name", "agent_id_responsible")
    assert list(checked.values_list("database_name", "agent_id_responsible")) == [
        ("told", "ACME_1"), ("told", "ACME_2"), ("untold", "ACME_1"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_jobs_whose_report_is_known_were_looked_for_again(farm):
    job = expect()
    report = farm.good()
    farm.scan()
    (report.parent / deposit.ARCHIVE / report.name).rename(report)

    counts = farm.scan(AT + HOUR)

    job.refresh_from_db()
    assert (counts["known"], counts["archived"], job.last_checked_at_utc) == (1, 1, AT + HOUR)


@pytest.mark.django_db
def test_jobs_of_a_report_that_is_too_old_were_looked_for(farm):
    job = expect()
    farm.reported(database(staged="gone.gz"), at=AT - 3 * DAY)

    assert farm.scan()["too_old"] == 1

    job.refresh_from_db()
    assert job.last_checked_at_utc == AT


@pytest.mark.django_db
def test_jobs_whose_backups_wait_for_the_store_were_looked_for(farm, caplog):
    job = expect()
    farm.good()
    farm.store.write_text("no folder")
    assert farm.scan()["not_stored"] == 1
    farm.store.unlink()
    caplog.clear()

    farm.scan(AT + HOUR)

    job.refresh_from_db()
    assert (len(farm.stored()), job.last_checked_at_utc, caplog.messages) == (1, AT + HOUR, [])


@pytest.mark.django_db
def test_jobs_of_a_report_that_waits_were_looked_for_although_another_of_their_agent_is_done(farm):
    """The whole report's second file is still on its way; the other report is about the first job alone, the day before."""
    now = datetime.now(UTC)
    for name in ("base1", "base2"):
        expect(name, expected_hour_utc=(now - HOUR).hour)
    for ago, names in ((HOUR / 2, ("base1", "base2")), (DAY + HOUR / 2, ("base1",))):
        staged = [(name, f"{name}-{len(names)}") for name in names]
        for _, file in staged:
            farm.stage(file)
        farm.reported(
            *(database(name, staged=file) for name, file in staged), at=now - ago, name=f"{len(names)}.json", operation_start_time=None
        )
    farm.stage("base2-2", CONTENT[:99])

    counts = farm.scan(now)

    assert (counts["success"], counts["waiting"], farm.waiting()) == (2, 1, ["2.json"])
    assert set(ExpectedBackupJob.objects.values_list("last_checked_at_utc", flat=True)) == {now}


@pytest.mark.django_db
def test_a_report_goes_to_an_archive_that_is_full_of_its_names_and_nobody_counts_through_them(farm):
    expect()
    report = farm.good()
    archive = report.parent / deposit.ARCHIVE
    archive.mkdir()
    taken = {report.name, *(f"{report.name}.{number}" for number in range(1, 50))}
    for name in taken:
        (archive / name).write_text("older")

    assert farm.scan()["archived"] == 1

    (own,) = {each.name for each in archive.iterdir()} - taken
    assert own != f"{report.name}.50"
    assert {(archive / name).read_text() for name in taken} == {"older"}


@pytest.mark.django_db(transaction=True)
def test_a_report_that_is_replaced_stays_until_the_newer_one_is_decided(farm):
    """The newer one cannot be decided, as the database is gone: both are there for the next scan. Others need not wait."""
    expect()
    for minutes in (30, 20):
        farm.good(at=AT - timedelta(minutes=minutes))
    before = farm.waiting()
    farm.log("no report", name="broken.json")
    farm.reported(database("unknown"), name="unexpected.json")
    with deposit.root(farm.deposit) as root, pytest.raises(LockLostError):
        Part(Scope(root, HELD, AT, AT), [list(deposit.places(root).values())], lambda *_far: None).run()

    assert len(before) == 2
    assert farm.waiting() == before
    assert QuarantinedReport.objects.get().file_name == "broken.json"
