"""S27: a wall's token opens the wall and nothing else: read only, for no other page, no key, and in no log."""

import logging

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from alerts import walls
from alerts.models import Alert
from sentinel_site.api import api
from sentinel_site.lib import tries
from sentinel_site.logs import LineFormatter
from tests.callers import KeyClient, make_user, somewhere
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
PAGES = ["/live/", "/live/snapshot", "/live/devices/", "/live/backups/", "/live/jobs/", "/admin/", "/admin/alerts/alert/", "/metrics"]
CLOSED = {302, 401, 403, 404, 429}


@pytest.fixture
def alert():
    make_source()
    return raise_alert(at=timezone.now(), title="Fall")


@pytest.fixture
def address():
    return "/" + walls.issue(name="Desk")[1].split("/", 3)[3]


@pytest.fixture
def screen(address):
    client = KeyClient(REMOTE_ADDR=somewhere())
    client.get(address)
    return client


def everywhere(alert):
    """Every page, and every operation of REST that reads."""
    found = [path for path, operations in api.get_openapi_schema()["paths"].items() if "get" in operations and ".ics" not in path]
    return [path.replace("{alert_id}", str(alert.pk)) for path in (*found, *PAGES, "/live/alerts/{alert_id}")]


def test_the_address_is_exchanged_for_a_cookie_of_the_wall_alone(address):
    client = KeyClient(REMOTE_ADDR=somewhere())

    answer = client.get(address)

    cookie = answer.cookies["sentinel_wall"]
    assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (302, "/live/wall/", "no-referrer")
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/live/wall/", True, "Lax")
    assert "no-store" in answer["Cache-Control"]


def test_with_the_cookie_the_wall_is_shown(screen, alert):
    page, snapshot = screen.get("/live/wall/"), screen.get("/live/wall/snapshot")

    assert (page.status_code, snapshot.status_code) == (200, 200)
    assert [each["title"] for each in snapshot.json()["open"]] == ["Fall"]
    assert screen.cookies["sentinel_wall"].value.encode() not in page.content + snapshot.content


def test_it_opens_nothing_else_even_when_it_is_sent_there(screen, alert):
    token = screen.cookies["sentinel_wall"].value
    bearer = KeyClient(token, REMOTE_ADDR=somewhere())

    opened = {path for path in everywhere(alert) if screen.get(path).status_code not in CLOSED}
    opened |= {path for path in ("/api/v1/alerts", "/live/", "/metrics", "/live/wall/") if bearer.get(path).status_code not in CLOSED}

    assert opened == set()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/live/wall/", "/live/wall/snapshot"])
def test_nothing_can_be_sent_to_it(screen, alert, method, path):
    assert screen.generic(method, path).status_code in {403, 405}
    assert Alert.objects.get().status == "PENDING"


def test_revoked_it_is_told_so_and_shown_nothing(screen, alert):
    walls.revoke(walls.Wall.objects.get(), at=timezone.now())

    page, snapshot = screen.get("/live/wall/"), screen.get("/live/wall/snapshot")

    assert (page.status_code, snapshot.status_code, snapshot.json(), page["Refresh"]) == (401, 401, {}, "30")
    assert b"Fall" not in page.content


def test_a_stranger_is_shown_nothing(alert):
    stranger = KeyClient(REMOTE_ADDR=somewhere())

    answers = [stranger.get(path) for path in ("/live/wall/", "/live/wall/snapshot", "/live/wall/open/wall_0123abcd_" + "x" * 43)]

    assert [(answer.status_code, b"Fall" in answer.content) for answer in answers] == [(401, False)] * 3


def test_guesses_are_slowed_down_and_a_right_one_is_not(address, alert):
    client, wrong = KeyClient(REMOTE_ADDR=somewhere()), reverse("wall-enter", args=["wall_0123abcd_" + "x" * 43])

    codes = [client.get(wrong, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(tries.MOST + 2)]

    assert codes == [401] * tries.MOST + [429, 429]
    assert client.get(address).status_code == 302


def test_a_screen_that_starts_before_the_database_is_told_so_and_tries_again(address):
    def gone(*_):
        raise OperationalError("gone")

    with connection.execute_wrapper(gone):
        answer = KeyClient(REMOTE_ADDR=somewhere()).get(address)

    assert (answer.status_code, answer["Refresh"]) == (503, "30")


def test_who_is_signed_in_but_may_not_see_alerts_does_not_see_the_wall_either(alert):
    client = KeyClient(REMOTE_ADDR=somewhere())
    client.force_login(make_user("visitor"), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/live/wall/").status_code == 401


def test_the_token_is_in_no_log(address):
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Unauthorized: %s", (address,), None)

    assert LineFormatter().format(record).endswith("Unauthorized: /live/wall/open/[token]")
