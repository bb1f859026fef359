"""Rates: no more than the provider takes, by all runners together."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from notifications import pace
from tests.conftest import NOON, SECOND

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rates(settings):
    settings.SENTINEL_RATES = {"sms": 1.0, "email": 10.0, "voice": 0.1, "push": None}


def test_a_second_must_pass_between_two():
    takes = [pace.take("sms", 5, at=NOON + seconds * SECOND)[0] for seconds in (0, 0.5, 1, 1, 2)]

    assert takes == [1, 0, 1, 0, 1]


def test_it_says_when_the_next_may_go():
    assert pace.take("voice", 1, at=NOON) == (1, NOON + 10 * SECOND)
    assert pace.take("voice", 1, at=NOON + SECOND) == (0, NOON + 10 * SECOND)


def test_a_second_s_worth_may_go_at_once_and_no_more_is_saved_up():
    assert [pace.take("email", 50, at=NOON + seconds * SECOND)[0] for seconds in (0, 0.5, 100)] == [10, 5, 10]


def test_what_was_not_sent_is_given_back():
    pace.take("email", 10, at=NOON)
    pace.give_back("email", 4)

    assert pace.take("email", 50, at=NOON)[0] == 4


def test_addresses_have_each_their_own_rate():
    assert [pace.take("sms", 1, at=NOON, key=key)[0] for key in ("a", "a", "b")] == [1, 0, 1]


def test_without_a_rate_everything_goes(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert pace.take("push", 500, at=NOON)[0] == 500


@pytest.mark.django_db(transaction=True)
def test_runners_share_one_rate():
    together = Barrier(4)

    def run():
        together.wait()
        try:
            return pace.take("email", 7, at=NOON)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        taken = sum(job.result() for job in [threads.submit(run) for _ in range(4)])

    assert taken == 10
