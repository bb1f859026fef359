"""What is wanted of a device, and when it is asked next."""

import pytest

from devices.demand import Asked, Demand, back_off, next_at
from devices.enums import Mode


@pytest.mark.parametrize(
    ("demand", "mode"),
    [
        (Demand(), Mode.IDLE),
        (Demand(viewers=2), Mode.WATCHED),
        (Demand(has_rules=True), Mode.WATCHED),
        (Demand(keepalive=False), Mode.STANDBY),
        (Demand(keepalive=False, has_rules=True), Mode.STANDBY),
        (Demand(keepalive=False, viewers=1), Mode.WATCHED),
        (Demand(enabled=False, viewers=1, has_commands=True), Mode.STANDBY),
    ],
    ids=["kept alive", "looked at", "a rule", "unwanted", "a rule alone wakes nothing", "a viewer does", "off"],
)
def test_who_wants_it_decides_the_mode(demand, mode):
    assert demand.mode == mode


def test_a_command_needs_a_connection_even_on_standby_but_not_when_the_device_is_off():
    assert Demand(keepalive=False, has_commands=True).needs_connection
    assert not Demand(keepalive=False).needs_connection
    assert not Demand(enabled=False, has_commands=True).needs_connection


@pytest.mark.parametrize(
    ("mode", "poll_seconds", "ended", "due"),
    [
        (Mode.WATCHED, 1.25, 100.1, 101.25),
        (Mode.WATCHED, 1.25, 100.4, 101.4),
        (Mode.WATCHED, 1.0, 100.1, 101.1),
        (Mode.WATCHED, 5.0, 100.1, 105.0),
        (Mode.IDLE, 1.25, 100.1, 110.0),
        (Mode.IDLE, 60.0, 100.1, 160.0),
    ],
)
def test_a_device_is_asked_by_its_pace_and_never_within_a_second_of_its_reply(mode, poll_seconds, ended, due):
    assert next_at(mode, poll_seconds, Asked(100.0, ended), chance=0.5) == pytest.approx(due)


def test_the_pause_after_failures_grows_to_a_minute():
    assert [back_off(failures, wanted=False, chance=0.0) for failures in (1, 2, 3, 6, 7, 1_000_000)] == [1, 2, 4, 32, 60, 60]


def test_while_somebody_looks_it_is_tried_every_five_seconds():
    assert [back_off(failures, wanted=True, chance=0.0) for failures in (1, 3, 4, 1_000_000)] == [1, 4, 5, 5]


@pytest.mark.parametrize("failures", [1, 3, 50])
def test_chance_makes_a_pause_shorter_but_never_below_a_second(failures):
    longest = back_off(failures, wanted=False, chance=0.0)

    shortest = back_off(failures, wanted=False, chance=1.0)

    assert max(1.0, longest * 0.75) == shortest


def test_a_failure_counts_from_its_end():
    assert next_at(Mode.WATCHED, 1.25, Asked(100.0, 103.0, failures=2), chance=0.0) == 105.0
