"""Only what nobody needs is proposed to be changed, and by words that match nothing else."""

from dataclasses import replace

import pytest

from alerts.models import Source
from alerts.noise import kinds
from sentinel_site.lib import matchers
from tests.alerts.noise.grounds import DAY, came, ground
from tests.conftest import NOON


def often(**fields):
    return [came(NOON + number * DAY, **fields) for number in range(6)]


def found(*alerts, **fields):
    return [(kind.type, kind.subject, len(kind.alerts)) for kind in kinds.unacted(ground(*alerts, **fields))]


def test_what_nobody_acts_on_is_found():
    assert found(*often()) == [("disk", None, 6)]


def test_what_somebody_took_once_ended_by_hand_or_called_useful_is_not():
    useful = came(NOON)

    assert found(*often(), came(NOON, acked=True)) == []
    assert found(*often(), came(NOON, resolution="handled")) == []
    assert found(*often(), useful, useful=[useful]) == []


def test_only_the_subjects_that_nobody_takes_are_found_where_others_are_taken():
    assert found(*often(subject="a"), *often(subject="b"), came(NOON, subject="b", acked=True)) == [("disk", "a", 6)]


@pytest.mark.parametrize("fields", [{"priority": 1}, {"source": "sentinel"}, {"source": "smarteye"}, {"source": "gone"}, {"told": 0}])
def test_nothing_is_said_of_p1_of_lives_of_sentinel_itself_and_of_what_nobody_heard(fields):
    sources = [Source(slug="probe"), Source(slug="sentinel"), Source(slug="smarteye", life_safety=True)]

    assert found(*often(**fields), sources=sources) == []


def test_one_trouble_is_no_habit():
    assert found(*(came(NOON + number * DAY / 30) for number in range(20))) == []


def test_a_p1_keeps_its_whole_kind_from_being_quieted():
    assert found(*often(subject="a"), came(NOON, subject="b", priority=1)) == []


def test_what_would_be_a_p1_today_is_left_alone():
    those = often()
    seen = replace(ground(*those), urgent=frozenset({those[3].was.alert}))

    assert kinds.unacted(seen) == []


HOSTILE = ['a"b', "a\\", "a b", 'x" or y="', "é", "{}", "a=b,c", "()*", "|"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_matcher_matches_this_value_and_no_other(value):
    matcher = matchers.parse(kinds.text("subject", value))

    assert (matcher.name, matcher.operator, matcher.value) == ("subject", "=", value)


@pytest.mark.parametrize("value", ["a\nseverity=critical", "x" * 600, "a\u2028b"])
def test_what_no_matcher_can_say_is_not_proposed(value):
    (kind,) = kinds.unacted(ground(*often(type=value)))

    assert kind.matchers() is None


def test_only_the_severities_that_came_are_matched():
    (kind,) = kinds.unacted(ground(*often(severity="low"), *often(severity="medium")))

    assert kind.matchers() == ["source=probe", "type=disk", 'severity=~"low|medium"']
