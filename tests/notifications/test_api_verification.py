"""Codes and test messages by REST: a person proves methods of his own, an editor those of others, nobody else any."""

import pytest
from django.contrib.auth.models import User

from notifications import codes
from notifications.models import Delivery, Verification
from tests.callers import make_caller
from tests.factories import make_method, make_recipient

pytestmark = pytest.mark.django_db
CHANGE = "notifications.change_contactmethod"


@pytest.fixture
def robin():
    return make_caller(name="robin")


@pytest.fixture
def method(robin):
    person = make_recipient(user=User.objects.get(username="robin"))
    return make_method(person, address="new@example.org", verified=False)


def test_a_person_verifies_a_method_of_his_own(robin, method):
    started = robin.send(f"/contact-methods/{method.pk}/verify/start")
    code = codes.code_of(method, Verification.objects.get().nonce)
    verified = robin.send(f"/contact-methods/{method.pk}/verify", {"code": code})

    assert (started.status_code, started.json()["address"]) == (202, "n…w@example.org")
    assert (verified.status_code, verified.json()["verified"]) == (200, True)


def test_a_wrong_code_says_how_many_tries_are_left(robin, method):
    robin.send(f"/contact-methods/{method.pk}/verify/start")

    answer = robin.send(f"/contact-methods/{method.pk}/verify", {"code": "12345678"})

    assert (answer.status_code, answer.json()["detail"]) == (422, "code: is not the code that was sent; 4 tries left")


@pytest.mark.parametrize("path", ["verify/start", "verify", "test"])
def test_nobody_else_does(path, method):
    body = {"code": "12345678"} if path == "verify" else None

    assert make_caller(name="mallory").send(f"/contact-methods/{method.pk}/{path}", body).status_code == 404
    assert make_caller("notifications.view_contactmethod", name="kim").send(f"/contact-methods/{method.pk}/{path}", body).status_code == 404


def test_asking_too_often_says_when_to_ask_again(robin, method):
    robin.send(f"/contact-methods/{method.pk}/verify/start")

    again = robin.send(f"/contact-methods/{method.pk}/verify/start")

    assert (again.status_code, 0 < int(again.headers["Retry-After"]) <= 61) == (429, True)


@pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": "1" * 41}, {"code": 12345678}, {"code": "1", "more": 1}])
def test_what_is_no_code_is_refused(robin, method, body):
    assert robin.send(f"/contact-methods/{method.pk}/verify", body).status_code == 422


def test_a_changed_address_must_be_verified_again_even_by_an_administrator(method):
    client = make_caller(CHANGE, "notifications.verify_contactmethod", name="admin")
    path = f"/contact-methods/{method.pk}"

    assert client.send(path, {"verified": True}, method="PATCH").json()["verified"] is True
    assert client.send(path, {"address": "newer@example.org"}, method="PATCH").json()["verified"] is False
    assert client.send(path, {"address": "newest@example.org", "verified": True}, method="PATCH").json()["verified"] is True


def test_a_test_message_is_sent_once_a_minute_and_to_usable_methods_only(method):
    client = make_caller(CHANGE, name="kim")
    path = f"/contact-methods/{method.pk}/test"

    assert client.send(path).status_code == 409
    method.verified = True
    method.save()
    assert [client.send(path).status_code for _ in range(2)] == [202, 429]
    assert Delivery.objects.get().notification.reason == "test"
