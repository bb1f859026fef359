"""One part of a scan, share after share: in which order, how far it says it is, and what it knows of agents in the end."""

import pytest

from backups import deposit
from backups.models import ExpectedBackupJob
from backups.parts import LARGE, Part, Scope
from tests.backups.factories import make_sources
from tests.backups.farm import AT, Farm, database, expect
from tests.conftest import HOUR

HELD = 0
"""No process of PostgreSQL: a part of these tests alone decides nothing."""


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    farm = Farm(tmp_path, settings)
    farm.deposit.mkdir()
    return farm


@pytest.fixture
def part(farm):
    """A part with a share for each agent, which tells how far it is."""
    told = []
    with deposit.root(farm.deposit) as root:
        agents = list(deposit.places(root).values())
        yield Part(Scope(root, HELD, AT, AT), [[agent] for agent in agents], lambda *far: told.append(far)), told


def report(farm, agent, **sizes):
    """A report about databases of these sizes, of which there is no file."""
    for name in sizes:
        expect(name, agent=agent)
    farm.reported(*(database(name, size=size) for name, size in sizes.items()), agent=agent)


@pytest.fixture
def large(farm):
    report(farm, "A", base1=LARGE + 1, base2=5)
    report(farm, "B", base3=7, base4=LARGE, base5=3)


@pytest.mark.django_db
def test_the_large_files_come_last_of_all(large, part):
    groups = [{work.database.name for work in group} for group in part[0]._groups()]

    assert groups == [{"base2"}, {"base3", "base5"}, {"base4", "base1"}]


@pytest.mark.django_db
def test_how_much_there_is_in_all_is_said_when_it_is_known(large, part):
    part, told = part

    for _ in part._groups():
        pass

    assert told == [("collect", 1, None)]
    assert (part.counts["databases"], part.counts["reports"]) == (5, 2)


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
