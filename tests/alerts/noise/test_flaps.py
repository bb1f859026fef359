"""What other limits would hold back is reckoned by the engine's own rules."""

from datetime import timedelta

import pytest

from alerts import calming, escalation, lifecycle
from alerts.flapping import Limits
from alerts.noise import flaps
from tests.alerts.noise.grounds import came
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

LIMITS = Limits(3, 1, timedelta(minutes=30))


def at(*minutes, **fields):
    return [came(NOON + minute * MINUTE, **{"lasts": 2, **fields}) for minute in minutes]


def held(*alerts, limits=LIMITS):
    return [(each.at - NOON) // MINUTE for each in flaps.held(alerts, limits)]


def test_the_third_within_the_window_is_told_and_the_next_are_held_until_it_is_calm():
    assert held(*at(0, 5, 10, 15, 20)) == [15, 20]
    assert held(*at(0, 5, 10, 15, 46, 50)) == [15]


def test_what_stays_open_is_told_when_it_is_calm():
    assert held(*at(0, 5, 10), *at(15, lasts=None), *at(20, lasts=90)) == []
    assert (held(*at(0, 5, 10), *at(15, lasts=25)), held(*at(0, 5, 10), *at(15, lasts=26))) == ([15], [])


def test_limits_that_would_tell_of_what_is_held_back_now_are_not_proposed():
    quickly = at(*range(0, 90, 3), lasts=1)

    assert flaps.best([*quickly, *at(900, 903, 963, 1023)], Limits(2, 1, timedelta(minutes=10))) is None


def test_another_key_a_p1_and_what_expired_do_not_count():
    assert held(*at(0, 5, 10), *at(11, 12, 13, dedup_key="other")) == []
    assert held(*at(0, 5, 10, 15, priority=1)) == []
    assert held(*at(0, 5, resolution=""), *at(10, 15)) == []


def test_nothing_flaps_where_it_is_switched_off():
    assert held(*at(0, 1, 2, 3, 4), limits=None) == []


def test_the_mildest_limits_that_spare_the_most_are_proposed():
    hourly = [came(NOON + number * HOUR, lasts=5) for number in range(10)]

    limits, more = flaps.best(hourly, LIMITS)

    assert (limits.opens, limits.window, len(more)) == (3, 4 * HOUR, 7)
    assert flaps.best(at(0, 300, 600), LIMITS) is None


@pytest.mark.django_db
@pytest.mark.parametrize("gaps", [(5, 5, 5, 5), (5, 5, 40, 5), (14, 15, 16, 14), (1, 1, 28, 31)])
def test_the_engine_holds_back_what_is_reckoned(gaps):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0), flap_opens=3, flap_calm_opens=1, flap_window_seconds=1800)
    minutes, was = [sum(gaps[:number]) for number in range(len(gaps) + 1)], []
    for minute in minutes:
        now = NOON + minute * MINUTE
        calming.end_calm(at=now)
        alert = raise_alert(at=now)
        escalation.advance_due(at=now)
        alert.refresh_from_db()
        was += [] if alert.told else [minute]
        lifecycle.resolve(alert, by=None, at=now + 30 * timedelta(seconds=1), resolution="recovered")

    assert held(*at(*minutes)) == was
