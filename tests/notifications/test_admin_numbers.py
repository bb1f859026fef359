"""Telephone numbers, when a contact method is saved: in the admin and by REST."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notifications.models import ContactMethod
from tests.callers import make_caller
from tests.factories import make_recipient

pytestmark = pytest.mark.django_db
WRITE_IT = "is not a telephone number; write it with + and the country, for example +33612345678"
REFUSED = ["0612345678", "call me", "+33 (0)6 12 34 56 78", "+12", "ada@example.org"]
KINDS = ["sms", "voice"]


@pytest.fixture
def boss():
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def save(boss, robin, kind, address):
    form = {"recipient": str(robin.pk), "kind": kind, "address": address, "order": "1", "active": "on", "verified": "on"}
    return boss.post("/admin/notifications/contactmethod/add/", form)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", REFUSED)
def test_the_admin_refuses_what_is_no_number_and_says_what_to_write(boss, kind, address):
    answer = save(boss, make_recipient(), kind, address)

    assert WRITE_IT in answer.content.decode()
    assert not ContactMethod.objects.filter(kind=kind).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_admin_keeps_a_number_as_the_network_writes_it(boss, kind):
    assert save(boss, make_recipient(), kind, "00 33 6.12-34 56 78").status_code == 302

    assert ContactMethod.objects.get(kind=kind).address == "+33612345678"


def test_one_number_is_not_saved_twice_however_it_is_written(boss):
    robin = make_recipient()
    save(boss, robin, "sms", "+33612345678")

    assert "This recipient has this address already." in save(boss, robin, "sms", "+33 6 12 34 56 78").content.decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", REFUSED)
def test_rest_refuses_what_is_no_number_and_says_what_to_write(kind, address):
    caller = make_caller("notifications.add_contactmethod", "notifications.verify_contactmethod")

    answer = caller.send("/contact-methods", {"recipient": str(make_recipient().pk), "kind": kind, "address": address})

    assert (answer.status_code, answer.json()["errors"]) == (422, [{"loc": ["body", "address"], "msg": WRITE_IT}])


def test_rest_keeps_a_number_as_the_network_writes_it():
    caller = make_caller("notifications.add_contactmethod", "notifications.verify_contactmethod")

    caller.send("/contact-methods", {"recipient": str(make_recipient().pk), "kind": "sms", "address": "+33 6 12 34 56 78"})

    assert ContactMethod.objects.get(kind="sms").address == "+33612345678"


@pytest.mark.parametrize(("kind", "address", "why"), [
    ("email", "robin", "This address is not an e-mail address."), ("webhook", "ftp://example.org/x", "This address is not a URL;"),
    ("webhook", "https://robin:secret@example.org/", "This address is not a URL;"),
    ("slack", "night", "This address is no address for Slack;"),
])  # fmt: skip
def test_the_admin_refuses_other_addresses_that_cannot_be_sent_to(boss, kind, address, why):
    answer = save(boss, make_recipient(), kind, address)

    assert why in answer.content.decode()


def test_a_recipient_made_in_the_admin_reads_the_clock_of_the_site(boss, settings):
    settings.TIME_ZONE, settings.LANGUAGE_CODE = "Europe/Paris", "fr"

    form = boss.get("/admin/notifications/recipient/add/").context["adminform"].form

    assert (form["time_zone"].value(), form["language"].value()) == ("Europe/Paris", "fr")
