"""Proving methods, rules and unreachable people in the admin."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications import codes, outbox
from notifications.enums import DeliveryStatus
from notifications.models import ContactMethod, Delivery, NotificationRule, Verification
from tests.factories import make_method, make_recipient
from tests.notifications.test_admin import sign_in, url

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/recipient/"


@pytest.fixture
def boss():
    return sign_in(superuser=True)


@pytest.fixture
def robin():
    return make_recipient()


@pytest.fixture
def method(robin):
    ContactMethod.objects.update(verified=False)
    return robin.contact_methods.get()


def act(client, method, action, **given):
    client.post(url(method, action), {"_form_submitted": "on", **given})
    return client.get(url(method)).content.decode()


def test_an_address_is_verified_by_a_code_in_the_admin(boss, method):
    assert "A code is on its way" in act(boss, method, "send_code")
    code = codes.code_of(method, Verification.objects.get().nonce)

    assert "is not the code that was sent" in act(boss, method, "enter_code", code="0000 0000")
    assert "Verified: messages are sent" in act(boss, method, "enter_code", code=f"{code[:4]} {code[4:]}")
    assert ContactMethod.objects.get().verified


def test_a_second_code_within_a_minute_is_refused_in_words(boss, method):
    act(boss, method, "send_code")

    assert "A code was sent less than a minute ago" in act(boss, method, "send_code")


@pytest.mark.parametrize("action", ["send_code", "enter_code", "send_test"])
def test_who_may_not_change_methods_proves_none(method, action):
    client = sign_in("view_contactmethod")

    assert client.post(url(method, action), {"_form_submitted": "on", "code": "1"}).status_code == 403
    assert not Delivery.objects.exists()


def test_the_page_shows_what_became_of_a_test(boss, method):
    ContactMethod.objects.update(verified=True)
    assert "Queued" in act(boss, method, "send_test")

    outbox.claim("email", limit=9, at=timezone.now(), lease_seconds=45)
    outbox.settle([outbox.Outcome(Delivery.objects.get(), DeliveryStatus.DEAD, error="mailbox full")], at=timezone.now())

    assert "Gave up (mailbox full)" in boss.get(url(method)).content.decode()


def test_a_new_address_has_no_proof(boss, method):
    ContactMethod.objects.update(verified=True, proved_at=timezone.now())
    fields = {"recipient": str(method.recipient_id), "kind": "email", "address": "new@example.org", "order": "1", "active": "on"}

    boss.post(url(method), {**fields, "verified": "on"})

    method.refresh_from_db()
    assert (method.address, method.verified, method.proved_at) == ("new@example.org", False, None)


def test_what_is_not_proved_for_long_is_amber_and_can_be_filtered(boss, robin):
    ContactMethod.objects.update(created_at=timezone.now() - timedelta(days=46))
    make_recipient("Kim Moss")

    assert "not proved for 45 days" in boss.get(LIST).content.decode()
    shown = boss.get(f"{LIST}?reach=stale").content.decode()
    assert ("Robin Vale" in shown, "Kim Moss" in shown) == (True, False)
    assert "r…e@example.org" in boss.get("/admin/notifications/contactmethod/?proof=stale").content.decode()


def test_who_cannot_be_reached_stands_above_the_list_with_the_reason(boss, method):
    make_recipient("Kim Moss").contact_methods.all().delete()
    make_recipient("Lee Ash")

    page = boss.get(LIST).content.decode()
    shown = boss.get(f"{LIST}?reach=none").content.decode()

    assert "Kim Moss</a> has no contact method." in page
    assert "Robin Vale</a> has no contact method that is verified, active and working." in page
    assert "Lee Ash</a>" not in shown.replace("Lee Ash</a> ", "")


@pytest.mark.parametrize("people", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(boss, people):
    for number in range(people):
        make_recipient(f"Person {number}").contact_methods.update(verified=False)
    boss.get(LIST)

    with CaptureQueriesContext(connection) as seen:
        boss.get(LIST)

    assert len(seen) < 14


def test_rules_are_kept_on_the_persons_page_with_the_persons_own_methods(boss, robin):
    other = make_method(make_recipient("Kim Moss"), address="kim2@example.org")
    NotificationRule.objects.create(recipient=robin, method=robin.contact_methods.get(), delay_seconds=60)

    page = boss.get(url(robin)).content.decode()

    assert (str(robin.contact_methods.get().pk) in page, str(other.pk) in page) == (True, False)
