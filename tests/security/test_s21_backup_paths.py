"""S21: a name from an agent never leaves the agent's folder, and a stored file never leaves the store."""

import json
import os
from datetime import timedelta

import pytest

from backups import storage
from backups.models import BackupEntry, QuarantinedReport
from backups.storage import Folder, RefusedError
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, AT, CONTENT, Farm, database, entry, expect, report

pytestmark = pytest.mark.django_db
SECRET = b"nobody's business\n" * 400
ATTACKS = (
    "../secret", "../../secret", "../../../secret", "/etc/passwd", "//etc/passwd", "..", ".", "./secret", "databases/../../secret",
    "..\\secret",
    "..\\..\\secret", "C:\\secret", "\\\\host\\share\\secret", "....//secret", "..;/secret", "%2e%2e%2fsecret", "%252e%252e%252fsecret",
    "..%c0%afsecret", "..%00/secret", "\x00", "secret\x00.gz", "../secret\x00.gz", "\x00../secret", "∕..∕secret", "．．／secret",
    "..／secret",
    "‥/secret", "secret\n", "\nsecret", "secret\r\n", "\x1b[31msecret", "\ud800secret", "x" * 256, "x" * 5000, "a/" * 3000 + "secret", " ",
    "~/secret", "$HOME/secret", "`cat secret`", "|cat secret", "*", "?", "/proc/self/environ", "/dev/zero", "file:///secret",
    "log/../../secret",
)  # fmt: skip


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    farm = Farm(tmp_path, settings)
    farm.stage("innocent.gz")
    for place in (tmp_path, farm.deposit, farm.deposit / AGENT, farm.deposit / "OTHER_LYON_EAST"):
        place.mkdir(exist_ok=True)
        (place / "secret").write_bytes(SECRET)
    return farm


@pytest.mark.parametrize("name", ATTACKS)
def test_a_staged_name_leads_nowhere_else(farm, tmp_path, name):
    job = expect()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    farm.reported(database(content=SECRET, staged=name))

    farm.scan()

    assert (entry(job).status, entry(job).server_calculated_staged_hash, farm.stored()) == ("transfer_integrity_failed", "", {})
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("name", ATTACKS)
def test_whatever_a_database_or_a_job_is_called_its_file_stays_in_the_store(farm, tmp_path, name):
    job = expect("base1", company_name=name.replace("\x00", "").encode(errors="ignore").decode()[:120], city="..", neighborhood="/")
    job.final_storage_path_template = "{company}/{city}/{neighborhood}/{filename}"
    job.save()
    farm.stage("base1.sql.gz")
    farm.reported()

    farm.scan()

    (path,) = (farm.store / entry(job).stored_path,)
    assert path.read_bytes() == CONTENT
    assert path.resolve().is_relative_to(farm.store.resolve())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["deposit", "secret", "store"]


@pytest.mark.parametrize("template", ["../{filename}", "/tmp/{filename}", "{database}/../../{filename}", "{filename.__class__}"])
def test_a_template_that_was_never_validated_stores_nothing(farm, template):
    job = expect(final_storage_path_template=template)
    farm.stage()
    farm.reported()

    counts = farm.scan()

    assert (entry(job).status, entry(job).stored_path, counts["not_stored"], farm.stored()) == ("success", "", 1, {})


@pytest.mark.parametrize("name", ["..\\..\\x.json", "-rf.json", "a\nb.json", "\x1b[2J.json", "é" * 100 + ".json", "x;reboot.json"])
def test_whatever_a_report_is_called_it_is_put_away_or_left(farm, tmp_path, name):
    farm.log("no json", name=name)

    farm.scan()

    assert QuarantinedReport.objects.count() == (0 if "\\" in name or "\n" in name or "\x1b" in name else 1)
    assert sorted(each.name for each in tmp_path.iterdir() if each.name != "store") in (
        ["deposit", "quarantine", "secret"],
        ["deposit", "secret"],
    )


def test_the_store_and_its_folders_are_never_links(farm, tmp_path):
    job = expect()
    farm.stage()
    farm.reported()
    outside = tmp_path / "outside"
    outside.mkdir()
    farm.store.mkdir()
    (farm.store / "ACME").symlink_to(outside)

    counts = farm.scan()

    assert (entry(job).status, counts["not_stored"], list(outside.iterdir())) == ("success", 1, [])


def test_a_link_where_the_file_should_be_is_replaced_not_followed(farm, tmp_path):
    job = expect()
    farm.stage()
    farm.reported()
    place = farm.store / "ACME" / "Paris" / "2099" / "base1"
    place.mkdir(parents=True)
    (place / "base1.sql.gz").symlink_to(tmp_path / "secret")

    farm.scan()

    assert ((tmp_path / "secret").read_bytes(), (farm.store / entry(job).stored_path).read_bytes()) == (SECRET, CONTENT)
    assert not (place / "base1.sql.gz").is_symlink()


def test_an_agent_cannot_report_for_another(farm):
    job = expect(agent="OTHER_LYON_EAST")
    farm.stage()
    farm.log(report(agent_id="OTHER_LYON_EAST"))

    farm.scan()

    assert (BackupEntry.objects.filter(expected_job=job).count(), "lies in the folder of" in QuarantinedReport.objects.get().reason) == (
        0,
        True,
    )


@pytest.mark.parametrize("kind", ["link", "file", "nothing"])
def test_an_archive_that_is_no_folder_does_not_take_reports_elsewhere(farm, tmp_path, kind):
    job = expect()
    farm.good()
    archive = farm.deposit / AGENT / "log" / "_archive"
    if kind == "link":
        archive.symlink_to(tmp_path)
    elif kind == "file":
        archive.write_text("")

    counts = farm.scan()

    assert (entry(job).status, counts.get("errors", 0)) == ("success", 0 if kind == "nothing" else 1)
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize(
    "name", [name for name in ATTACKS if "/" in name or "\\" in name or "\x00" in name or len(name) > 255 or name in "..\n"]
)
def test_names_are_refused_before_they_are_opened(tmp_path, name):
    with Folder.root(tmp_path) as root:
        for use in (root.file, root.folder, storage.check_name):
            with pytest.raises(RefusedError):
                use(name)


def test_a_report_is_replayed_without_effect(farm):
    job = expect()
    body = json.dumps(report()).encode()
    farm.stage()
    farm.log(body)
    farm.scan()
    first = entry(job)

    for days in range(3):
        farm.log(body, name=f"replayed-{days}.json")
        farm.scan(AT + timedelta(days=days))

    assert (entry(job).changed_at, entry(job).reports, os.listdir(farm.deposit / AGENT / "log")) == (first.changed_at, 1, ["_archive"])
