"""The live pages open for those who may look, and carry what their scripts need."""

import json
import re

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from alerts import lifecycle
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
PAGES = ("/live/", "/live/snapshot", "/live/alerts/{id}", "/live/alerts/{id}/snapshot")


@pytest.fixture
def alert():
    make_source()
    return raise_alert(at=timezone.now(), title="Leak </script><b>x", severity="high")


@pytest.fixture
def viewer(user, client):
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_asked_to_sign_in(client, alert, page):
    path = page.format(id=alert.pk)

    response = client.get(path)

    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize("page", PAGES)
def test_without_the_permission_it_is_refused(client, user, alert, page):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(page.format(id=alert.pk)).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_may_look_and_nothing_is_kept(client, viewer, alert, page):
    response = client.get(page.format(id=alert.pk))

    assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)
    assert client.post(page.format(id=alert.pk)).status_code == 405


def test_an_unknown_alert_is_not_found(client, viewer, alert):
    assert client.get("/live/alerts/00000000-0000-7000-8000-000000000000").status_code == 404


def test_the_board_puts_the_most_urgent_and_oldest_first(client, viewer, alert):
    make_source("other")
    later = raise_alert(at=timezone.now(), source="other", title="later", severity="high", subject="b")
    urgent = raise_alert(at=timezone.now(), source="other", title="urgent", severity="critical")
    over = raise_alert(at=timezone.now(), source="other", title="over", severity="critical", subject="c")
    lifecycle.resolve(over, by=viewer, at=timezone.now())

    body = client.get("/live/snapshot").json()

    assert [each["id"] for each in body["open"]] == [str(each.pk) for each in (urgent, alert, later)]
    assert ([each["id"] for each in body["closed"]], body["last_event_id"], body["more"]) == ([str(over.pk)], 5, False)


def test_the_board_costs_the_same_for_one_and_for_three(client, viewer, alert, django_assert_max_num_queries):
    for subject in ("a", "b"):
        raise_alert(at=timezone.now(), subject=subject, severity="low")

    with django_assert_max_num_queries(18):
        client.get("/live/snapshot")


def test_the_data_in_a_page_cannot_end_its_element(client, viewer, alert):
    page = client.get("/live/").content.decode()

    (data,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)
    assert json.loads(data)["snapshot"]["open"][0]["title"] == "Leak </script><b>x"
    assert "<b>x" not in page


def test_one_alert_comes_with_record_messages_and_plan(client, viewer, alert):
    lifecycle.comment(alert, by=viewer, at=timezone.now(), note="on it")

    body = client.get(f"/live/alerts/{alert.pk}/snapshot").json()

    assert set(body) == {"alert", "now", "last_event_id", "log", "deliveries", "steps", "told", "feedback", "mine"}
    assert [entry["kind"] for entry in body["log"]] == ["comment", "raised"]


def test_the_front_door_leads_to_the_board(client):
    assert client.get("/")["Location"] == "/live/"


def test_the_pages_speak_french(client, viewer, alert):
    page = client.get("/live/", headers={"Accept-Language": "fr"}).content.decode()
    words = client.get("/live/words.js", headers={"Accept-Language": "fr"}).content.decode()

    assert ("Alertes ouvertes" in page, "J\\u2019appelle" in page, "Personne n\\u2019a r\\u00e9pondu" in words) == (True, True, True)
