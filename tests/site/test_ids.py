"""UUIDv7."""

import pickle
from uuid import RFC_4122, UUID

from sentinel_site.lib import ids
from tests.conftest import NOON, SECOND


def test_ids_of_one_process_only_increase():
    made = [ids.uuid7() for _ in range(5000)]

    assert made == sorted(set(made))
    assert {made_id.version for made_id in made} == {7}


def test_an_id_carries_its_instant():
    early, late = ids.uuid7(NOON), ids.uuid7(NOON + SECOND)

    assert ids.floor(NOON) <= early < ids.floor(NOON + SECOND) <= late


def test_a_batch_is_unique_and_in_order():
    batch = [UUID(text) for text in ids.texts(3000, NOON)]

    assert batch == sorted(set(batch))
    assert len(batch) == 3000
    assert all(ids.floor(NOON) <= each < ids.floor(NOON + SECOND) and each.version == 7 for each in batch)


def test_several_come_in_order_between_those_before_and_after_them():
    before = ids.uuid7()
    several = ids.several(10_000)
    after = ids.uuid7()

    assert [before, *several, after] == sorted({before, *several, after})
    assert {(each.version, each.variant) for each in several} == {(7, RFC_4122)}
    assert pickle.loads(pickle.dumps(several)) == several
    assert UUID(several[0].hex) == several[0]
    assert ids.several(0) == []
