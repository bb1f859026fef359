"""Silences and inhibitions keep people from being told, and hide nothing."""

import pytest

from alerts import escalation, lifecycle
from alerts.enums import LogKind
from alerts.models import Inhibition, Silence
from notifications.models import Notification
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 60))


def silence(*matchers, until=HOUR):
    return Silence.objects.create(matchers=list(matchers), reason="works", starts_at=NOON - HOUR, ends_at=NOON + until)


def test_a_silenced_alert_is_listed_with_its_reason_and_told_when_the_silence_ends(house):
    works = silence("source=probe")
    alert = raise_alert(at=NOON)

    escalation.advance_due(at=NOON)
    alert.refresh_from_db()
    works.refresh_from_db()
    assert (alert.suppressed_by[0]["reason"], works.hits, Notification.objects.count()) == ("works", 1, 0)

    escalation.advance_due(at=NOON + HOUR)
    escalation.advance_due(at=NOON + HOUR + MINUTE)
    alert.refresh_from_db()
    assert (alert.suppressed_by, list(Notification.objects.order_by("id").values_list("reason", flat=True))) == ([], ["first", "reminder"])
    assert list(alert.log.values_list("kind", flat=True))[:4] == [LogKind.RAISED, LogKind.SUPPRESSED, LogKind.RELEASED, LogKind.STEP]


def test_a_report_under_a_silence_says_so(house):
    silence("source=probe")

    alert = raise_alert(at=NOON)

    assert alert.reports.get().verdict == "suppressed"


def test_a_silence_never_holds_where_lives_depend():
    make_recipient(groups=["oncall"])
    make_source("smarteye", policy=make_policy(), life_safety=True)
    silence("source=smarteye")
    raise_alert(at=NOON, source="smarteye")

    escalation.advance_due(at=NOON)

    assert Notification.objects.count() == 1


def test_a_silence_that_does_not_match_or_is_over_holds_nothing(house):
    silence("source=other")
    silence("source=probe", until=-SECOND)
    raise_alert(at=NOON)

    escalation.advance_due(at=NOON)

    assert Notification.objects.count() == 1


def test_ending_a_silence_early_tells_at_once(house):
    works = silence("source=probe")
    alert = raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    Silence.objects.filter(pk=works.pk).update(ends_at=NOON + MINUTE)
    released = escalation.release(str(works.pk), at=NOON + MINUTE)
    escalation.advance_due(at=NOON + MINUTE)

    alert.refresh_from_db()
    assert (released, Notification.objects.count(), alert.next_step_at) == (1, 1, NOON + 2 * MINUTE)


def test_an_alert_is_inhibited_while_its_cause_is_open(house):
    Inhibition.objects.create(
        name="site down", source_matchers=["type=site-down"], target_matchers=["type=disk"], equal=["site"], wait_seconds=0
    )
    cause = raise_alert(at=NOON, type="site-down", labels={"site": "a"})
    here = raise_alert(at=NOON, type="disk", subject="a", labels={"site": "a"})
    elsewhere = raise_alert(at=NOON, type="disk", subject="b", labels={"site": "b"})
    escalation.advance_due(at=NOON)
    told = set(Notification.objects.values_list("thread", flat=True))

    lifecycle.resolve(cause, by=None, at=NOON + 30 * SECOND)
    escalation.advance_due(at=NOON + MINUTE)

    assert told == {cause.thread, elsewhere.thread}
    assert Notification.objects.filter(thread=here.thread, reason="first").exists()


def test_an_inhibition_that_cannot_be_read_holds_nothing(house):
    Inhibition.objects.create(name="broken", source_matchers=["((("], target_matchers=["source=probe"])
    raise_alert(at=NOON)

    escalation.advance_due(at=NOON)

    assert Notification.objects.count() == 1
