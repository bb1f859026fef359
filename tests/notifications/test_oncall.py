"""Who is on call: turns, layers, overrides, and the changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from time import thread_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.enums import HolidayRule, RotationKind
from notifications.oncall import Handoff, Layer, Override, Schedule, Shift, handoffs_between, shifts_between, who_is_on_call

PARIS = ZoneInfo("Europe/Paris")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = date(2026, 1, 5)
ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun", "Africa/Nairobi", "America/Adak", "America/Anchorage", "America/Asuncion",
    "America/Bogota", "America/Chicago", "America/Denver", "America/Halifax", "America/Havana", "America/Los_Angeles",
    "America/Mexico_City", "America/Miquelon", "America/New_York", "America/Nuuk", "America/Port-au-Prince", "America/Santiago",
    "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll", "Asia/Almaty", "Asia/Amman", "Asia/Beirut", "Asia/Gaza",
    "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Australia/Adelaide",
    "Australia/Lord_Howe", "Australia/Sydney", "Europe/Chisinau", "Europe/Dublin", "Europe/London", "Europe/Paris", "Pacific/Apia",
    "Pacific/Auckland", "Pacific/Chatham", "Pacific/Easter", "Pacific/Norfolk", "UTC",
)  # fmt: skip


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@cache
def changes(name):
    """Each change of the clocks from 2024 to 2030, to the hour; 2026's new year where there is none."""
    zone, found = ZoneInfo(name), []
    for day in range(7 * 365 + 2):
        low, high = utc(2024, 1, 1) + day * DAY, utc(2024, 1, 1) + (day + 1) * DAY
        if (before := low.astimezone(zone).utcoffset()) != high.astimezone(zone).utcoffset():
            found.append(next(t for n in range(25) if (t := low + n * HOUR).astimezone(zone).utcoffset() != before))
    return found or [utc(2026, 1, 1)]


rotations = st.builds(
    Layer, name=st.just("base"), kind=st.sampled_from(RotationKind), starts_on=st.dates(date(2023, 6, 1), date(2023, 12, 1)),
    members=st.sampled_from([("a",), ("a", "b"), ("a", "b", "c", "d", "e")]), length=st.integers(1, 9),
    handoff_time=st.one_of(st.times(), st.sampled_from([time(0), time(1), time(1, 30), time(2), time(2, 30), time(3)])),
    handoff_weekday=st.integers(0, 6),
)  # fmt: skip
limits = st.builds(
    Layer, name=st.just("limited"), kind=st.sampled_from(RotationKind), starts_on=st.dates(date(2023, 6, 1), date(2023, 12, 1)),
    members=st.just(("x", "y", "z")), length=st.integers(1, 30), handoff_time=st.sampled_from([time(0), time(2, 30), time(17)]),
    hours_from=st.sampled_from([time(0), time(1, 30), time(2), time(22)]), hours_until=st.sampled_from([time(0), time(2, 30), time(3)]),
    weekdays=st.frozensets(st.integers(0, 6)), holiday_rule=st.sampled_from(HolidayRule),
    holidays=st.just({date(year, month, day) for year in range(2024, 2031) for month in (3, 10, 11) for day in (28, 29, 30)}),
)  # fmt: skip


@st.composite
def around_a_change(draw):
    """A zone, and an instant within three days of one of its changes of the clocks."""
    name = draw(st.sampled_from(ZONES))
    return ZoneInfo(name), draw(st.sampled_from(changes(name))) + timedelta(seconds=draw(st.integers(-3 * 86_400, 3 * 86_400)))


@settings(max_examples=400, deadline=None)
@given(where=around_a_change(), layer=rotations, days=st.integers(1, 20))
def test_a_rotation_covers_every_second_once(where, layer, days):
    zone, at = where
    schedule, until = Schedule(zone, (layer,)), at + days * DAY

    shifts = shifts_between(schedule, at - 2 * DAY, until)

    assert shifts[0].starts_at <= at - 2 * DAY
    assert shifts[-1].ends_at >= until
    assert all(one.ends_at == other.starts_at and one.starts_at < one.ends_at for one, other in pairwise(shifts))
    assert [shift for shift in shifts if shift.starts_at <= at < shift.ends_at] == [who_is_on_call(schedule, at)]


