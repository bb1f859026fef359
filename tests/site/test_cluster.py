"""How the worker's guard is asked to stop."""

import os
import signal

import pytest

from sentinel_site.cluster import Stopping


@pytest.fixture
def stopping():
    """What a signal asks, as it does in the worker."""
    made = Stopping()
    before = signal.signal(signal.SIGUSR1, lambda *_: made.set())
    yield made
    signal.signal(signal.SIGUSR1, before)
    made.close()


def test_a_signal_ends_the_wait_and_every_later_one(stopping):
    assert (stopping.is_set(), stopping.wait(0)) == (False, False)

    os.kill(os.getpid(), signal.SIGUSR1)

    assert (stopping.wait(600), stopping.wait(600), stopping.is_set()) == (True, True, True)


def test_asking_ever_again_never_blocks(stopping):
    for _ in range(100_000):
        stopping.set()

    assert stopping.wait(600)
