"""Silences and inhibitions keep people from being told, and hide nothing."""

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from alerts import escalation, lifecycle, silences, suppression, timeouts
from alerts.enums import LogKind
from alerts.models import Flapping, Inhibition, Silence
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


def another_connection():
    """Somebody else at the same database, whose changes wait to be committed."""
    return psycopg.connect(**{name: value for name, value in connection.get_connection_params().items() if name in PLACE})


PLACE = {"dbname", "user", "password", "host", "port"}


@pytest.mark.django_db(transaction=True)
def test_what_a_silence_would_hold_that_somebody_is_ending_is_asked_about_again_in_a_moment(house):
    silence("source=probe")
    alert = raise_alert(at=NOON)

    with another_connection() as other:
        other.execute("UPDATE alerts_silence SET ends_at = %s", [NOON])  # and looks for what it held, which is nothing yet
        escalation.advance_due(at=NOON)
    alert.refresh_from_db()
    assert alert.next_step_at == NOON + suppression.CHANGING
    escalation.advance_due(at=alert.next_step_at)

    assert Notification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_ends_a_silence_waits_for_what_is_being_held_by_it(house):
    silence("source=probe")
    raise_alert(at=NOON)

    with another_connection() as other, transaction.atomic():
        escalation.advance_due(at=NOON)
        other.execute("SET lock_timeout = '10ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("UPDATE alerts_silence SET ends_at = %s", [NOON])


@pytest.mark.django_db(transaction=True)
def test_what_flapped_and_is_being_called_calm_is_asked_about_again_in_a_moment(house):
    flap = Flapping(source=make_source("flaps"), dedup_key="a", began_at=NOON, opens=3, calm_at=NOON, alert_id=raise_alert(at=NOON).pk)
    flap.save()
    pk = str(flap.pk)

    with another_connection() as other:
        other.execute("UPDATE alerts_flapping SET ended_at = %s", [NOON])
        assert flapping_still(pk) == set()
    Flapping.objects.update(ended_at=None)
    assert flapping_still(pk) == {pk}


def flapping_still(pk):
    with transaction.atomic():
        return suppression.flapping.keep_still([pk])


def test_a_silence_with_nothing_in_its_place_stops_neither_reports_nor_people_being_told(house):
    broken = silence("source=probe")
    Silence.objects.filter(pk=broken.pk).update(matchers=[None])

    raise_alert(at=NOON)
    escalation.advance_due(at=NOON)

    assert Notification.objects.count() == 1


def test_what_cannot_be_asked_for_a_row_written_past_every_form_is_told(house):
    broken = Inhibition.objects.create(name="broken", source_matchers=["source=probe"], target_matchers=["source=probe"])
    Inhibition.objects.filter(pk=broken.pk).update(equal=[None], wait_seconds=0)
    raise_alert(at=NOON)

    escalation.advance_due(at=NOON)

    assert Notification.objects.count() == 1


def test_a_silence_that_is_taken_back_before_it_begins_by_this_clock_releases_what_it_holds_by_another(house):
    works = Silence.objects.create(matchers=["source=probe"], reason="works", starts_at=NOON + SECOND, ends_at=NOON + HOUR)
    raise_alert(at=NOON + 2 * SECOND)
    escalation.advance_due(at=NOON + 2 * SECOND)

    silences.end(works, at=NOON)
    escalation.advance_due(at=NOON + 2 * SECOND)

    assert Notification.objects.count() == 1


@pytest.mark.parametrize("change", [silences.remove, lambda rule, *, at: silences.save(rule, by=None, at=at)], ids=["remove", "save"])
def test_who_changes_an_inhibition_locks_its_alerts_before_it_as_a_sweep_does(house, change):
    rule = Inhibition.objects.create(name="site down", source_matchers=["type=down"], target_matchers=["type=disk"], wait_seconds=0)
    raise_alert(at=NOON, type="down")
    raise_alert(at=NOON, type="disk")
    escalation.advance_due(at=NOON)

    with CaptureQueriesContext(connection) as asked:
        change(rule, at=NOON + SECOND)

    statements = [query["sql"] for query in asked]
    alerts = next(place for place, each in enumerate(statements) if "FOR NO KEY UPDATE" in each)
    row = next(place for place, each in enumerate(statements) if each.startswith(('UPDATE "alerts_inh', 'DELETE FROM "alerts_inh')))
    assert alerts < row


@pytest.mark.parametrize("group", [[], ["source"]])
def test_what_is_late_after_an_outage_and_then_waits_is_told_before_it_times_out(group):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy("Calls", 0), group_attributes=group, severity="medium")
    late = NOON + 12 * HOUR
    if not group:
        Silence.objects.create(matchers=["source=probe"], reason="works", starts_at=late, ends_at=late + MINUTE)
    alerts = [raise_alert(at=NOON, subject=str(number)) for number in range(2)]

    escalation.advance_due(at=late)
    assert timeouts.expire_due(at=late + 30 * SECOND) == 0
    escalation.advance_due(at=late + MINUTE)
    timeouts.expire_due(at=late + MINUTE)

    assert [alert.log.filter(kind=LogKind.STEP).count() for alert in alerts] == [1, 1]
