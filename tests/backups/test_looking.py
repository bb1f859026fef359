"""Looking at staged files batch after batch: at once what lies in memory, by threads the rest, and no further when nobody wants it."""

import gzip
import os
import threading
from dataclasses import replace

import pytest

from backups import deposit, looking, matching, verifying
from backups.enums import BackupVerdict
from backups.verifying import Places
from tests.backups.factories import make_sources
from tests.backups.farm import AT, CONTENT, Farm, collected, database, expect

pytestmark = pytest.mark.django_db
LARGE = b"a large one " * verifying.PIECE


@pytest.fixture
def farm(tmp_path, settings):
    make_sources()
    return Farm(tmp_path, settings)


@pytest.fixture
def places(farm):
    farm.deposit.mkdir()
    with deposit.root(farm.deposit) as root:
        yield Places(root, None, AT)


def works(places):
    return matching.match(collected(places.deposit), at=AT).works


def night(farm, **contents):
    """Files of these contents, each reported, and one that is not there."""
    for name in (*contents, "absent"):
        expect(name, final_storage_path_template="")
    for name, content in contents.items():
        farm.stage(f"{name}.sql.gz", content)
    farm.reported(*(database(name, content) for name, content in {**contents, "absent": CONTENT}.items()))


def found(looked):
    return sorted((each.work.database.name, str(each.verdict), each.digest, each.size, each.message, each.evidence) for each in looked)


def test_what_is_told_at_once_and_what_later_is_what_looking_with_patience_tells(farm, places):
    night(farm, small=CONTENT, edge=b"e" * verifying.SMALL, larger=b"l" * 300_000, packed=b"\x1f\x8b" + CONTENT)
    listed = works(places)

    at_once, later = verifying.glance(listed, places)

    assert found([*at_once, *verifying.look(later, places)]) == found(verifying.look(listed, places))
    assert {"absent", "edge", "larger", "packed"} <= {work.database.name for work in later}
    assert {each.work.database.name for each in at_once} <= {"small"}  # none where the file system cannot be asked for what is in memory


def test_a_short_file_is_not_taken_for_the_archive_that_was_read_before_it(farm, places):
    night(farm, aaa=gzip.compress(b"whole"), bbb=b"\x1f", ccc=b"PK")

    looked = verifying.look(works(places), places)
    with looking.ahead([works(places)], places) as batches:
        (at_once,) = batches

    assert found(at_once) == found(looked)
    assert {each.work.database.name: each.evidence for each in at_once}["bbb"] == {}


def test_a_file_that_the_disk_has_to_bring_is_told_all_the_same(farm, places):
    night(farm, small=CONTENT * 8)
    path = farm.deposit / "ACME_PARIS_NORTH" / "databases" / "small.sql.gz"
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    with looking.ahead([works(places)], places) as batches:
        (looked,) = batches

    assert {each.work.database.name: each.verdict for each in looked}["small"] == BackupVerdict.SUCCESS


def test_a_file_that_is_to_be_stored_is_left_to_the_threads(farm, places, tmp_path):
    night(farm, small=CONTENT)
    (tmp_path / "copies").mkdir()
    (work,) = [each for each in works(places) if each.database.name == "small"]
    wanted = work._replace(job=replace(work.job, final_storage_path_template="{filename}"))
    with deposit.root(tmp_path / "copies") as copies:
        assert verifying.glance([wanted], Places(places.deposit, copies, AT)) == ([], [wanted])


def test_each_batch_is_answered_once_and_whole(farm, places):
    night(farm, **{f"base{number:02}": b"%d" % number * (number * 20_000 + 1) for number in range(12)})
    listed = works(places)
    batches = [listed[:5], listed[5:6], listed[6:]]

    with looking.ahead(batches, places) as answered:
        names = [sorted(each.work.database.name for each in looked) for looked in answered]

    assert sorted(names) == sorted(sorted(work.database.name for work in batch) for batch in batches)


def test_no_more_is_begun_while_much_is_waited_for(farm, places):
    night(farm, large=LARGE)
    (work,) = [each for each in works(places) if each.database.name == "large"]
    asked = []

    with looking.ahead((asked.append(number) or [work] * 200 for number in range(40)), places) as answered:
        assert len(next(answered)) == 200

    assert len(asked) <= looking.AHEAD_BYTES // (200 * len(LARGE)) + 1


def test_nothing_is_read_any_more_when_nobody_wants_to_know(farm, places):
    night(farm, large=LARGE)
    (work,) = [each for each in works(places) if each.database.name == "large"]
    before = set(threading.enumerate())

    with looking.ahead([[work]] * 3, places) as batches:
        assert [each.verdict for each in next(batches)] == [BackupVerdict.SUCCESS]

    assert set(threading.enumerate()) == before
    with pytest.raises(verifying.StoppedError):
        verifying.look([work], places)
