"""The process beside a scan that looks at files: what it says, and what happens when it is gone."""

import multiprocessing

import pytest

from backups import deposit, looking, matching
from backups.enums import BackupVerdict
from backups.looking import Places
from tests.backups.factories import make_sources
from tests.backups.farm import AT, Farm, database, expect

pytestmark = pytest.mark.django_db
MANY = 2000
"""More answers than the pipe holds: the process has to wait until somebody takes them."""


@pytest.fixture
def places(tmp_path, settings):
    make_sources()
    expect(final_storage_path_template="")
    farm = Farm(tmp_path, settings)
    farm.stage()
    farm.reported(database())
    with deposit.root(farm.deposit) as root:
        yield Places(root, None, AT)


def batches(places, count):
    """The same file so often, each time as a batch of its own."""
    (work,) = matching.match(list(deposit.collect(places.deposit, at=AT)), at=AT).works
    return [[[work]]] * count


def test_it_says_what_the_scan_itself_would_find(places):
    works = batches(places, 3)

    with looking.ahead(works, places) as found:
        assert list(found) == list(looking.here(works, places))


def test_what_it_did_not_say_before_it_was_killed_is_looked_at_by_the_scan(places):
    with looking.ahead(batches(places, MANY), places) as found:
        next(found)
        (beside,) = multiprocessing.active_children()
        beside.kill()
        beside.join()

        rest = [looked.verdict for batch in found for looked in batch]

    assert rest == [BackupVerdict.SUCCESS] * (MANY - 1)


def test_it_ends_with_the_scan(places):
    with looking.ahead(batches(places, MANY), places):
        (beside,) = multiprocessing.active_children()

    assert not beside.is_alive()
