"""Threads that work at once: one that hangs is in nobody's way."""

import threading

import pytest

from notifications.hands import THREADS_PER_HAND, Hands
from tests.notifications.conftest import wait_until


@pytest.fixture
def hold():
    event = threading.Event()
    yield event
    event.set()


def test_work_begins_at_once_and_frees_its_hand():
    freed, done = [], []
    hands = Hands("test", 2, freed=lambda: freed.append(1))

    hands.take(lambda: done.append(1))

    wait_until(lambda: freed == [1])
    assert (done, hands.free, hands.busy) == ([1], 2, 0)


def test_free_hands_are_counted(hold):
    hands = Hands("test", 2, freed=lambda: None, slow_seconds=3600)
    for _ in range(2):
        hands.take(lambda: hold.wait(60))

    assert (hands.free, hands.close(0.05)) == (0, False)

    hold.set()
    assert hands.close(60)


def test_slow_work_stops_counting_up_to_a_bound(hold):
    hands = Hands("test", 2, freed=lambda: None, slow_seconds=0.0)

    taken = 0
    while hands.free and taken < 100:
        hands.take(lambda: hold.wait(60), destination="slow.example.org")
        taken += 1

    assert taken == 2 * THREADS_PER_HAND
    assert hands.crowding("slow.example.org") > 0
    assert (hands.crowding("quick.example.org"), hands.crowding("")) == (0, 0)


def test_a_thread_that_ends_says_so():
    ended = []
    hands = Hands("test", 2, freed=lambda: None, ended=lambda: ended.append(1), idle_seconds=0.05)

    hands.take(lambda: None)

    wait_until(lambda: ended == [1])


def test_an_error_ends_neither_thread_nor_count(caplog):
    done = []
    hands = Hands("test", 1, freed=lambda: None)

    hands.take(lambda: 1 / 0)
    wait_until(lambda: hands.free)
    hands.take(lambda: done.append(1))

    wait_until(lambda: done)
    assert "ZeroDivisionError" in caplog.text


def test_a_thread_that_cannot_be_started_costs_no_hand():
    done, hands = [], Hands("test", 1, freed=lambda: None)
    usual = threading.stack_size(1 << 46)  # more than there is
    try:
        with pytest.raises(RuntimeError):
            hands.take(lambda: None)
    finally:
        threading.stack_size(usual)

    assert (hands.free, hands.busy) == (1, 0)
    hands.take(lambda: done.append(1))
    wait_until(lambda: done)
