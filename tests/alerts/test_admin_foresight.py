"""The page that says who would be called."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from alerts.models import Alert
from notifications.models import ContactMethod
from tests.factories import make_policy, make_recipient, make_source

URL = "/admin/alerts/escalationpolicy/foresight/"


@pytest.fixture
def boss(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 300))
    return client


def test_it_names_the_people_and_the_times(boss):
    page = boss.get(URL, {"source": "probe", "at": "2026-03-02T12:00"}).content.decode()

    assert "Ada Byron by E-mail" in " ".join(page.split())
    assert "12:05:00 (after 5 min)" in page
    assert Alert.objects.count() == 0


def test_it_says_when_nobody_can_be_called(boss):
    ContactMethod.objects.update(active=False)

    page = boss.get(URL, {"source": "probe"}).content.decode()

    assert "A P1 would reach nobody in this stretch" in page
    assert "Nobody would be reached by any step." in page


@pytest.mark.parametrize(("field", "value", "error"), [
    ("labels", "room", "“room” is not name=value."), ("source", "nobody", "Select a valid choice"),
    ("at", "soon", "Enter a valid date/time"),
    ("at", "9999-12-31T23:59", "outside of the years"), ("at", "0001-01-01T00:00", "outside of the years"),
])  # fmt: skip
def test_bad_input_is_said_beside_its_field(boss, field, value, error):
    page = boss.get(URL, {"source": "probe", field: value})

    assert (page.status_code, error in page.content.decode()) == (200, True)


def test_whoever_may_not_see_policies_is_turned_away(db):
    client = Client()
    client.force_login(User.objects.create_user("staff", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(URL).status_code == 403
