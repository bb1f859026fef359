"""The front door of REST: what every wrong request is told, whatever it wanted."""

import pytest
from django.db import OperationalError
from psycopg_pool import PoolTimeout

from sentinel_site.api import problem_of
from tests.callers import REPORTER, RESPONDER, KeyClient, make_caller
from tests.factories import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    make_source()
    return make_caller(*REPORTER, *RESPONDER)


def is_problem(answer, status):
    return (answer.status_code, answer["Content-Type"], answer.json()["status"]) == (status, "application/problem+json", status)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/alerts/", "/api/v2/alerts", "/api/", "/api/v1/alerts/x/y/z"])
def test_an_unknown_path_is_a_problem_and_never_a_redirect(caller, path):
    assert is_problem(caller.get(path), 404)
    assert is_problem(caller.post(path, b"{}", content_type="application/json"), 404)


def test_a_wrong_method_is_told_the_right_ones(caller):
    answer = caller.delete("/api/v1/alerts")

    assert is_problem(answer, 405)
    assert answer["Allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/alerts", "/alerts/batch", "/alerts/resolve", "/sources"])
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data; boundary=x"]
)
def test_another_media_type_is_refused(caller, path, media_type):
    assert is_problem(caller.post(f"/api/v1{path}", b"{}", content_type=media_type), 415)


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "application/cloudevents+json", ""])
def test_json_by_any_name_is_taken(caller, media_type):
    assert caller.generic("POST", "/api/v1/alerts", b'{"source": "probe", "title": "x"}', content_type=media_type).status_code == 201


@pytest.mark.parametrize("path", ["/alerts", "/alerts/batch", "/alerts/resolve"])
def test_a_body_of_2_mb_is_refused(caller, path):
    answer = caller.send(path, b'{"source": "probe", "title": "' + b"x" * 2_000_000 + b'"}')

    assert is_problem(answer, 413)


@pytest.mark.parametrize("body", [b'"a string"', b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"a": ' * 5000, b"1" * 5000])
@pytest.mark.parametrize("path", ["/alerts", "/alerts/batch", "/alerts/resolve", "/sources"])
def test_what_is_no_json_object_is_refused(caller, path, body):
    answer = caller.send(path, body)

    assert is_problem(answer, 422)
    assert answer.json()["errors"]


@pytest.mark.parametrize("error", [OperationalError("gone"), PoolTimeout("none left")])
def test_without_a_database_the_sender_is_told_to_try_again(error):
    problem = problem_of(error)

    assert (problem.status, problem.headers) == (503, {"Retry-After": "2"})


def test_what_nobody_foresaw_says_nothing_but_a_number(caplog):
    problem = problem_of(ZeroDivisionError("secret detail"))

    assert problem.status == 500
    assert "secret" not in str(problem.body())
    assert problem.body()["request_id"] in caplog.text


def test_the_document_and_its_page_are_served_without_a_key_and_from_here():
    page, document = KeyClient().get("/api/v1/docs"), KeyClient().get("/api/v1/openapi.json").json()

    assert page.status_code == 200
    assert b"https://" not in page.content
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert document["openapi"] == "3.1.0"


def test_the_document_says_what_may_go_wrong():
    paths = KeyClient().get("/api/v1/openapi.json").json()["paths"]

    answers = paths["/api/v1/alerts/{alert_id}/acknowledge"]["post"]["responses"]
    assert {"200", "401", "403", "404", "409", "413", "415", "422", "503"} <= set(answers)
    assert set(answers["409"]["content"]) == {"application/problem+json"}
