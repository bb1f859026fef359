"""Hand-off notices: who is told, once."""

from datetime import timedelta

import pytest

from notifications import handoffs
from notifications.models import Delivery, Notification
from notifications.rendering import Wording
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_recipient, make_schedule

pytestmark = pytest.mark.django_db
HANDOFF = NOON.replace(hour=9)
"""Monday; the week before was Kim's."""


@pytest.fixture
def nights():
    return make_schedule("Nights", make_recipient(), make_recipient("Kim", language="fr", time_zone="Europe/Paris"))


def words(name):
    return Wording(Delivery.objects.select_related("notification__recipient", "method").get(notification__recipient__name=name))


def test_who_comes_on_and_who_goes_off_are_told_once(nights):
    for minutes in (0, 1, 14):
        handoffs.tell_due(at=HANDOFF + minutes * MINUTE)

    assert [note.recipient.name for note in Notification.objects.order_by("id")] == ["Robin Vale", "Kim"]
    assert {(note.reason, note.thread) for note in Notification.objects.all()} == {("handoff", f"schedule:{nights.pk}")}


@pytest.mark.parametrize("at", [HANDOFF - timedelta(microseconds=1), HANDOFF + 15 * MINUTE])
def test_nobody_is_told_before_it_or_long_after(nights, at):
    handoffs.tell_due(at=at)

    assert not Notification.objects.exists()


def test_a_schedule_may_keep_silent(nights):
    nights.handoff_notices = False
    nights.save()

    assert handoffs.tell_due(at=HANDOFF) == 0
    assert not Notification.objects.exists()


def test_each_reads_it_in_their_own_language_and_zone(nights):
    handoffs.tell_due(at=HANDOFF)

    robin, kim = words("Robin Vale"), words("Kim")
    assert robin.subject == "You are on call: Nights"
    assert "from now on, until 2026-03-09 09:00. You take over from Kim." in robin.text
    assert kim.subject == "Fin de votre astreinte\u00a0: Nights"
    assert "Robin Vale a pris la suite, jusqu’au 2026-03-09 10:00." in kim.text
    assert "until 2026-03-09 09:00" in robin.sms
    assert robin.short == "You are on call: Nights (→ 2026-03-09 09:00)"


def test_an_override_that_begins_is_a_hand_off_and_a_gap_says_that_nobody_is_on_call():
    robin, nobody = make_recipient(), make_schedule("Nights")
    nobody.overrides.create(starts_at=NOON - HOUR, ends_at=NOON, recipient=robin)

    handoffs.tell_due(at=NOON)

    assert "You are no longer on call in Nights. Nobody is on call there now." in words("Robin Vale").text


@pytest.mark.parametrize("count", [1, 3])
def test_a_quiet_minute_costs_four_statements(count, django_assert_num_queries):
    for number in range(count):
        make_schedule(f"Schedule {number}", make_recipient(f"Person {number}"), make_recipient(f"Other {number}"))

    with django_assert_num_queries(6):  # and the two of the transaction
        handoffs.tell_due(at=NOON)
