"""How many messages a policy writes is counted to the end of an alert."""

from alerts.noise.calm import Loudness, Turn
from tests.conftest import HOUR, MINUTE

TURNS = (Turn(0 * MINUTE, 1, 0), Turn(30 * MINUTE, 2, 1))


def test_messages_are_counted_until_the_alert_is_taken_or_over():
    way = Loudness("Mail", 1, TURNS)

    assert [way.messages(after) for after in (MINUTE, 30 * MINUTE, 31 * MINUTE, 48 * HOUR)] == [1, 1, 3, 3]


def test_a_policy_that_repeats_writes_on_as_long_as_the_alert_is_open():
    assert Loudness("Mail", 1, TURNS, repeat=HOUR).messages(10 * HOUR) == 1 + 2 + 9 * 2


def test_a_policy_that_tells_nobody_writes_nothing():
    assert Loudness("Nobody", 1, (), repeat=HOUR).messages(HOUR) == 0
