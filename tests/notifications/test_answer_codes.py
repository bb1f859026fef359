"""The codes that answer by SMS."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from notifications import answer_codes, outbox
from notifications.enums import DeliveryStatus
from notifications.models import AnswerCode, ContactMethod
from notifications.outbox import Outcome
from tests.conftest import HOUR, NOON, SECOND
from tests.factories import make_method, make_recipient
from tests.notifications.conftest import queue
from tests.twilio_api import new_number

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("twilio")]
NUMBER = "+33612345678"


def claim(at=NOON, limit=500):
    return outbox.claim("sms", limit=limit, at=at, lease_seconds=60)


def told(count, *, number=NUMBER, at=NOON, name="Robin Vale", **fields):
    """``count`` messages to one number, in a runner's hand."""
    robin = make_recipient(name)
    make_method(robin, kind="sms", address=number)
    for each in range(count):
        queue(robin, kinds=["sms"], key=f"{name}-{at}-{each}", thread=f"alert:{each}", at=at, **fields)
    return claim(at)


def told_among(codes, count, **fields):
    """The same, when there are only ``codes``."""
    deliveries = told(count, **fields)
    AnswerCode.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).delete()
    for delivery in deliveries:
        delivery.answer_code = ""
    answer_codes.allot(deliveries, at=fields.get("at", NOON), codes=codes)
    return deliveries


def digest(delivery):
    return ContactMethod.objects.get(pk=delivery.method_id).address_digest


def test_no_two_open_messages_to_a_number_have_the_same_code():
    codes = [delivery.answer_code for delivery in [*told(150), *told(150, name="Dana Reed")]]

    assert (len(codes), len(set(codes)), {len(code) for code in codes}) == (300, 300, {4})
    assert all(1000 <= int(code) <= 9999 for code in codes)


def test_a_code_stays_when_it_is_sent_again():
    (first,) = told(1)

    (again,) = claim(NOON + 2 * 60 * SECOND)

    assert (again.pk, again.answer_code) == (first.pk, first.answer_code)


def test_a_code_is_free_again_when_its_day_is_over():
    (old,) = told_among([1000], 1)
    outbox.settle([Outcome(old, DeliveryStatus.SENT)], at=NOON)

    (fresh,) = told_among([1000], 1, name="Dana Reed", at=NOON + 24 * HOUR)

    assert (old.answer_code, fresh.answer_code) == ("1000", "1000")
    assert answer_codes.answerable(digest(fresh), at=NOON + 25 * HOUR, code="1000") == [fresh]


def test_when_every_code_is_taken_the_message_is_sent_without():
    codes = [delivery.answer_code for delivery in told_among([1000, 1001], 3)]

    assert sorted(codes) == ["", "1000", "1001"]


def test_another_number_may_have_the_same():
    both = [*told_among([1000], 1), *told_among([1000], 1, number=new_number(), name="Dana Reed")]

    assert [delivery.answer_code for delivery in both] == ["1000", "1000"]


@pytest.mark.parametrize("spoil", [
    {"address": "+33600000000"}, {"active": False}, {"recipient__active": False}, {"until": NOON},
])  # fmt: skip
def test_it_answers_only_from_the_same_number_of_the_same_person_for_its_time(spoil):
    (delivery,) = told(1)
    asked = digest(delivery)
    assert answer_codes.answerable(asked, at=NOON, code=delivery.answer_code) == [delivery]

    for name, value in spoil.items():
        row = AnswerCode.objects.get() if name == "until" else delivery.notification.recipient if "__" in name else delivery.method
        setattr(row, name.rpartition("__")[2], value)
        row.save()

    assert answer_codes.answerable(asked, at=NOON, code=delivery.answer_code) == []


def test_it_is_good_for_as_long_as_the_link():
    (delivery,) = told(1)

    assert AnswerCode.objects.get().until - delivery.notification.created_at == timedelta(hours=24)


def test_what_asks_nothing_gets_none():
    assert [delivery.answer_code for delivery in told(1, reason="resolved")] == [""]


@pytest.mark.django_db(transaction=True)
def test_runners_at_once_give_no_code_twice():
    deliveries = told(40)
    AnswerCode.objects.all().delete()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(_allot, [deliveries[start::4] for start in range(4)]))

    codes = set(AnswerCode.objects.values_list("code", flat=True))
    assert (len(codes), {delivery.answer_code for delivery in deliveries}) == (40, codes)


def _allot(deliveries):
    try:
        answer_codes.allot(deliveries, at=NOON, codes=range(1000, 1060), tries=2000)
    finally:
        connection.close()
