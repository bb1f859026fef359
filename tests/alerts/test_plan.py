"""What a frozen policy means in time."""

from datetime import timedelta

import pytest

from alerts import plan, policies
from alerts.enums import AlertStatus
from tests.conftest import HOUR, MINUTE, NOON, SECOND


def make_plan(*delays, **fields):
    steps = [{**policies.EMPTY_STEP, "delay_seconds": delay} for delay in delays]
    document = {
        "name": "Any", "stops_at": "ACKNOWLEDGED", "seen_hold_seconds": None, "min_gap_seconds": 60, "repeat_seconds": None,
        "last_resort_after_seconds": 300, "expires_after_seconds": 7200, "seen_timeout_seconds": 14400, "ack_timeout_seconds": 7200,
        "ack_timeout_action": "escalate", "last_resort": {"groups": [], "recipients": []}, "steps": steps,
    }  # fmt: skip
    return plan.parse(document | fields)


@pytest.mark.parametrize(("seconds", "steps"), [(0, [0]), (119, [0]), (120, [0, 1]), (1860, [0, 1, 2])])
def test_after_an_outage_every_step_that_is_due_is_taken_together(seconds, steps):
    assert list(make_plan(0, 120, 1800).due(0, start=NOON, at=NOON + seconds * SECOND)) == steps


def test_the_last_resort_is_never_joined_with_the_steps_before_it():
    assert list(make_plan(0, 120).due(0, start=NOON, at=NOON + 10 * HOUR)) == [0, 1]
    assert list(make_plan(0, 120).due(2, start=NOON, at=NOON + 10 * HOUR)) == [2]


def test_the_next_step_keeps_its_time_and_the_minimum_gap():
    calls = make_plan(0, 120)

    assert calls.next_at(1, start=NOON, at=NOON, sent=True, told=True) == NOON + 2 * MINUTE
    assert calls.next_at(1, start=NOON, at=NOON + 119 * SECOND, sent=True, told=True) == NOON + 179 * SECOND
    assert calls.next_at(1, start=NOON, at=NOON, sent=False, told=False) == NOON


def test_the_last_resort_comes_after_the_last_step_and_repeats_after_that():
    calls = make_plan(0, 120, repeat_seconds=600)

    assert calls.next_at(2, start=NOON, at=NOON + 2 * MINUTE, sent=True, told=True) == NOON + 7 * MINUTE
    assert calls.next_at(3, start=NOON, at=NOON + 7 * MINUTE, sent=True, told=True) == NOON + 17 * MINUTE


def test_without_a_repeat_the_end_is_the_end_unless_nobody_was_told():
    calls = make_plan(0)

    assert calls.next_at(2, start=NOON, at=NOON, sent=True, told=True) is None
    assert calls.next_at(2, start=NOON, at=NOON, sent=False, told=False) == NOON + timedelta(seconds=plan.RETRY_UNTOLD_SECONDS)


@pytest.mark.parametrize(
    ("status", "hours"), [(AlertStatus.PENDING, 2), (AlertStatus.DELIVERED, 2), (AlertStatus.SEEN, 4), (AlertStatus.ACKNOWLEDGED, 2)]
)
def test_each_status_times_out_after_its_own_time(status, hours):
    assert make_plan(0).deadline(status, since=NOON) == NOON + hours * HOUR


def test_steps_are_taken_in_the_order_of_their_delays():
    assert [step.delay.total_seconds() for step in make_plan(300, 0, 120).steps] == [0, 120, 300]


def test_a_document_frozen_before_there_were_schedules_is_read():
    step = {name: value for name, value in policies.EMPTY_STEP.items() if name != "schedules"} | {"groups": ["oncall"]}
    old = make_plan(0, steps=[step])

    assert old.steps[0].targets == plan.Targets(groups=frozenset({"oncall"}))
    assert not old.last_resort
