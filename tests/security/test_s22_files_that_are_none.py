"""S22: what an agent puts in a file's place (links, pipes, devices, somebody else's file) is refused, and a race changes nothing."""

import os
import threading

import pytest

from backups import storage
from backups.models import QuarantinedReport
from backups.storage import Folder, RefusedError
from tests.backups.factories import make_sources
from tests.backups.farm import AGENT, CONTENT, Farm, database, entry, expect

SECRET = b"nobody's business\n" * 400


@pytest.fixture
def farm(tmp_path, settings):
    return Farm(tmp_path, settings)


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    return tmp_path / "secret"


def put(kind, place, secret):
    if kind == "link":
        place.symlink_to(secret)
    elif kind == "relative link":
        place.symlink_to(os.path.relpath(secret, place.parent))
    elif kind == "link to zeros":
        place.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "loop":
        place.symlink_to(place)


KINDS = ("link", "relative link", "link to zeros", "pipe", "folder", "loop")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_no_backup(farm, secret, kind):
    make_sources()
    job = expect()
    farm.stage("other.gz")
    put(kind, farm.deposit / AGENT / "databases" / "base1.sql.gz", secret)
    farm.reported(database(content=SECRET))

    farm.scan()

    assert (entry(job).status, entry(job).server_calculated_staged_hash) == ("transfer_integrity_failed", "")
    assert farm.stored() == {}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])
def test_what_is_no_file_is_no_report_and_is_shown_once(farm, secret, kind):
    make_sources()
    (farm.deposit / AGENT / "log").mkdir(parents=True)
    put(kind, farm.deposit / AGENT / "log" / "odd.json", secret)

    farm.scan()
    farm.scan()

    row = QuarantinedReport.objects.get()
    assert (row.file_name, row.excerpt, row.stored_name, farm.waiting()) == ("odd.json", "", "", [])
    assert secret.read_bytes() == SECRET


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["databases", "log", ""])
def test_a_folder_that_is_a_link_is_not_entered(farm, secret, part):
    make_sources()
    job = expect()
    farm.good()
    place = farm.deposit / AGENT / part
    place.rename(farm.deposit.parent / "moved")
    place.symlink_to(farm.deposit.parent / "moved")

    farm.scan()

    found = list(job.entries.values_list("status", flat=True))
    assert found == (["transfer_integrity_failed"] if part == "databases" else [])


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to somebody else needs root")
def test_a_second_name_of_somebody_elses_file_is_refused(tmp_path, secret):
    folder = tmp_path / "agent"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    os.link(secret, folder / "base1.gz")

    with Folder.root(folder) as opened, pytest.raises(RefusedError, match="second name"):
        opened.file("base1.gz")


def test_a_second_name_of_ones_own_file_is_fine(tmp_path):
    (tmp_path / "one").write_bytes(CONTENT)
    os.link(tmp_path / "one", tmp_path / "two")

    with Folder.root(tmp_path) as folder:
        os.close(folder.file("two"))


def test_a_device_and_another_file_system_are_refused(tmp_path):
    (tmp_path / "plain").write_bytes(b"x")
    plain, here = os.stat(tmp_path / "plain"), os.stat(tmp_path)

    assert storage.refusal(os.stat("/dev/null"), here) == "It is no regular file."
    assert "another file system" in storage.refusal(plain, os.stat("/proc"))
    assert storage.refusal(plain, here) == ""


def test_a_file_swapped_for_a_link_again_and_again_is_never_followed(tmp_path, secret):
    folder = tmp_path / "agent"
    folder.mkdir()
    (folder / "mine").write_bytes(CONTENT)
    (folder / "theirs").symlink_to(secret)
    done = threading.Event()

    def swap():
        while not done.is_set():
            os.link(folder / "mine", folder / "next")
            os.rename(folder / "next", folder / "base1.gz")
            os.symlink(secret, folder / "next")
            os.rename(folder / "next", folder / "base1.gz")

    swapper = threading.Thread(target=swap)
    (folder / "base1.gz").write_bytes(CONTENT)
    swapper.start()
    try:
        seen = {read(folder, "base1.gz") for _ in range(10_000)}
    finally:
        done.set()
        swapper.join()

    assert seen <= {CONTENT, b"refused"}


def read(folder, name):
    with Folder.root(folder) as opened:
        try:
            fd = opened.file(name)
        except RefusedError:
            return b"refused"
    with os.fdopen(fd, "rb") as file:
        return file.read()


def test_a_file_replaced_while_it_is_put_away_is_not_lost(tmp_path):
    (tmp_path / "report.json").write_bytes(b"the first")
    before = os.stat(tmp_path / "report.json")
    (tmp_path / "next").write_bytes(b"the second")
    os.rename(tmp_path / "next", tmp_path / "report.json")

    with Folder.root(tmp_path) as folder, folder.folder("_archive", make=True) as archive:
        assert storage.take_away(folder, "report.json", before, archive) is False

    assert (tmp_path / "report.json").read_bytes() == b"the second"


def test_nothing_in_the_archive_is_written_over(tmp_path):
    with Folder.root(tmp_path) as folder, folder.folder("_archive", make=True) as archive:
        for number in range(3):
            (tmp_path / "report.json").write_bytes(b"%d" % number)
            assert storage.take_away(folder, "report.json", os.stat(tmp_path / "report.json"), archive)

    assert sorted(path.read_bytes() for path in (tmp_path / "_archive").iterdir()) == [b"0", b"1", b"2"]


@pytest.mark.django_db
def test_a_file_that_holds_nothing_is_not_read_for_hours(farm):
    make_sources()
    job = expect(final_storage_path_template="")
    os.truncate(farm.stage(content=b"x"), 4 << 40)
    farm.reported(database(size=4 << 40))

    farm.scan()

    assert (entry(job).status, "sparse" in entry(job).message) == ("transfer_integrity_failed", True)
