"""Codes that prove an address: what they are good for, and how often."""

import threading

import pytest
from django.db import connection

from notifications import codes, verification
from notifications.models import ContactMethod, Delivery, Notification, NotificationRule, Verification
from notifications.rendering import Wording
from sentinel_site.lib.problems import Problem
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_method, make_recipient

pytestmark = pytest.mark.django_db


@pytest.fixture
def method():
    robin = make_recipient(language="fr")
    return make_method(robin, address="new@example.org", verified=False)


def sent_code(method):
    return codes.code_of(method, Verification.objects.get(method=method).nonce)


def refusal(call, *args, **kwargs):
    with pytest.raises(Problem) as caught:
        call(*args, **kwargs)
    return caught.value.status


def test_a_code_goes_to_the_method_itself_and_verifies_it(method):
    verification.start(method, at=NOON)

    delivery = Delivery.objects.select_related("notification__recipient", "method").get()
    assert (delivery.method, delivery.next_attempt_at, delivery.notification.expires_at) == (method, NOON, NOON + 15 * MINUTE)
    assert sent_code(method) in Wording(delivery).text
    assert Wording(delivery).subject == f"{sent_code(method)} est votre code Sentinel"

    verification.confirm(method, f" {sent_code(method)[:4]} {sent_code(method)[4:]} ", at=NOON + MINUTE)

    method.refresh_from_db()
    assert (method.verified, method.proved_at) == (True, NOON + MINUTE)


def test_the_database_holds_no_code(method):
    verification.start(method, at=NOON)

    held = [*Verification.objects.values_list(), *Notification.objects.values_list(), *Delivery.objects.values_list()]

    assert sent_code(method) not in str(held)


def test_a_code_keeps_no_rule_and_no_quiet_hours_and_no_other_method_takes_over(method):
    NotificationRule.objects.create(recipient=method.recipient, kind="email", delay_seconds=60)

    verification.start(method, at=NOON)

    assert not Notification.objects.get().falls_over
    assert Delivery.objects.count() == 1


def test_after_five_wrong_tries_the_right_code_is_wrong_too(method):
    verification.start(method, at=NOON)

    assert [refusal(verification.confirm, method, "0", at=NOON) for _ in range(6)] == [422] * 5 + [409]
    assert refusal(verification.confirm, method, sent_code(method), at=NOON) == 409


def test_a_code_is_good_for_a_quarter_of_an_hour(method):
    verification.start(method, at=NOON)

    assert refusal(verification.confirm, method, sent_code(method), at=NOON + 15 * MINUTE) == 409


def test_a_code_is_good_once(method):
    verification.start(method, at=NOON)
    code = sent_code(method)
    verification.confirm(method, code, at=NOON)

    assert refusal(verification.confirm, method, code, at=NOON) == 409


def test_a_code_is_good_for_the_address_it_went_to(method):
    verification.start(method, at=NOON)
    code = sent_code(method)
    method.address = "elsewhere@example.org"
    method.save()

    assert refusal(verification.confirm, method, code, at=NOON) == 409
    assert not ContactMethod.objects.get(pk=method.pk).verified


def test_a_new_code_makes_the_old_one_worthless(method):
    verification.start(method, at=NOON)
    old = sent_code(method)

    verification.start(method, at=NOON + MINUTE)

    assert refusal(verification.confirm, method, old, at=NOON + MINUTE) == 422


def test_codes_are_not_sent_twice_a_minute(method):
    verification.start(method, at=NOON)

    assert refusal(verification.start, method, at=NOON + 59 * SECOND) == 429


def test_codes_to_all_methods_of_one_owner_are_counted_together_and_deleting_one_does_not_help(method):
    for number in range(10):
        other = make_method(method.recipient, address=f"{number}@example.org", verified=False)
        verification.start(other, at=NOON + number * SECOND)
        other.delete()

    assert refusal(verification.start, method, at=NOON + MINUTE) == 429
    verification.start(method, at=NOON + HOUR)


@pytest.mark.parametrize("change", [{"active": False}, {"disabled_at": NOON}])
def test_nothing_is_sent_to_what_was_switched_off(method, change):
    ContactMethod.objects.filter(pk=method.pk).update(**change)
    method.refresh_from_db()

    assert refusal(verification.start, method, at=NOON) == 409


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_are_no_more_than_five(method):
    verification.start(method, at=NOON)
    found = []

    def guess():
        try:
            found.append(refusal(verification.confirm, method, "0", at=NOON))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [409] * 7 + [422] * 5
