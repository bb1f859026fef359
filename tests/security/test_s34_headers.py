"""S34, S35, S38: every answer carries the browser's walls, and a stranger sees no more than the doors."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.callers import KeyClient, make_caller, make_user

pytestmark = pytest.mark.django_db
DOORS = ["/healthz", "/livez", "/accounts/login/", "/admin/login/", "/api/v1/docs", "/api/v1/openapi.json", "/sw.js", "/offline"]
CLOSED = ["/", "/live/", "/admin/", "/metrics", "/api/v1/alerts", "/a/none", "/media/alerts/none", "/nowhere", "/api/v1/nowhere"]
QUEUE = ["schedule", "ormq", "success", "failure"]


@pytest.mark.parametrize("path", [*DOORS, *CLOSED])
def test_every_answer_carries_the_walls(path):
    answer = Client().get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert all(wall in policy for wall in ("default-src", "base-uri 'none'", "frame-ancestors 'none'"))
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert (answer.headers["X-Content-Type-Options"], answer.headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}


@pytest.mark.parametrize("path", CLOSED)
def test_a_stranger_is_shown_nothing(path):
    assert KeyClient().get(path).status_code in {302, 401, 404, 410}


def test_what_one_caller_may_read_is_kept_for_nobody_else():
    assert make_caller("alerts.view_alert").read("/alerts").headers["Cache-Control"] == "no-store"


def test_the_session_cookie_is_for_the_browser_alone():
    make_user("robin")
    client = Client()

    client.post(reverse("login"), {"username": "robin", "password": "correct horse battery"})

    cookie = client.cookies["sentinel_session"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.parametrize("table", QUEUE)
def test_not_even_a_superuser_reaches_the_tables_of_the_queue(table):
    client = Client()
    client.force_login(make_user("root", is_superuser=True, is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(f"/admin/django_q/{table}/").status_code == 404