@settings(max_examples=300, deadline=None)
@given(where=around_a_change(), base=rotations, above=st.lists(limits, max_size=2), hours=st.lists(st.integers(-50, 50), max_size=6))
def test_layers_and_overrides_neither_overlap_nor_leave_a_gap_over_a_full_layer(where, base, above, hours):
    zone, at = where
    overrides = [Override(at + timedelta(hours=h), at + timedelta(hours=h + abs(h) % 30 + 1), f"o{h}") for h in hours]
    schedule = Schedule(zone, (base, *above), tuple(overrides))

    shifts = shifts_between(schedule, at - 2 * DAY, at + 2 * DAY)

    assert shifts[0].starts_at <= at - 2 * DAY
    assert shifts[-1].ends_at >= at + 2 * DAY
    assert all(one.ends_at == other.starts_at and one.starts_at < one.ends_at for one, other in pairwise(shifts))
    for shift in shifts[:: 1 + len(shifts) // 4]:  # an hourly rotation has hundreds
        middle = shift.starts_at + (shift.ends_at - shift.starts_at) / 2
        assert who_is_on_call(schedule, shift.starts_at) == who_is_on_call(schedule, middle) == shift


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("handoff", [time(0), time(0, 30), time(2), time(2, 30), time(3)])
def test_at_every_change_of_the_clocks_until_2030_each_second_has_one_shift(zone, handoff):
    layer = Layer("nights", RotationKind.DAILY, date(2023, 12, 1), ("a", "b", "c"), handoff_time=handoff)
    schedule = Schedule(ZoneInfo(zone), (layer,))

    for change in changes(zone):
        shifts = shifts_between(schedule, change - DAY, change + DAY)

        assert (shifts[0].starts_at <= change - DAY, shifts[-1].ends_at >= change + DAY) == (True, True)
        assert all(one.ends_at == other.starts_at for one, other in pairwise(shifts))


def layer(kind=RotationKind.DAILY, members=("a", "b", "c"), **fields):
    return Layer(fields.pop("name", "base"), kind, fields.pop("starts_on", MONDAY), members, **fields)


def people(schedule, since, until):
    return [(shift.starts_at, shift.recipient) for shift in shifts_between(schedule, since, until)]


def test_a_handoff_at_a_time_that_comes_twice_is_at_the_first():
    schedule = Schedule(PARIS, (layer(handoff_time=time(2, 30)),))

    handoffs = handoffs_between(schedule, utc(2026, 10, 24, 12), utc(2026, 10, 26, 12))

    assert [each.at for each in handoffs] == [utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)]


def test_a_handoff_at_a_time_that_is_skipped_is_at_the_jump():
    schedule = Schedule(PARIS, (layer(handoff_time=time(2, 30)),))

    handoffs = handoffs_between(schedule, utc(2026, 3, 28, 12), utc(2026, 3, 30, 12))

    assert [each.at for each in handoffs] == [utc(2026, 3, 29, 1), utc(2026, 3, 30, 0, 30)]


def test_limited_hours_last_from_the_first_occurrence_to_the_last():
    schedule = Schedule(PARIS, (layer(members=("a",), hours_from=time(22), hours_until=time(2, 30), handoff_time=time(12)),))

    (night,) = shifts_between(schedule, utc(2026, 10, 24, 18), utc(2026, 10, 25, 12))

    assert night == Shift(utc(2026, 10, 24, 20), utc(2026, 10, 25, 1, 30), "a", "base")


@pytest.mark.parametrize(("kind", "length", "expected"), [
    (RotationKind.HOURLY, 8, [(5, 8, "a"), (5, 16, "b"), (6, 0, "c"), (6, 8, "a"), (6, 16, "b")]),
    (RotationKind.DAILY, 1, [(5, 8, "a"), (6, 8, "b")]),
    (RotationKind.DAILY, 2, [(5, 8, "a")]),
])  # fmt: skip
def test_turns_of_hours_and_days(kind, length, expected):
    found = people(Schedule(PARIS, (layer(kind, length=length),)), utc(2026, 1, 5, 8), utc(2026, 1, 6, 20))

    assert found == [(utc(2026, 1, day, hour), who) for day, hour, who in expected]


@pytest.mark.parametrize(("length", "expected"), [(1, [(5, "a"), (12, "b"), (19, "c"), (26, "a")]), (2, [(5, "a"), (19, "b")])])
def test_turns_of_weeks(length, expected):
    found = people(Schedule(PARIS, (layer(RotationKind.WEEKLY, length=length),)), utc(2026, 1, 5, 8), utc(2026, 2, 1, 8))

    assert found == [(utc(2026, 1, day, 8), who) for day, who in expected]


def test_turns_of_working_days_last_over_the_weekend():
    found = people(Schedule(PARIS, (layer(RotationKind.WEEKDAYS),)), utc(2026, 1, 7, 8), utc(2026, 1, 13, 8))

    assert found == [(utc(2026, 1, day, 8), who) for day, who in [(7, "c"), (8, "a"), (9, "b"), (12, "c")]]


