"""API keys and sessions."""

import base64
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from sentinel_site import auth
from sentinel_site.models import ApiKey
from tests.callers import KeyClient, make_caller, make_user

pytestmark = pytest.mark.django_db
VIEW = "alerts.view_alert"


@pytest.fixture(autouse=True)
def _no_memory():
    auth.forget()


@pytest.fixture
def key():
    return ApiKey.issue(user=make_user("probe", VIEW), name="probe")[1]


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        lambda key: {"Authorization": f"Bearer {key}"},
        lambda key: {"Authorization": f"bearer {key}"},
        lambda key: {"X-Api-Key": key},
        lambda key: {"Authorization": basic(f"anybody:{key}")},
    ],
    ids=["bearer", "lower case", "header", "basic"],
)
def test_a_key_is_taken_from_every_header(key, headers):
    assert KeyClient().get("/api/v1/alerts", headers=headers(key)).status_code == 200


@pytest.mark.parametrize(
    "value", ["Bearer x", "Bearer snt_00000000_" + "a" * 43, "Basic !!!", "Basic " + base64.b64encode(b"x:y").decode(), "Bearer é"]
)
def test_a_wrong_key_is_refused_with_the_ways_to_sign_in(key, value):
    answer = KeyClient().get("/api/v1/alerts", headers={"Authorization": value})

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_nobody_is_told_to_send_a_key(client):
    answer = client.get("/api/v1/alerts")

    assert (answer.status_code, answer.json()["detail"]) == (401, "Send an API key as `Authorization: Bearer <key>`, or sign in.")


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}])
def test_a_revoked_or_expired_key_is_refused(key, change):
    ApiKey.objects.update(**change)

    assert auth.authenticate(x_api_key=key, at=timezone.now()) is None


def test_the_key_of_a_user_who_was_switched_off_is_refused(key):
    ApiKey.objects.get().user.__class__.objects.update(is_active=False)

    assert auth.authenticate(x_api_key=key, at=timezone.now()) is None


def test_a_changed_secret_with_the_right_prefix_is_refused(key):
    assert auth.authenticate(x_api_key=key[:-1] + ("A" if key[-1] != "A" else "B"), at=timezone.now()) is None


def test_use_is_noted_once_a_minute(key):
    at = timezone.now()
    seen = []
    for seconds in (0, 30, 61):
        auth.authenticate(x_api_key=key, at=at + timedelta(seconds=seconds))
        seen.append((ApiKey.objects.get().last_used_at - at).total_seconds())

    assert seen == [0, 0, 61]


def test_a_known_key_costs_no_statement(key, django_assert_num_queries):
    at = timezone.now()
    auth.authenticate(x_api_key=key, at=at)

    with django_assert_num_queries(0):
        assert auth.authenticate(x_api_key=key, at=at).username == "probe"


def test_a_key_makes_no_session(key):
    answer = KeyClient(key).read("/alerts")

    assert (dict(answer.cookies), Session.objects.count()) == ({}, 0)


def test_a_session_reads_and_needs_csrf_to_write():
    client = KeyClient()
    client.force_login(make_user("robin", VIEW, "alerts.report_alert"))

    assert client.read("/alerts").status_code == 200
    assert client.send("/alerts", {"source": "x", "title": "y"}).status_code == 403
    client.cookies["sentinel_csrf"] = "a" * 32
    assert client.send("/alerts", {"source": "x", "title": "y"}, **{"X-CSRFToken": "a" * 32}).status_code == 422


def test_a_wrong_key_is_refused_even_with_a_session():
    client = KeyClient("wrong")
    client.force_login(make_user("robin", VIEW))

    assert client.read("/alerts").status_code == 401


def test_a_caller_without_permission_is_told_which_one_it_lacks():
    answer = make_caller(name="stranger").read("/alerts")

    assert answer.status_code == 403
    assert (
        answer.json()["detail"]
        == "This needs the permission alerts.view_alert. Ask an administrator to put stranger into a group that has it."
    )
