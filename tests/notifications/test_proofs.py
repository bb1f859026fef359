"""Proof that a method reaches its owner: what counts, and when Sentinel asks for it."""

from datetime import time, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from notifications import answers, links, outbox, proofs
from notifications.answers import Answer
from notifications.enums import DeliveryStatus
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue

pytestmark = pytest.mark.django_db
MIDNIGHT = NOON.replace(hour=0)
DAY = timedelta(days=1)
MONTH = 31 * DAY


@pytest.fixture
def method():
    found = make_recipient().contact_methods.get()
    ContactMethod.objects.update(created_at=MIDNIGHT - MONTH)
    found.refresh_from_db()
    return found


def send_test(method, *, at=NOON):
    proofs.send(method, at=at)
    return Delivery.objects.select_related("notification__recipient", "method").get(notification__reason="test")


def proved_at():
    return ContactMethod.objects.get().proved_at


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.SEEN])
def test_any_receipt_is_a_proof(status):
    (delivery,) = queue(make_recipient())

    outbox.receive(delivery.pk, status=status, at=NOON + MINUTE)

    assert proved_at() == NOON + MINUTE


@pytest.mark.django_db(transaction=True)
def test_any_answer_to_a_test_message_is_a_proof(method):
    delivery = send_test(method)

    reply = answers.give(delivery.pk, Answer.HANDLING, via="sms", at=NOON + MINUTE)

    assert (reply.taken, reply.text) == (True, "Thank you. Sentinel can reach you this way.")
    assert proved_at() == NOON + MINUTE


def test_a_test_message_carries_its_link(method):
    delivery = send_test(method)

    assert f"/proof/{links.token(delivery)}" in Wording(delivery).text


@pytest.mark.django_db(transaction=True)
def test_opening_the_page_of_a_test_message_proves_nothing_and_its_button_does(method):
    delivery = send_test(method, at=timezone.now())
    client, path = Client(enforce_csrf_checks=True), f"/proof/{links.token(delivery)}"

    assert [client.get(path).status_code, client.head(path).status_code, proved_at()] == [200, 200, None]
    assert client.post(path).status_code == 303
    assert proved_at() is not None
    assert "Sentinel can reach you this way" in client.get(path).content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/proof/x", "/proof/" + "A" * 200])
def test_a_forged_link_proves_nothing(method, path):
    assert Client().post(path).status_code == 410
    assert proved_at() is None


@pytest.mark.django_db(transaction=True)
def test_the_link_of_an_alert_is_no_link_of_a_test():
    (delivery,) = queue(make_recipient())

    assert Client().post(f"/proof/{links.token(delivery)}").status_code == 410


def test_a_test_is_sent_once_a_month_at_the_methods_own_time_of_day(method):
    due = [at for at in (MIDNIGHT + quarter * 15 * MINUTE for quarter in range(3 * 96)) if proofs.send_due(at=at)]

    (when,) = due
    assert timedelta(0) <= when - MIDNIGHT - proofs.slot(method) < 15 * MINUTE
    assert proofs.send_due(at=when + 30 * DAY) == 1


def test_methods_are_spread_over_the_day():
    slots = {proofs.slot(ContactMethod()).total_seconds() // 3600 for _ in range(300)}

    assert slots == set(range(9, 19))


def test_who_looks_every_quarter_of_an_hour_finds_every_method_in_its_day():
    latest = max(proofs.slot(ContactMethod()) for _ in range(2000))

    assert latest <= timedelta(hours=18, minutes=30)


def test_nobody_is_tested_in_quiet_hours_or_at_night(method):
    method.recipient.quiet_from, method.recipient.quiet_until = time(8), time(20)
    method.recipient.save()

    assert sum(proofs.send_due(at=MIDNIGHT + hour * HOUR) for hour in range(24)) == 0


@pytest.mark.parametrize("change", [{"verified": False}, {"active": False}, {"disabled_at": NOON}])
def test_what_is_not_used_is_not_tested(method, change):
    ContactMethod.objects.update(**change)

    assert proofs.send_due(at=NOON.replace(hour=18, minute=59)) == 0


def test_tests_can_be_switched_off(method, settings):
    settings.SENTINEL_PROOF_DAYS = 0

    assert proofs.send_due(at=NOON.replace(hour=18, minute=59)) == 0


def test_what_nothing_has_proved_for_45_days_is_known(method):
    fresh = make_method(method.recipient, address="fresh@example.org")
    ContactMethod.objects.filter(pk=fresh.pk).update(proved_at=NOON, created_at=NOON - 90 * DAY)

    assert list(proofs.unproved(at=NOON)) == []
    assert list(proofs.unproved(at=NOON + 14 * DAY + HOUR)) == [method]
    assert proofs.is_stale(method, at=NOON + 14 * DAY + HOUR)


@pytest.mark.parametrize("methods", [1, 3])
def test_what_is_not_due_costs_one_statement(methods, django_assert_num_queries):
    for number in range(methods):
        make_recipient(f"Person {number}")

    with django_assert_num_queries(1):
        proofs.send_due(at=NOON)
