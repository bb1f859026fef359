"""Maintenance windows: silences made ahead, each to be ended alone."""

from datetime import UTC, datetime, time, timedelta

import pytest

from alerts import escalation, silences, windows
from alerts.models import MaintenanceWindow, Silence
from notifications.models import Notification
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def window(**fields) -> MaintenanceWindow:
    """Daily from 12:00 to 14:00 in UTC unless it says otherwise; saved at NOON minus a minute."""
    made = MaintenanceWindow(**{
        "name": "Updates", "matchers": ["source=probe"], "reason": "updates", "time_zone": "UTC", "begins": time(12),
        "duration_minutes": 120,
        **fields,
    })  # fmt: skip
    made.full_clean()
    windows.save(made, by=None, at=NOON - MINUTE)
    return made


def occurrences() -> list[tuple[datetime, datetime]]:
    return list(Silence.objects.order_by("starts_at").values_list("starts_at", "ends_at"))


def test_the_next_occurrence_is_made_when_it_is_saved_and_the_one_after_when_that_runs():
    window()
    assert occurrences() == [(NOON, NOON + 2 * HOUR)]

    assert [windows.keep(at=NOON), windows.keep(at=NOON), windows.keep(at=NOON + HOUR)] == [1, 0, 0]

    assert occurrences() == [(NOON, NOON + 2 * HOUR), (NOON + DAY, NOON + DAY + 2 * HOUR)]


@pytest.mark.parametrize(("seconds", "told"), [(-1, 1), (0, 0), (7199, 0), (7200, 1)])
def test_it_holds_to_the_second(seconds, told):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    window()
    at = NOON + seconds * SECOND
    raise_alert(at=at)

    escalation.advance_due(at=at)

    assert Notification.objects.count() == told


@pytest.mark.parametrize(
    ("day", "begins", "since"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), time(2, 30), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_over_a_change_of_the_clocks_there_is_one_occurrence_of_full_length(day, begins, since):
    window(time_zone="Europe/Paris", begins=begins)
    Silence.objects.all().delete()

    for hours in range(36):
        windows.keep(at=day + hours * HOUR)

    assert occurrences()[0] == (since, since + 2 * HOUR)
    assert [begin.date().day for begin, _ in occurrences()] == [since.day, since.day + 1]


def test_one_occurrence_is_ended_alone_before_it_begins_or_while_it_runs():
    daily = window()
    silences.end(Silence.objects.get(), at=NOON - 30 * SECOND)
    windows.keep(at=NOON + MINUTE)
    assert [end for _, end in occurrences()] == [NOON - 30 * SECOND, NOON + DAY + 2 * HOUR]

    windows.keep(at=NOON + DAY)
    silences.end(Silence.objects.get(starts_at=NOON + DAY), at=NOON + DAY + MINUTE)
    windows.keep(at=NOON + DAY + 2 * MINUTE)

    assert [end for _, end in occurrences()][1:] == [NOON + DAY + MINUTE, NOON + 2 * DAY + 2 * HOUR]
    assert daily.occurrences.count() == 3


def test_a_changed_window_changes_what_runs_and_what_comes():
    daily = window()
    windows.keep(at=NOON + MINUTE)
    daily.matchers, daily.duration_minutes = ["source=other"], 180

    windows.save(daily, by=None, at=NOON + HOUR)

    assert occurrences() == [(NOON, NOON + 3 * HOUR), (NOON + DAY, NOON + DAY + 3 * HOUR)]
    assert {tuple(each.matchers) for each in Silence.objects.all()} == {("source=other",)}


@pytest.mark.parametrize("how", ["moved", "switched off", "deleted"])
def test_what_a_window_does_not_have_any_more_ends_now_and_tells_what_it_held(how):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    daily = window()
    windows.keep(at=NOON)
    raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    if how == "deleted":
        windows.remove(daily, at=NOON + HOUR)
    else:
        daily.enabled, daily.begins = how != "switched off", time(18)
        windows.save(daily, by=None, at=NOON + HOUR)
    escalation.advance_due(at=NOON + HOUR)

    assert (occurrences()[0], Notification.objects.count()) == ((NOON, NOON + HOUR), 1)
    assert [since for since, _ in occurrences()[1:]] == ([NOON + 6 * HOUR] if how == "moved" else [])


def test_a_window_written_past_every_form_keeps_no_other_from_its_occurrences():
    window()
    MaintenanceWindow.objects.create(name="broken", matchers=["a=b"], reason="x", time_zone="Mars/Base", cron="no", duration_minutes=5)
    Silence.objects.all().delete()

    assert windows.keep(at=NOON) == 2