def test_a_layer_begins_on_its_day_in_the_middle_of_a_turn():
    schedule = Schedule(PARIS, (layer(RotationKind.WEEKLY, starts_on=date(2026, 1, 7)),))

    assert who_is_on_call(schedule, utc(2026, 1, 7, 7, 59)) is None
    assert people(schedule, utc(2026, 1, 1), utc(2026, 1, 13)) == [(utc(2026, 1, 7, 8), "a"), (utc(2026, 1, 12, 8), "b")]


def test_the_later_layer_wins_where_it_counts():
    office = layer(name="office", members=("o",), hours_from=time(9), hours_until=time(17), weekdays=frozenset(range(5)))
    schedule = Schedule(PARIS, (layer(RotationKind.WEEKLY), office))

    found = people(schedule, utc(2026, 1, 9, 9), utc(2026, 1, 12, 9))

    assert found == [(utc(2026, 1, 9, 8), "o"), (utc(2026, 1, 9, 16), "a"), (utc(2026, 1, 12, 8), "o")]


@pytest.mark.parametrize(("rule", "expected"), [(HolidayRule.ONLY, "h"), (HolidayRule.EXCEPT, "a"), (HolidayRule.ANY, "h")])
def test_a_layer_may_look_at_public_holidays(rule, expected):
    special = layer(name="special", members=("h",), holiday_rule=rule, holidays={date(2026, 5, 1)})
    schedule = Schedule(PARIS, (layer(members=("a",)), special))

    assert who_is_on_call(schedule, utc(2026, 5, 1, 10)).recipient == expected


def test_an_override_wins_and_the_later_of_two_wins():
    swap, again = Override(utc(2026, 1, 6), utc(2026, 1, 8), "s"), Override(utc(2026, 1, 7), utc(2026, 1, 7, 12), "t")
    schedule = Schedule(PARIS, (layer(RotationKind.WEEKLY),), (swap, again))

    found = people(schedule, utc(2026, 1, 5, 8), utc(2026, 1, 12))

    expected = [((5, 8), "a"), ((6, 0), "s"), ((7, 0), "t"), ((7, 12), "s"), ((8, 0), "a")]
    assert found == [(utc(2026, 1, *when), who) for when, who in expected]
    assert shifts_between(schedule, utc(2026, 1, 7), utc(2026, 1, 7, 1))[0].layer is None


def test_a_shift_is_known_whole_from_any_instant_in_it():
    swap = Override(utc(2026, 1, 10), utc(2026, 1, 11), "s")
    schedule = Schedule(PARIS, (layer(RotationKind.WEEKLY),), (swap,))

    assert who_is_on_call(schedule, utc(2026, 1, 7)) == Shift(utc(2026, 1, 5, 8), utc(2026, 1, 10), "a", "base")
    assert who_is_on_call(schedule, utc(2026, 1, 11, 3)) == Shift(utc(2026, 1, 11), utc(2026, 1, 12, 8), "a", "base")


@pytest.mark.parametrize("layers", [(), (layer(members=()),)])
def test_a_schedule_without_people_has_nobody(layers):
    assert who_is_on_call(Schedule(PARIS, layers), utc(2026, 1, 7)) is None


def test_handoffs_tell_who_comes_and_who_goes_and_leave_out_turns_of_the_same_person():
    office = layer(members=("a",), hours_from=time(9), hours_until=time(17))
    schedule = Schedule(PARIS, (office,), (Override(utc(2026, 1, 7, 10), utc(2026, 1, 7, 12), "s"),))

    assert handoffs_between(schedule, utc(2026, 1, 7), utc(2026, 1, 7, 16)) == [
        Handoff(utc(2026, 1, 7, 8), None, "a"),
        Handoff(utc(2026, 1, 7, 10), "a", "s"),
        Handoff(utc(2026, 1, 7, 12), "s", "a"),
        Handoff(utc(2026, 1, 7, 16), "a", None),
    ]
    assert handoffs_between(Schedule(PARIS, (layer(members=("a",)),)), utc(2026, 1, 7), utc(2026, 2, 7)) == []


def test_a_year_of_three_layers_is_worked_out_in_a_moment():
    office = layer(RotationKind.WEEKDAYS, name="office", hours_from=time(9), hours_until=time(17), weekdays=frozenset(range(5)))
    holidays = layer(name="holidays", holiday_rule=HolidayRule.ONLY, holidays={date(2026, 5, 1), date(2026, 12, 25)})
    schedule = Schedule(PARIS, (layer(RotationKind.WEEKLY), office, holidays))

    spent = []
    for _ in range(5):
        begun = thread_time()
        assert len(shifts_between(schedule, utc(2026, 1, 1), utc(2027, 1, 1))) > 500
        spent.append(thread_time() - begun)

    assert min(spent) < 0.5  # of processor time; a machine of today takes a tenth of it
