"""Hours on call are exact: over layers, overrides, several schedules and both changes of the clocks."""

from datetime import UTC, datetime, time, timedelta

import pytest

from notifications import load
from notifications.load import Load
from tests.conftest import HOUR
from tests.factories import make_recipient, make_schedule

DAY = timedelta(days=1)
EVENING = [(22.0, 31.0), (46.0, 55.0)]  # nights, as hours


@pytest.mark.parametrize(
    ("spells", "whole", "dark"),
    [
        ([(0, 24), (10, 30)], 30, 8),
        ([(20, 23), (21, 22.5), (30, 32)], 5, 2),
        ([(-9, 1), (47, 99)], 14, 8),
        ([(0, 60)], 60, 18),
        ([(25, 26), (26, 27), (27, 28)], 3, 3),
        ([], 0, 0),
    ],
)
def test_times_at_once_are_counted_once_and_cut_to_the_stretch(spells, whole, dark):
    assert load.load(spells, EVENING, 0, 60) == Load(whole, dark)


@pytest.mark.django_db
def test_layers_overrides_and_schedules_are_joined():
    robin, kim = make_recipient("Robin", time_zone="UTC"), make_recipient("Kim", time_zone="UTC")
    base = make_schedule("Base", robin)
    since = datetime(2026, 3, 2, tzinfo=UTC)
    make_schedule("Again", robin, layer={"hours_from": time(8), "hours_until": time(18)})
    base.overrides.create(starts_at=since + 20 * HOUR, ends_at=since + 26 * HOUR, recipient=kim)
    base.overrides.create(starts_at=since - 40 * DAY, ends_at=since - 39 * DAY, recipient=kim)

    found = load.on_call(since, since + 2 * DAY)

    assert found == {str(robin.pk): Load(42 * 3600, 14 * 3600), str(kim.pk): Load(6 * 3600, 4 * 3600)}


@pytest.mark.django_db
@pytest.mark.parametrize(("month", "hours"), [(datetime(2026, 3, 1, tzinfo=UTC), -1), (datetime(2026, 10, 1, tzinfo=UTC), 1)])
def test_the_night_in_which_the_clocks_change_is_as_long_as_it_was(month, hours):
    robin = make_recipient("Robin", time_zone="Europe/Paris")
    make_schedule(
        "Nights", robin, time_zone="Europe/Paris", layer={"hours_from": time(22), "hours_until": time(7), "starts_on": "2026-01-01"}
    )
    noon = month.replace(day=1, hour=11)

    found = load.on_call(noon, noon + 31 * DAY)

    assert found == {str(robin.pk): Load(*[(31 * 9 + hours) * 3600] * 2)}


@pytest.mark.django_db
def test_what_would_take_too_long_is_not_worked_out():
    make_schedule("Hourly", make_recipient(), layer={"kind": "hourly"})
    since = datetime(2026, 3, 2, tzinfo=UTC)

    assert (load.on_call(since, since + 5000 * DAY), load.on_call(since, since - DAY)) == (None, {})


@pytest.mark.django_db
def test_a_schedule_that_changed_is_worked_out_anew(django_assert_num_queries):
    robin, kim = make_recipient("Robin"), make_recipient("Kim")
    schedules = [make_schedule(name, robin) for name in ("One", "Two", "Three")]
    since = datetime(2026, 3, 2, tzinfo=UTC)
    before = load.on_call(since, since + DAY)
    for each in schedules:
        each.overrides.create(starts_at=since, ends_at=since + DAY, recipient=kim)

    with django_assert_num_queries(5):
        after = load.on_call(since, since + DAY)

    assert (set(before), set(after)) == ({str(robin.pk)}, {str(kim.pk)})
