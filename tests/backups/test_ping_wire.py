"""Pings are read, and answered, as Healthchecks, Uptime Kuma and Cronitor do it."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backups import ping_wire, pings
from backups.enums import PingKind
from backups.ping_calls import Became, Target
from backups.ping_wire import Answer, Asked
from tests.conftest import NOON

UUID_TEXT = "0b8f0b5e-9d2e-4b7e-8a51-1d6f8f3f9c11"
JOB = UUID(UUID_TEXT)
KEY = "k" * 22
RID = "11111111-2222-4333-8444-555555555555"


def read(path, query="", method="GET", **fields):
    return ping_wire.read(Asked(at=NOON, method=method, path=path, query=query, **fields))


@pytest.mark.parametrize(
    ("rest", "kind", "code"),
    [
        ("", "success", None),
        ("/", "success", None),
        ("/start", "start", None),
        ("/start/", "start", None),
        ("/fail", "fail", None),
        ("/log", "log", None),
        ("/0", "success", 0),
        ("/1", "fail", 1),
        ("/255", "fail", 255),
        ("/007", "fail", 7),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_address_says_what_happened(rest, kind, code, method):
    by_id, by_name = read(f"/ping/{UUID_TEXT}{rest}", method=method), read(f"/ping/{KEY}/my-job_1{rest}", method=method)

    assert (by_id.target, by_id.kind, by_id.exit_status, by_id.method) == (Target(ping_id=JOB), kind, code, method)
    assert (by_name.target, by_name.kind, by_name.exit_status) == (Target(key=pings.digest(KEY), slug="my-job_1"), kind, code)


@pytest.mark.parametrize(
    ("path", "query", "status", "text"),
    [
        (f"/ping/{UUID_TEXT}/256", "", 400, b"invalid url format"),
        (f"/ping/{KEY}/my-job/999999", "", 400, b"invalid url format"),
        (f"/ping/{KEY}/My-Job", "", 400, b"invalid url format"),
        (f"/ping/{UUID_TEXT}", "rid=abc", 400, b"invalid uuid format"),
        (f"/ping/{UUID_TEXT}", "rid=", 400, b"invalid uuid format"),
        (f"/ping/{UUID_TEXT}", f"rid={RID}%00", 400, b"invalid uuid format"),
        (f"/ping/{UUID_TEXT}", "&".join(f"a{n}=1" for n in range(99)), 400, b"invalid query"),
        (f"/ping/{UUID_TEXT}/done", "", 404, b"not found"),
        (f"/ping/{UUID_TEXT}/fail/more", "", 404, b"not found"),
        (f"/ping/{UUID_TEXT}/١", "", 404, b"not found"),
        (f"/ping/{UUID_TEXT}\0", "", 404, b"not found"),
        (f"/ping/{UUID_TEXT.replace('-', '')}", "", 404, b"not found"),
        ("/ping/", "", 404, b"not found"),
        ("/ping/short/name", "", 404, b"not found"),
        (f"/ping/{KEY}/é", "", 404, b"not found"),
        (f"/ping/{KEY}/{'x' * 101}", "", 400, b"invalid url format"),
        (f"/ping/{'k' * 65}/name", "", 404, b"not found"),
        (f"/ping/{KEY}/../admin", "", 404, b"not found"),
        (f"/p/{KEY}/name", "state=odd", 400, b"state must be run, complete, ok or fail"),
        (f"/p/{KEY}/name/odd", "", 400, b"state must be run, complete, ok or fail"),
        (f"/p/{KEY}", "", 404, b"not found"),
    ],
)
def test_what_cannot_be_a_ping_is_told_so(path, query, status, text):
    answer = read(path, query)

    assert (answer.status, answer.content, answer.content_type) == (status, text, "text/plain")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused_by_name(method):
    answer = read(f"/ping/{UUID_TEXT}", method=method)

    assert (answer.status, dict(answer.headers)["Allow"]) == (405, "GET, HEAD, POST")


def test_rid_and_create_are_read_from_the_query():
    found = read(f"/ping/{KEY}/name/start", f"create=1&rid={RID}")

    assert (found.target.create, found.rid, found.kind) == (True, UUID(RID), PingKind.START)
    assert read(f"/ping/{KEY}/name", "create=true").target.create is False


def test_a_body_of_any_bytes_is_text_that_can_be_stored():
    found = read(
        f"/ping/{UUID_TEXT}", method="POST", head=b"caf\xe9 \x00 \xf0\x9f\x92\xbe", tail=b"\xff", size=99, agent="a\0b" * 200, address="x"
    )

    assert (found.head, found.tail, found.size) == ("caf� � 💾", "�", 99)
    assert (found.agent[:3], len(found.agent), found.address) == ("a�b", 200, "")


@pytest.mark.parametrize("token", [UUID_TEXT, UUID_TEXT.replace("-", ""), UUID_TEXT.upper(), f"{UUID_TEXT}/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_push_url_takes_any_method(token, method):
    found = read(f"/api/push/{token}", "status=up&msg=OK&ping=1250", method)

    assert (found.target, found.kind, found.head, found.duration_seconds) == (Target(ping_id=JOB), "success", "OK", 1.25)


@pytest.mark.parametrize(("status", "kind"), [("up", "success"), ("", "success"), ("down", "fail"), ("UP", "fail"), ("pending", "fail")])
def test_whatever_is_not_up_is_down(status, kind):
    assert read(f"/api/push/{UUID_TEXT}", f"status={status}&ping=").kind == kind


@pytest.mark.parametrize(("agent", "query", "kind"), [
    ("borgmatic", "status=up&msg=start", "start"), ("borgmatic", "status=up&msg=finish", "success"),
    ("curl/8", "status=up&msg=start", "success"),
    ("borgmatic", "status=down&msg=start", "fail"),
])  # fmt: skip
def test_borgmatics_start_is_not_taken_for_its_success(agent, query, kind):
    assert read(f"/api/push/{UUID_TEXT}", query, agent=agent).kind == kind


def test_a_wrong_push_url_is_answered_in_kumas_words():
    answer = read("/api/push/nothing")

    told = {"ok": False, "msg": "Monitor not found or not active."}
    assert (answer.status, json.loads(answer.content), answer.content_type) == (404, told, "application/json")
    assert ping_wire.answer("/api/push/x", Became.IGNORED) == ping_wire.answer("/api/push/x", Became.UNKNOWN) == answer


@pytest.mark.parametrize(
    ("state", "kind"), [("run", "start"), ("complete", "success"), ("ok", "success"), ("fail", "fail"), ("", "success")]
)
def test_cronitors_two_forms_say_the_same(state, kind):
    by_query, by_path = read(f"/p/{KEY}/name", f"state={state}"), read(f"/p/{KEY}/name/{state}")

    assert (by_query.kind, by_path.kind, by_query.target) == (kind, kind, Target(key=pings.digest(KEY), slug="name"))


def test_cronitors_fields_are_kept():
    found = read(f"/p/{KEY}/name", "state=fail&series=abc&host=db1&msg=no%20space&metric=count:4&duration=12.5&status_code=3&env=prod")

    assert (found.head, found.duration_seconds, found.exit_status) == ("no space\nmetric: count:4\nhost: db1\nenv: prod", 12.5, 3)
    assert found.rid == read(f"/p/{KEY}/name/run", "series=abc").rid != read(f"/p/{KEY}/name/run", "series=abd").rid
    assert read(f"/p/{KEY}/name", f"series={RID}").rid == UUID(RID)


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e400", "x", "", "9" * 40])
def test_a_duration_that_cannot_be_one_is_left_out(value):
    assert read(f"/p/{KEY}/name", f"duration={value}&status_code={value}").duration_seconds is None
    assert read(f"/api/push/{UUID_TEXT}", f"ping={value}").duration_seconds is None


@pytest.mark.parametrize(
    ("became", "status", "text"),
    [
        (Became.TAKEN, 200, b"OK"),
        (Became.IGNORED, 200, b"OK"),
        (Became.CREATED, 201, b"Created"),
        (Became.UNKNOWN, 404, b"not found"),
        (Became.TOO_MANY, 429, b"rate limited"),
        (Became.BUSY, 503, b"not stored; send it again"),
    ],
)
def test_the_answer_says_what_became_of_it(became, status, text):
    answer = ping_wire.answer("/ping/x", became)
    headers = dict(answer.headers)

    assert (answer.status, answer.content, headers["Cache-Control"], headers["Access-Control-Allow-Origin"]) == (
        status,
        text,
        "no-store",
        "*",
    )
    assert ("Ping-Body-Limit" in headers, "Retry-After" in headers) == (status < 300, status in {429, 503})


@given(
    prefix=st.sampled_from(ping_wire.PREFIXES), path=st.text(max_size=80), query=st.text(max_size=80),
    method=st.sampled_from(["GET", "POST", "PUT"]), body=st.binary(max_size=40), agent=st.text(max_size=20),
)  # fmt: skip
def test_whatever_comes_is_a_ping_or_an_answer_of_the_senders_fault(prefix, path, query, method, body, agent):
    found = read(prefix + path, query, method, head=body, agent=agent)

    assert found.status in {400, 404, 405} if isinstance(found, Answer) else "\0" not in found.head + found.agent
