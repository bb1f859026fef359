"""Behind the fast door Django answers the same."""

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from backups import pings
from backups.models import ExpectedBackupJob, Ping
from tests.factories import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unhurried():
    pings.bursts.forget()
    pings.guesses.forget()


@pytest.fixture
def job():
    make_source("backups")
    return ExpectedBackupJob.objects.create(database_name="nightly", slug="nightly", period_seconds=3600, reported_by="ping")


@pytest.fixture
def client():
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("rest", ["", "/", "/start", "/log/", "/fail", "/3"])
def test_a_ping_is_taken_without_token_and_redirect(client, job, method, rest):
    answer = getattr(client, method)(f"/ping/{job.ping_id}{rest}")

    assert (answer.status_code, answer["Content-Type"], answer["Ping-Body-Limit"]) == (200, "text/plain", "20000")
    assert (answer.content, Ping.objects.get().method) == (b"" if method == "head" else b"OK", method.upper())


def test_over_tls_alone_a_plain_ping_is_taken_all_the_same(client, job, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert [client.get(path).status_code for path in (f"/ping/{job.ping_id}", f"/api/push/{job.ping_id}", "/live")] == [200, 200, 301]


def test_a_body_is_taken_whatever_it_is_and_however_long(client, job):
    long = client.post(f"/ping/{job.ping_id}", b"\xff\x00" * 2_000_000, content_type="multipart/form-data")

    ping = Ping.objects.get()
    assert (long.status_code, ping.body_bytes, len(ping.body_head), len(ping.body_tail)) == (200, 4_000_000, 10_000, 10_000)


def test_a_key_creates_once(client, job):
    _, text = pings.issue_key("office")

    answers = [client.post(f"/ping/{text}/laptop?create=1") for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(201, b"Created"), (200, b"OK")]


def test_cronitor_and_kuma_are_understood(client, job):
    _, text = pings.issue_key("office")

    cronitor = client.get(f"/p/{text}/nightly?state=complete&msg=fine")
    kuma, wrong = client.get(f"/api/push/{job.ping_id}?status=down&msg=gone"), client.get(f"/api/push/{uuid4()}")

    assert (cronitor.status_code, json.loads(kuma.content), wrong.status_code) == (200, {"ok": True}, 404)
    assert list(Ping.objects.order_by("at").values_list("kind", "body_head")) == [("success", "fine"), ("fail", "gone")]


def test_where_it_came_from_is_what_our_own_proxy_says(client, job, settings):
    ping = f"/ping/{job.ping_id}"
    client.get(ping, headers={"X-Forwarded-For": "198.51.100.1"}, REMOTE_ADDR="192.0.2.1")
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client.get(ping, headers={"X-Forwarded-For": "1.2.3.4, 198.51.100.1"}, REMOTE_ADDR="192.0.2.1")
    client.get(ping, headers={"X-Forwarded-For": "x' OR 1"}, REMOTE_ADDR="192.0.2.1")

    assert list(Ping.objects.order_by("at").values_list("address", flat=True)) == ["192.0.2.1", "198.51.100.1", ""]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_stored_is_not_called_stored(client, job):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE backups_ping ADD CONSTRAINT no_poison CHECK (body_head <> 'poison')")
    try:
        answer = client.post(f"/ping/{job.ping_id}", b"poison", content_type="text/plain")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE backups_ping DROP CONSTRAINT no_poison")

    assert (answer.status_code, answer["Retry-After"], answer.content) == (503, "10", b"not stored; send it again")
