"""What nearly always follows another, and ends with it, is found; what only looks so is not."""

from alerts.noise import pairs
from tests.alerts.noise.grounds import DAY, came, ground
from tests.conftest import HOUR, MINUTE, NOON, SECOND


def outages(count=8, *, after=20 * SECOND, lasts=30, site="a", **fields):
    """A link that is down, and what follows it."""
    made = []
    for number in range(count):
        at = NOON + number * DAY
        made.append(came(at, type="link-down", title="Link down", lasts=30, labels={"site": "a"}))
        made.append(came(at + after, type="no-data", title="No data", lasts=lasts, **{"labels": {"site": site}, **fields}))
    return made


def found(*alerts):
    return [(pair.cause.type, pair.effect.type, pair.label, pair.times) for pair in pairs.pairs(ground(*alerts))]


def test_what_follows_with_the_same_label_and_ends_with_it_is_explained():
    assert found(*outages()) == [("link-down", "no-data", "site", 8)]


def test_an_equal_subject_will_do():
    alerts = [came(NOON + n * DAY + m * MINUTE, type=kind, subject=f"s{n}") for n in range(6) for m, kind in enumerate(("a", "b"))]

    assert found(*alerts) == [("a", "b", "subject", 6)]


def test_without_an_equal_label_or_too_late_or_longer_than_it_nothing_is_explained():
    assert found(*outages(site="b")) == []
    assert found(*outages(after=3 * MINUTE)) == []
    assert found(*outages(lasts=120)) == []
    assert found(*outages(lasts=None)) == []


def test_what_often_comes_alone_or_is_a_p1_is_not_explained():
    alone = [came(NOON + number * DAY + 5 * HOUR, type="no-data", labels={"site": "a"}) for number in range(3)]

    assert found(*outages(), *alone) == []
    assert found(*outages(priority=1)) == []


def test_one_bad_day_explains_nothing():
    storm = [came(NOON + number * SECOND, type="no-data", labels={"site": "a"}) for number in range(1, 40)]

    assert found(came(NOON, type="link-down", lasts=30, labels={"site": "a"}), *storm) == []


def test_a_label_that_no_inhibition_can_name_is_not_asked_to_be_equal():
    odd = {"app.kubernetes.io/name": "a", "room 1": "a", "type": "a", "é": "a"}
    alerts = [came(NOON + n * DAY + m * SECOND, type=kind, labels=odd) for n in range(6) for m, kind in enumerate(("a", "b"))]

    assert found(*alerts) == []


def test_what_is_always_there_explains_nothing():
    always = [came(NOON + number * 4 * MINUTE, type="noisy", lasts=60, labels={"site": "a"}) for number in range(8000)]
    others = [came(NOON + number * DAY + SECOND, type="rare", labels={"site": "a"}) for number in range(8)]

    assert found(*always, *others) == []


def test_two_sites_that_fail_at_once_do_not_hide_each_other():
    other = [came(NOON + number * DAY + 5 * SECOND, type="link-down", lasts=30, labels={"site": "z"}) for number in range(8)]

    assert found(*outages(), *other) == [("link-down", "no-data", "site", 8)]
