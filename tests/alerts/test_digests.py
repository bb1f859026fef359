"""What a silence held back is told once, when it is over."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from alerts import digests, escalation, lifecycle, silences
from alerts.models import Silence
from notifications.models import Notification
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    make_recipient("Kim Dale", groups=["oncall"])
    make_source(policy=make_policy())
    return make_recipient(user=User.objects.create_user("robin"), time_zone="UTC")


def silenced(author, *severities, lasts=HOUR, since=NOON):
    """A silence of ``author`` that held back an alert of each severity."""
    silence = Silence(matchers=["source=probe"], reason="works", starts_at=since, ends_at=since + lasts)
    silences.save(silence, by=author.user, at=since)
    alerts = [raise_alert(at=since, severity=each, subject=str(place)) for place, each in enumerate(severities)]
    escalation.advance_due(at=since)
    return silence, alerts


def told() -> list[Notification]:
    return list(Notification.objects.filter(reason="digest"))


def test_its_author_is_told_what_is_open_what_went_unseen_and_what_was_taken(author):
    silence, (still, unseen, taken) = silenced(author, "critical", "high", "medium")
    lifecycle.resolve(unseen, by=None, at=NOON + MINUTE)
    lifecycle.acknowledge(taken, by=author, at=NOON + MINUTE)

    assert digests.tell_due(at=NOON + HOUR - SECOND) == 0
    assert [digests.tell_due(at=NOON + HOUR), digests.tell_due(at=NOON + HOUR)] == [1, 0]

    (note,) = told()
    digest = note.context["digest"]
    assert (note.recipient, note.priority, note.thread) == (author, 1, f"silence:{silence.pk}")
    assert {name: digest[name] for name in ("held", "open", "unseen", "answered")} == {"held": 3, "open": 1, "unseen": 1, "answered": 1}
    assert [each["number"] for each in note.context["alerts"]] == [still.number]
    assert [each["number"] for each in digest["over"]] == [unseen.number]
    assert (digest["since"], digest["until"]) == ("2026-03-02 12:00", "2026-03-02 13:00")


def test_what_held_nothing_back_is_not_told(author):
    silenced(author)

    assert digests.tell_due(at=NOON + 2 * HOUR) == 0
    assert Silence.objects.get().digested_at == NOON + 2 * HOUR


@pytest.mark.parametrize("why", ["nobody", "no address", "inactive"])
def test_without_a_reachable_author_whoever_is_on_call_is_told(author, why):
    silenced(author, "high")
    if why == "nobody":
        Silence.objects.update(author=None)
    elif why == "no address":
        author.contact_methods.all().delete()
    else:
        type(author).objects.filter(pk=author.pk).update(active=False)

    digests.tell_due(at=NOON + HOUR)

    assert [note.recipient.name for note in told()] == ["Kim Dale"]


@pytest.mark.parametrize(("severity", "at_once"), [("critical", True), ("high", True), ("medium", False), ("info", False)])
def test_nobody_is_woken_for_what_is_no_more_urgent_than_a_p3(author, severity, at_once):
    silenced(author, severity, lasts=HOUR, since=NOON + 9 * HOUR)

    assert digests.tell_due(at=NOON + 10 * HOUR) == at_once
    assert digests.tell_due(at=NOON + 20 * HOUR - SECOND) == 0
    assert digests.tell_due(at=NOON + 20 * HOUR) == (not at_once)


def test_one_that_is_made_longer_after_its_end_is_told_again(author):
    silence, _ = silenced(author, "high")
    digests.tell_due(at=NOON + HOUR)
    silence.ends_at = NOON + 3 * HOUR
    silences.save(silence, by=author.user, at=NOON + 2 * HOUR)

    assert [digests.tell_due(at=NOON + 2 * HOUR), digests.tell_due(at=NOON + 3 * HOUR)] == [0, 1]


def test_only_some_are_named_and_all_are_counted(author):
    silenced(author, *["high"] * 25)

    digests.tell_due(at=NOON + HOUR + timedelta(minutes=5))

    (note,) = told()
    assert (note.context["digest"]["open"], len(note.context["alerts"])) == (25, digests.LISTED)


def test_one_that_cannot_be_told_keeps_no_other_waiting(author, caplog):
    broken, _ = silenced(author, "high")
    Silence.objects.filter(pk=broken.pk).update(reason="broken", ends_at=NOON + MINUTE)
    silenced(author, "high", lasts=2 * MINUTE, since=NOON + HOUR)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE alerts_silence ADD CHECK (reason <> 'broken' OR digested_at IS NULL)")

    assert digests.tell_due(at=NOON + 2 * HOUR) == 1

    assert "'broken' held back could not be told" in caplog.text
    assert Silence.objects.get(digested_at=None) == broken
