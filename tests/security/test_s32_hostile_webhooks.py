"""S3, S4, S32: what an attacker with a key, or without one, sends to the webhooks. Nothing breaks, no stranger ends anything."""

import json

import pytest

from alerts.models import Alert, Report
from tests.alerts.incoming import payloads
from tests.alerts.incoming.test_doors import ENDED, FORMATS, PATHS, SENT, send
from tests.callers import KeyClient, make_caller, make_user
from tests.factories import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    for slug in (*FORMATS, "sentinel"):
        make_source(slug)
    return make_caller("alerts.report_alert")


BODIES = {
    "nested": b"[" * 100_000,
    "nested in the event": json.dumps(payloads.EVENT).encode()[:-1] + b',"x":' + b'{"a":' * 900 + b"1" + b"}" * 901,
    "digits": b'{"alerts":' + b"9" * 5000 + b"}",
    "not UTF-8": b'{"msg": "\xff\xfe"}',
    "empty": b"",
    "BOM alone": b"\xef\xbb\xbf",
    "not a document": b"NaN",
    "text": b'"x"',
    "lists": b"[[[[]]]]",
    "cut": json.dumps(payloads.GRAFANA).encode()[:-5],
    "NUL": b"\0" * 1000,
}


@pytest.mark.parametrize("slug", FORMATS)
def test_no_body_breaks_a_door(caller, slug):
    for name, body in BODIES.items():
        assert send(caller, slug, body).status_code in (200, 202, 400), name


@pytest.mark.parametrize("slug", FORMATS)
def test_what_cannot_be_stored_costs_no_alarm(caller, slug):
    text = json.dumps(SENT[slug])
    for what in ("The disk", "Load is high", "This alert", "Clinic"):
        text = text.replace(what, r"\u0000\ud800" + what)

    answer = send(caller, slug, text.encode())

    assert answer.status_code in (200, 202)
    assert Alert.objects.filter(source__slug=slug, title__contains="\ufffd").count() == 1


def test_a_million_labels_are_cut_to_what_an_alert_may_have(caller):
    labels = {f"l{i}": "v" for i in range(60_000)}

    send(caller, "alertmanager", {"alerts": [{"status": "firing", "labels": {"alertname": "Flood", **labels}}]})
    send(caller, "pagerduty", payloads.PAGERDUTY | {"payload": {"summary": "Flood", "custom_details": labels}})

    assert {len(alert.labels) for alert in Alert.objects.all()} == {64}


def test_more_than_a_megabyte_is_refused_before_it_is_read(caller):
    answers = [send(caller, slug, b" " * (4 * 1024 * 1024 + 1)) for slug in FORMATS]

    assert [answer.status_code for answer in answers] == [413] * 5
    assert not Report.objects.exists()


def test_a_form_with_a_thousand_fields_or_without_an_end_is_refused(caller):
    many = "&".join(f"f{i}=1" for i in range(5000))
    forms = [
        ("application/x-www-form-urlencoded", many.encode()),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 5000),
    ]

    answers = [caller.generic("POST", PATHS["uptime-kuma"], body, content_type=kind).status_code for kind, body in forms]

    assert answers == [400] * 3
    assert not Alert.objects.exclude(type="report-refused").exists()


@pytest.mark.parametrize("slug", FORMATS)
def test_a_strangers_key_ends_nobodys_alert(caller, slug):
    send(caller, slug, SENT[slug])

    send(make_caller("alerts.report_alert", name="mallory"), slug, ENDED[slug])
    repeats = make_caller("alerts.report_alert", name="trudy")
    send(repeats, slug, SENT[slug])
    send(repeats, slug, ENDED[slug])

    assert Alert.objects.get(source__slug=slug).status == "PENDING"


def test_a_strangers_key_ends_nothing_as_a_prometheus_either(caller):
    path, life = "/integrations/alertmanager/grafana/api/v2/alerts", {"labels": {"alertname": "Fall"}}
    over = life | {"startsAt": "2026-03-01T00:00:00Z", "endsAt": "2026-03-01T00:00:01Z"}
    send(caller, "grafana", [life | {"startsAt": over["startsAt"]}], path=path)

    answer = send(make_caller("alerts.report_alert", name="mallory"), "grafana", [over], path=path)

    assert (answer.status_code, Alert.objects.get().status) == (200, "PENDING")
    send(caller, "grafana", [over], path=path)
    assert Alert.objects.get().status == "RESOLVED"


def test_a_session_is_no_key_and_a_foreign_page_cannot_use_the_one_a_browser_keeps(caller):
    signed_in = KeyClient()
    signed_in.force_login(make_user("root", is_superuser=True))
    assert [send(signed_in, slug, SENT[slug]).status_code for slug in FORMATS] == [401, 401, 400, 401, 401]

    basic = {"Authorization": "Basic eDp4", "Origin": "https://evil.example"}
    assert send(KeyClient(), "grafana", payloads.GRAFANA, **basic).status_code == 403


def test_keys_are_neither_kept_nor_shown(caller):
    key = caller.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")

    send(caller, "pagerduty", f'{{"routing_key": "{key}", broken'.encode())
    send(caller, "uptime-kuma", payloads.KUMA | {"token": key})
    send(caller, "cloudevents", payloads.EVENT | {"data": {"title": "x", "password": "hunter2", "deep": [{"api_key": key}]}})

    kept = json.dumps(list(Report.objects.values_list("raw", flat=True)))
    assert (key in kept, "hunter2" in kept, kept.count("(not kept)")) == (False, False, 5)


def test_what_nobody_could_read_is_kept_without_its_passwords(caller):
    key = caller.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")

    send(caller, "cloudevents", {"password": "hunter2", "said": [{"text": "é"}]})
    send(caller, "grafana", "x" * 19_990 + key)

    kept = [each["body"] for each in Report.objects.filter(verdict="rejected").order_by("received_at", "pk").values_list("raw", flat=True)]
    assert (json.loads(kept[0]), key[:10] in kept[1]) == ({"password": "(not kept)", "said": [{"text": "é"}]}, False)


def test_a_browser_that_follows_a_link_reports_nothing_without_tls_either(caller):
    link = {"msg": "up again", "heartbeat": json.dumps(ENDED["uptime-kuma"]["heartbeat"])}

    answer = caller.get(PATHS["uptime-kuma"], link, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})

    assert (answer.status_code, Report.objects.count()) == (403, 0)


def test_links_that_are_no_web_addresses_are_left_out(caller):
    send(
        caller,
        "grafana",
        {"alerts": [payloads.GRAFANA["alerts"][0] | {"dashboardURL": "javascript:alert(1)", "generatorURL": "data:text/html,x"}]},
    )
    send(caller, "cloudevents", payloads.EVENT | {"data": {"title": "x", "links": [{"href": "vbscript:x"}], "runbook_url": "file:///etc"}})

    shown = json.dumps([[alert.links, alert.runbook_url] for alert in Alert.objects.all()])
    assert [word for word in ("javascript", "data:", "vbscript", "file:") if word in shown] == []
