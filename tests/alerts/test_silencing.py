"""Which alerts a silence holds back, and what is kept of it."""

from datetime import timedelta

import pytest
from django.db import connection

from alerts import escalation, silences, silencing
from alerts.models import Alert, Silence, SilenceHold
from alerts.subjects import Subject, labels_of
from notifications.models import Notification
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def house():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0))


def silence(*matchers, since=NOON, lasts=HOUR):
    return Silence.objects.create(matchers=list(matchers), reason="works", starts_at=since, ends_at=since + lasts)


def holding(alert, *, at):
    return [found.reason["id"] for found in silencing.find([Subject(alert, labels_of(alert))], at=at).get(alert.pk, [])]


def test_a_p1_under_a_long_silence_is_told_after_eight_hours(house):
    silence("source=probe", lasts=WEEK)
    urgent, other = raise_alert(at=NOON, severity="critical"), raise_alert(at=NOON, severity="high")
    escalation.advance_due(at=NOON)
    assert not Notification.objects.exists()

    escalation.advance_due(at=NOON + 8 * HOUR - SECOND)
    assert not Notification.objects.exists()
    escalation.advance_due(at=NOON + 8 * HOUR)

    assert list(Notification.objects.values_list("thread", flat=True)) == [urgent.thread]
    other.refresh_from_db()
    assert other.next_step_at == NOON + WEEK


@pytest.mark.parametrize("change", ["save", "update", "sql", "delete"])
def test_a_change_is_seen_at_once_however_it_was_made(house, change):
    works, alert = silence("source=probe"), raise_alert(at=NOON)
    assert holding(alert, at=NOON) == [str(works.pk)]

    works.ends_at = NOON + MINUTE
    with connection.cursor() as cursor:
        {
            "save": works.save,
            "update": lambda: Silence.objects.update(ends_at=NOON + MINUTE),
            "sql": lambda: cursor.execute("UPDATE alerts_silence SET ends_at = %s", [NOON + MINUTE]),
            "delete": works.delete,
        }[change]()

    assert holding(alert, at=NOON + MINUTE) == []


def test_an_earlier_instant_can_be_asked_about_after_a_later_one(house):
    works, alert = silence("source=probe"), raise_alert(at=NOON)

    assert holding(alert, at=NOON + 2 * HOUR) == []
    assert holding(alert, at=NOON) == [str(works.pk)]


def test_every_silence_remembers_once_what_it_held(house):
    works, more = silence("source=probe"), silence("type=disk", lasts=2 * HOUR)
    alert = raise_alert(at=NOON, type="disk")
    escalation.advance_due(at=NOON)
    silences.expire(works, at=NOON + MINUTE)
    escalation.advance_due(at=NOON + MINUTE)

    assert set(SilenceHold.objects.values_list("silence_id", "alert_id", "held_at")) == {
        (works.pk, alert.pk, NOON), (more.pk, alert.pk, NOON)
    }  # fmt: skip
    assert works.hits == more.hits == 1


def test_no_matcher_holds_where_lives_depend():
    make_recipient(groups=["oncall"])
    make_source("smarteye", policy=make_policy(), life_safety=True)
    for text in ("source=smarteye", "source=~.*", "severity!=x", "life_safety!=true", "subject=~(.|\n)*"):
        silence(text)
    raise_alert(at=NOON, source="smarteye", labels={"life_safety": "false"})

    escalation.advance_due(at=NOON)

    assert (Notification.objects.count(), Alert.objects.get().suppressed_by, SilenceHold.objects.count()) == (1, [], 0)


def test_a_thousand_silences_are_read_once(house, django_assert_num_queries):
    rows = [
        Silence(matchers=[f"subject=~host{n}-.*" if n % 2 else f"subject=host{n}"], reason="x", starts_at=NOON, ends_at=NOON + HOUR)
        for n in range(1000)
    ]
    Silence.objects.bulk_create(rows)
    alert = raise_alert(at=NOON, subject="host501-a")
    silencing.in_force(at=NOON)

    with django_assert_num_queries(1):
        assert holding(alert, at=NOON) == [str(rows[501].pk)]
