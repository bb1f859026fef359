"""Staged files as a scan reads them: small ones together, and every one judged for itself."""

import pytest

from backups import looking, verifying
from backups.enums import BackupVerdict
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, CONTENT, Farm, database, entry, expect, verdicts

pytestmark = pytest.mark.django_db


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    return Farm(tmp_path, settings)


def test_files_that_are_read_together_are_judged_each_for_itself(farm):
    names = [f"base{number:02}" for number in range(2 * looking.TOGETHER)]
    for name in names:
        expect(name, final_storage_path_template="" if name < "base10" else "{database}/{filename}")
        farm.stage(f"{name}.sql.gz")
    farm.stage("base03.sql.gz", b"x" * len(CONTENT))
    (farm.deposit / AGENT / "databases" / "base17.sql.gz").unlink()
    farm.stage("base25.sql.gz", b"")
    farm.reported(*(database(name) for name in names))

    farm.scan()

    bad = {"base03": BackupVerdict.HASH_MISMATCH} | dict.fromkeys(("base17", "base25"), BackupVerdict.TRANSFER_INTEGRITY_FAILED)
    assert verdicts() == [(name, bad.get(name, BackupVerdict.SUCCESS)) for name in names]
    assert sorted(farm.stored()) == [f"{name}/{name}.sql.gz" for name in names[10:] if name not in bad]


@pytest.mark.parametrize("size", [verifying.SMALL - 1, verifying.SMALL, verifying.SMALL + 1, looking.SMALL + 1])
def test_a_file_of_any_size_is_read_to_its_end(farm, size):
    job = expect(final_storage_path_template="")
    farm.good(content=b"a" * (size - 1) + b"z")

    farm.scan()

    assert (entry(job).status, entry(job).server_calculated_staged_size) == (BackupVerdict.SUCCESS, size)
