"""Sending again by hand: safe, by dialog, and only for whom may."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.utils import timezone

from notifications import outbox
from notifications.enums import DeliveryStatus
from notifications.models import Delivery
from notifications.outbox import Outcome
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_recipient
from tests.notifications.conftest import queue
from tests.notifications.test_admin import sign_in, url

pytestmark = pytest.mark.django_db


def given_up(at=NOON):
    (delivery,) = queue(make_recipient(), at=at)
    (claimed,) = outbox.claim("email", limit=1, at=at, lease_seconds=60)
    outbox.settle([Outcome(claimed, DeliveryStatus.DEAD, error="no such mailbox", took_ms=120)], at=at)
    delivery.refresh_from_db()
    return delivery


def test_what_was_given_up_is_tried_again_with_its_history():
    delivery = given_up()

    assert outbox.retry(delivery.pk, by="robin", at=NOON + MINUTE) == ""

    (again,) = outbox.claim("email", limit=1, at=NOON + MINUTE, lease_seconds=60)
    assert (again.pk, again.attempts, again.error) == (delivery.pk, 2, "")
    assert [(each["status"], each["error"]) for each in again.history] == [("dead", "no such mailbox"), ("again", "by robin")]


@pytest.mark.parametrize("status", ["sending", "sent", "delivered", "seen", "cancelled"])
def test_what_is_on_its_way_or_arrived_is_left_alone(status):
    delivery = given_up()
    Delivery.objects.bulk_update([Delivery(pk=delivery.pk, status=status)], ["status"])

    assert outbox.retry(delivery.pk, by="robin", at=NOON).startswith("it is being sent")
    assert outbox.claim("email", limit=1, at=NOON, lease_seconds=60) == []


def test_nothing_is_sent_again_after_the_answer():
    delivery = given_up()
    with transaction.atomic():
        outbox.cancel(["alert:1"], at=NOON, why="answered meanwhile")

    assert outbox.retry(delivery.pk, by="robin", at=NOON).startswith("it was answered")


def test_nothing_is_sent_again_after_its_time():
    assert outbox.retry(given_up().pk, by="robin", at=NOON + 24 * HOUR).startswith("it was answered or has expired")


def test_the_dialog_sends_again_and_is_logged():
    delivery = given_up(at=timezone.now())
    staff = sign_in("view_delivery", "retry_delivery")

    assert "Send again" in staff.get(url(delivery)).content.decode()
    staff.post(url(delivery, "send_again"), {"_form_submitted": "on"})

    delivery.refresh_from_db()
    assert (delivery.status, LogEntry.objects.get().get_change_message()) == ("queued", "Sent again.")


@pytest.mark.parametrize(
    ("rights", "method"), [(["view_delivery"], "post"), (["retry_delivery"], "post"), (["view_delivery", "retry_delivery"], "get")]
)
def test_nothing_happens_without_the_right_or_by_opening_a_link(rights, method):
    delivery = given_up(at=timezone.now())

    getattr(sign_in(*rights), method)(url(delivery, "send_again"), {"_form_submitted": "on"})

    delivery.refresh_from_db()
    assert delivery.status == "dead"


def test_the_tries_are_shown_to_those_who_look():
    page = sign_in("view_delivery").get(url(given_up())).content.decode()

    assert "Gave up after 120 ms no such mailbox" in page
