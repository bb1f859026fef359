"""Circuit breakers: a dead provider is left alone, tried by one message at a time, and known to every runner."""

import pytest

from notifications.breakers import Breakers
from notifications.errors import DeadAddress, NotNow, OutcomeUnknown, PermanentError, TemporaryError
from notifications.models import Destination
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_recipient
from tests.notifications.conftest import queue

pytestmark = pytest.mark.django_db
AWAY = TemporaryError("the host does not accept a connection")


@pytest.fixture
def breakers():
    return Breakers(failures=3, read_seconds=0)


@pytest.fixture
def delivery(db):
    (made,) = queue(make_recipient(), priority=2)
    return made


def fail(breakers, delivery, *, times=3, cause=AWAY, name="sink:80", at=NOON):
    return [breakers.note(delivery, name, cause, at=at) for _ in range(times)]


def test_it_opens_after_failures_in_a_row_and_messages_take_another_way(breakers, delivery):
    assert fail(breakers, delivery) == [False, False, True]

    wait = breakers.wait(delivery, "sink:80", at=NOON)

    assert NOON + 10 * SECOND <= wait.until <= NOON + 13 * SECOND
    assert (wait.falls_over, wait.why) == (True, f"sink:80 is left alone until it answers again: {AWAY}")


def test_other_destinations_are_not_held_back(breakers, delivery):
    fail(breakers, delivery)

    assert breakers.wait(delivery, "other:80", at=NOON) is None


@pytest.mark.parametrize("answer", [None, NotNow("full"), DeadAddress("gone")], ids=["sent", "not now", "gone"])
def test_an_answer_between_begins_the_count_again(breakers, delivery, answer):
    fail(breakers, delivery, times=2)
    breakers.note(delivery, "sink:80", answer, at=NOON)

    assert fail(breakers, delivery, times=2) == [False, False]


@pytest.mark.parametrize("cause", [PermanentError("no"), ValueError("ours"), NotNow("full")], ids=["refused", "our fault", "not now"])
def test_what_says_nothing_about_the_provider_opens_nothing(breakers, delivery, cause):
    assert not any(fail(breakers, delivery, times=9, cause=cause))


def test_failures_far_apart_are_not_in_a_row(breakers, delivery):
    assert [fail(breakers, delivery, times=1, at=NOON + hour * HOUR) for hour in range(4)] == [[False]] * 4


def test_the_most_urgent_and_life_safety_always_try(breakers, delivery):
    fail(breakers, delivery)
    (urgent,) = queue(make_recipient("Dana Reed"), key="urgent", priority=1)
    (life,) = queue(make_recipient("Lee Ford"), key="life", priority=3, life_safety=True)

    assert [breakers.wait(each, "sink:80", at=NOON) for each in (urgent, life)] == [None, None]


def test_one_message_at_a_time_tries(breakers, delivery):
    fail(breakers, delivery)
    later = NOON + 10 * SECOND

    assert breakers.wait(delivery, "sink:80", at=later) is None
    assert breakers.wait(delivery, "sink:80", at=later).until >= later + 20 * SECOND


def test_of_two_runners_one_tries(breakers, delivery):
    fail(breakers, delivery)
    other, later = Breakers(read_seconds=0), NOON + 10 * SECOND
    for runner in (breakers, other):
        runner.look(at=later)

    assert [runner.wait(delivery, "sink:80", at=later) is None for runner in (breakers, other)] == [True, False]


def test_a_runner_that_died_while_it_tried_blocks_nobody(breakers, delivery):
    fail(breakers, delivery)
    breakers.wait(delivery, "sink:80", at=NOON + 10 * SECOND)
    other = Breakers(read_seconds=0)
    other.look(at=NOON + 30 * SECOND)

    assert other.wait(delivery, "sink:80", at=NOON + 30 * SECOND) is None


def test_an_answer_closes_it_for_every_runner(breakers, delivery):
    fail(breakers, delivery)
    other = Breakers(read_seconds=0)
    other.look(at=NOON)

    other.note(delivery, "sink:80", None, at=NOON + MINUTE)
    breakers.look(at=NOON + MINUTE)

    assert [runner.wait(delivery, "sink:80", at=NOON + MINUTE) for runner in (breakers, other)] == [None, None]
    assert Destination.objects.get().opened_at is None


def test_the_tries_grow_rarer_up_to_a_minute(breakers, delivery):
    fail(breakers, delivery)
    at, pauses = NOON, []
    for _ in range(5):
        place = Destination.objects.get()
        pauses.append((place.probe_at - at) // SECOND)
        at = place.probe_at
        breakers.wait(delivery, "sink:80", at=at)

    assert pauses == [10, 20, 40, 60, 60]


def test_a_wish_to_be_left_alone_holds_everything_back_for_that_time(breakers, delivery):
    breakers.note(delivery, "sink:80", TemporaryError("busy (429)", retry_seconds=20), at=NOON)

    wait = breakers.wait(delivery, "sink:80", at=NOON)

    assert NOON + 20 * SECOND <= wait.until <= NOON + 23 * SECOND
    assert (wait.falls_over, breakers.wait(delivery, "sink:80", at=NOON + 20 * SECOND)) == (False, None)


@pytest.mark.parametrize(("wish", "seconds"), [(0, 1), (99_999, 300)])
def test_a_wish_is_kept_within_bounds(breakers, delivery, wish, seconds):
    breakers.note(delivery, "sink:80", TemporaryError("busy (429)", retry_seconds=wish), at=NOON)

    assert Destination.objects.get().slow_until == NOON + seconds * SECOND


def test_a_long_wish_makes_messages_take_another_way(breakers, delivery):
    breakers.note(delivery, "sink:80", TemporaryError("busy (429)", retry_seconds=90), at=NOON)

    assert breakers.wait(delivery, "sink:80", at=NOON).falls_over


def test_nothing_is_written_while_everything_works(breakers, delivery, django_assert_num_queries):
    with django_assert_num_queries(0):
        breakers.note(delivery, "sink:80", None, at=NOON)
        breakers.note(delivery, "sink:80", OutcomeUnknown("no answer"), at=NOON)
        breakers.note(delivery, "sink:80", None, at=NOON)
