"""One monitor at a time may talk to a device."""

import subprocess
import sys
import threading

import pytest
from django.db import connection
from django.utils import timezone

from devices import leases
from devices.errors import LeaseLost
from devices.leases import Leases
from devices.models import Device, DeviceStatus
from sentinel_site import env
from tests.conftest import MINUTE, SECOND

pytestmark = pytest.mark.django_db
ELSEWHERE = "elsewhere/00000000-0000-0000/1/77/12345"


@pytest.fixture
def meters():
    return [Device.objects.create(slug=f"m{n}", name=f"M {n}", host="192.168.1.40").pk for n in range(3)]


def holders():
    return list(DeviceStatus.objects.order_by("device_id").values_list("holder", flat=True))


def run_out():
    DeviceStatus.objects.update(leased_until=timezone.now() - SECOND)


def test_a_free_device_is_taken_and_another_monitor_does_not_get_it(meters):
    one, two = Leases("one"), Leases("two")

    assert one.take(meters) == meters
    assert two.take(meters) == []

    assert (one.has(meters[0]), two.has(meters[0])) == (True, False)
    assert holders() == ["one"] * 3


def test_a_lease_that_ran_out_is_taken_over(meters):
    one, two = Leases("one"), Leases("two")
    one.take(meters)
    run_out()

    assert two.take(meters) == meters
    assert one.renew() == meters

    assert (one.has(meters[0]), two.has(meters[0])) == (False, True)


def test_a_renewed_lease_is_not_taken_over(meters):
    one, two = Leases("one"), Leases("two")
    one.take(meters)
    run_out()

    assert one.renew() == []

    assert two.take(meters) == []


def test_the_holder_stops_before_its_lease_runs_out_in_the_database(meters):
    one = Leases("one", seconds=10, margin=10)

    one.take(meters)

    assert not one.has(meters[0])
    with pytest.raises(LeaseLost):
        one.check(meters[0])()
    assert DeviceStatus.objects.filter(leased_until__gt=timezone.now()).count() == 3


def test_a_driver_may_send_while_the_lease_holds(meters):
    one = Leases("one")
    one.take(meters[:1])

    one.check(meters[0])()

    with pytest.raises(LeaseLost):
        one.check(meters[1])()


def test_a_released_device_is_free_at_once(meters):
    one, two = Leases("one"), Leases("two")
    one.take(meters)

    one.release(meters[:1])

    assert two.take(meters) == meters[:1]
    assert (one.has(meters[0]), one.has(meters[1])) == (False, True)


def test_a_process_gives_back_all_that_it_holds_known_to_it_or_not(meters):
    one, two = Leases("one"), Leases("two")
    two.take(meters[:1])
    one.take(meters[1:])
    one.forget(meters[1:])

    one.release_all()

    assert holders() == ["two", "", ""]


def test_nobody_can_release_what_is_anothers(meters):
    one, two = Leases("one"), Leases("two")
    one.take(meters)

    two.release(meters)

    assert holders() == ["one"] * 3


def test_a_device_that_was_deleted_is_neither_taken_nor_kept(meters):
    one = Leases("one")
    one.take(meters)
    Device.objects.get(pk=meters[0]).delete()

    assert one.take(meters) == meters[1:]
    assert one.renew() == [meters[0]]


def test_leases_of_a_dead_process_of_this_machine_are_taken_at_once(meters):
    script = "import django; django.setup(); from devices import leases; print(leases.identity())"
    dead = subprocess.run([sys.executable, "-c", script], cwd=env.BASE_DIR, capture_output=True, text=True, check=True).stdout.strip()
    Leases(dead).take(meters)

    assert Leases(leases.identity()).take(meters) == meters


def test_leases_of_a_living_process_and_of_other_machines_are_not(meters):
    Leases(leases.identity()).take(meters[:1])
    Leases(ELSEWHERE).take(meters[1:])

    assert Leases("new").take(meters) == []
    assert leases.dead_holders([leases.identity(), ELSEWHERE, "", "nonsense", "a/b/c/d/e"]) == []


def test_another_process_with_the_pid_of_a_dead_one_is_not_taken_for_it():
    here, _, _ = leases.identity().rpartition("/")

    assert leases.dead_holders([f"{here}/1"]) == [f"{here}/1"]


def test_who_a_process_is_fits_its_column():
    assert len(leases.identity()) <= DeviceStatus._meta.get_field("holder").max_length


@pytest.mark.parametrize("count", [1, 3])
def test_all_devices_are_renewed_in_one_statement(meters, count, django_assert_num_queries):
    one = Leases("one")
    one.take(meters[:count])

    with django_assert_num_queries(1):
        one.renew()


@pytest.mark.django_db(transaction=True)
def test_two_monitors_that_start_together_share_nothing(meters):
    start, taken = threading.Barrier(2), {}

    def monitor(name, ids):
        start.wait(60)
        taken[name] = Leases(name).take(ids)
        connection.close()

    threads = [threading.Thread(target=monitor, args=args) for args in (("one", meters), ("two", meters[::-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken["one"] + taken["two"]) == meters
    assert DeviceStatus.objects.filter(leased_until__lt=timezone.now() + MINUTE).count() == 3
