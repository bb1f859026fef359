"""Who looks at what is counted over all web processes, and those that die are forgotten."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from devices import viewers
from devices.models import Device, DeviceViewer
from sentinel_site.lib import wake
from tests.conftest import NOON, SECOND

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall():
    return Device.objects.create(slug="hall", name="Hall", host="192.0.2.1").pk


@pytest.fixture
def yard():
    return Device.objects.create(slug="yard", name="Yard", host="192.0.2.2").pk


def test_viewers_of_all_processes_are_added_up(hall, yard):
    viewers.write("web-1", {hall: 2, yard: 1}, at=NOON)
    viewers.write("web-2", {hall: 3}, at=NOON)

    assert viewers.counts(NOON) == {hall: 5, yard: 1}


def test_a_device_that_nobody_looks_at_any_more_is_removed_at_once(hall, yard):
    viewers.write("web-1", {hall: 1, yard: 1}, at=NOON)

    viewers.write("web-1", {yard: 2}, at=NOON)

    assert viewers.counts(NOON) == {yard: 2}
    assert DeviceViewer.objects.count() == 1


def test_nobody_left_leaves_no_row(hall):
    viewers.write("web-1", {hall: 1}, at=NOON)

    viewers.write("web-1", {}, at=NOON)

    assert not DeviceViewer.objects.exists()


def test_a_dead_process_is_forgotten(hall):
    viewers.write("web-1", {hall: 1}, at=NOON)
    later = NOON + timedelta(seconds=viewers.SEEN_SECONDS)

    assert viewers.counts(later - SECOND) == {hall: 1}
    assert viewers.counts(later) == {}


def test_a_living_process_removes_what_a_dead_one_left(hall, yard):
    viewers.write("web-1", {hall: 1}, at=NOON)

    viewers.write("web-2", {yard: 1}, at=NOON + timedelta(seconds=viewers.SEEN_SECONDS + 1))

    assert list(DeviceViewer.objects.values_list("process", flat=True)) == ["web-2"]


def test_renewing_keeps_every_row_of_the_process(hall, yard, django_assert_num_queries):
    viewers.write("web-1", {hall: 2, yard: 1}, at=NOON)

    with django_assert_num_queries(1):
        said = viewers.renew("web-1", at=NOON + 20 * SECOND)

    assert said == {hall: "hall", yard: "yard"}
    assert viewers.counts(NOON + 40 * SECOND) == {hall: 2, yard: 1}


def test_a_device_deleted_meanwhile_is_left_out(hall, yard):
    Device.objects.filter(pk=yard).delete()

    viewers.write("web-1", {hall: 1, yard: 1}, at=NOON)

    assert viewers.counts(NOON) == {hall: 1}


@pytest.mark.django_db(transaction=True)
def test_monitors_are_woken_by_a_change_and_not_by_a_renewal(hall):
    given = connection.get_connection_params()
    where = {name: value for name, value in given.items() if name not in {"cursor_factory", "context", "prepare_threshold"}}
    with psycopg.connect(**where, autocommit=True) as listening:
        listening.execute(f"LISTEN {wake.DEVICES}")

        viewers.write("web-1", {hall: 1}, at=NOON)
        changed = _heard(listening)
        viewers.renew("web-1", at=NOON + SECOND)
        renewed = _heard(listening)

    assert (len(changed), renewed) == (1, [])


def _heard(listening):
    """What was said by now: everything before a word of our own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, 'until here')", [wake.DEVICES])
    heard = []
    for notice in listening.notifies(timeout=60):  # one reader: what comes together with the last one that is taken would be lost
        if notice.payload == "until here":
            return heard
        heard.append(notice.payload)
    raise AssertionError(f"nothing but {heard} was said")
