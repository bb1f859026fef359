"""The doctor names what keeps backups from being seen: places, agents that nobody expects, jobs that never reported."""

from types import SimpleNamespace

import pytest

from backups import entries, missing
from backups.models import ExpectedBackupJob
from sentinel_site import doctor_backups
from tests.backups.factories import DAY, evidence, make_job, make_sources
from tests.conftest import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    make_sources()
    for name in doctor_backups.MEANINGS:
        setattr(settings, name, tmp_path / name)
    return SimpleNamespace(deposit=tmp_path / "SENTINEL_BACKUP_DEPOSIT", store=tmp_path / "SENTINEL_BACKUP_STORE", root=tmp_path)


def said(at=NOON, *, of=("warn", "error")):
    return [text for level, text in doctor_backups.findings(at=at) if level in of and "% full" not in text]


def test_places_that_are_not_there_yet_are_no_fault():
    assert said() == []


def test_a_place_that_is_a_file_is_named(places):
    places.store.write_text("")

    assert said() == [f"SENTINEL_BACKUP_STORE: {places.store} is not a folder, so no verified backup can be stored there."]


def test_a_folder_of_an_agent_that_nobody_expects_is_named(places):
    for name in ("ACME_PARIS_NORTH", "acme_lyon_south", ".hidden"):
        (places.deposit / name).mkdir(parents=True)
    make_job()

    (text,) = said()

    assert "No expected backup names the agent of acme_lyon_south in" in text


def test_a_job_that_was_never_reported_is_named_until_it_is():
    job = make_job()
    missing.sweep(at=NOON + 2 * HOUR)
    assert said(NOON + 2 * HOUR)[0].startswith("Expected, and never reported so far: Acme / ledger.")

    entries.decide(job.pk, evidence(at=NOON + HOUR))

    assert said(NOON + 2 * HOUR, of=("ok", "warn", "error")) == [
        "1 backup is expected, and every one that was due has reported at least once."
    ]


def test_what_is_overdue_and_was_not_noticed_is_an_error():
    job = make_job()

    assert said(job.overdue_at + 5 * MINUTE) == []
    assert said(job.overdue_at + DAY)[0].startswith("Overdue, and nobody has noticed: Acme / ledger.")


def test_a_job_that_waits_for_nothing_is_named():
    make_job()
    ExpectedBackupJob.objects.update(overdue_at=None)

    assert said()[0].startswith("Nothing is ever overdue of Acme / ledger")
