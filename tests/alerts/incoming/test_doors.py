"""The doors: each format as it comes over HTTP, with its key, its source and its answers."""

import hashlib
import hmac
import json

import pytest
from django.utils import timezone

from alerts.incoming import signatures
from alerts.incoming.taking import CAME_BEFORE
from alerts.models import Alert, ForeignAlert, Report, WebhookSecret
from notifications.models import Notification
from tests.alerts.incoming import payloads
from tests.callers import KeyClient, make_caller
from tests.factories import make_recipient, make_source

pytestmark = pytest.mark.django_db
PATHS = {
    "alertmanager": "/integrations/alertmanager/webhook",
    "grafana": "/integrations/grafana",
    "pagerduty": "/integrations/pagerduty/v2/enqueue",
    "cloudevents": "/integrations/cloudevents",
    "uptime-kuma": "/integrations/uptime-kuma",
}
SENT = {
    "alertmanager": payloads.ALERTMANAGER, "grafana": payloads.GRAFANA, "pagerduty": payloads.PAGERDUTY, "cloudevents": payloads.EVENT,
    "uptime-kuma": payloads.KUMA,
}  # fmt: skip
ENDED = {
    "alertmanager": {"alerts": [payloads.ALERTMANAGER["alerts"][0] | {"status": "resolved", "annotations": {}}]},
    "grafana": {"alerts": [payloads.GRAFANA["alerts"][0] | {"status": "resolved"}]},
    "pagerduty": payloads.PAGERDUTY | {"event_action": "resolve"},
    "cloudevents": payloads.EVENT | {"id": "2", "type": "com.example.disk.resolved"},
    "uptime-kuma": payloads.KUMA | {"heartbeat": payloads.KUMA["heartbeat"] | {"status": 1}},
}
FORMATS = ["alertmanager", "grafana", "pagerduty", "cloudevents", "uptime-kuma"]


@pytest.fixture
def caller():
    make_source("sentinel")
    return make_caller("alerts.report_alert")


def key_of(caller):
    return caller.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")


def send(caller, slug, value, *, path="", method="POST", **headers):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return caller.generic(method, path or PATHS[slug], body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("slug", FORMATS)
def test_each_format_raises_an_alert_and_ends_it(caller, slug):
    make_source(slug)

    began, ended = send(caller, slug, SENT[slug]), send(caller, slug, ENDED[slug])

    wanted = 202 if slug in ("pagerduty", "cloudevents") else 200
    assert (began.status_code, ended.status_code, ended.content.count(b"error")) == (wanted, wanted, 0)
    alert = Alert.objects.get()
    assert (alert.source.slug, alert.status, alert.resolution, alert.occurrences) == (slug, "RESOLVED", "recovered", 1)
    assert sorted(Report.objects.values_list("verdict", flat=True)) == ["accepted", "applied"]


@pytest.mark.parametrize("slug", FORMATS)
def test_another_source_is_named_in_the_path_or_behind_it(caller, slug):
    make_source("ward-7")
    path = PATHS[slug].replace(f"/{slug}", f"/{slug}/ward-7", 1)

    send(caller, slug, SENT[slug], path=path)
    send(caller, slug, ENDED[slug], path=f"{PATHS[slug]}?source=ward-7")

    assert list(Alert.objects.values_list("source__slug", "status")) == [("ward-7", "RESOLVED")]


@pytest.mark.parametrize("slug", FORMATS)
def test_a_source_that_is_not_there_is_said_and_the_message_is_kept(caller, slug):
    answer = send(caller, slug, SENT[slug])

    assert answer.status_code == (400 if slug == "pagerduty" else 404)
    assert b"create it under Sources" in answer.content
    assert Report.objects.get().source_slug == slug


@pytest.mark.parametrize("slug", FORMATS)
def test_without_a_key_nothing_comes_in(slug):
    make_source(slug)

    answer = send(KeyClient(), slug, SENT[slug])

    assert (answer.status_code, Report.objects.count()) == (400 if slug == "pagerduty" else 401, 0)


@pytest.mark.parametrize("slug", FORMATS)
def test_what_cannot_be_read_is_kept_and_told(caller, slug):
    make_source(slug)

    answer = send(caller, slug, b'{"oops": \xff')

    assert answer.status_code == 400
    assert Report.objects.get(verdict="rejected").raw["body"] == '{"oops": \ufffd'
    assert Alert.objects.get().type == "report-refused"


def test_a_key_that_may_not_report_is_told_so():
    make_source("grafana")

    assert send(make_caller("alerts.view_alert"), "grafana", payloads.GRAFANA).status_code == 403


def test_sent_again_it_is_the_same_alert_and_no_occurrence(caller):
    make_source("grafana")
    for _ in range(3):
        send(caller, "grafana", payloads.GRAFANA, method="PUT")

    assert (Alert.objects.get().occurrences, ForeignAlert.objects.count()) == (1, 1)
    assert sorted(Report.objects.values_list("verdict", "reason")) == [
        ("accepted", ""),
        ("folded", "it still fires"),
        ("folded", "it still fires"),
    ]


@pytest.mark.parametrize("path", ["/integrations/grafana/", "/integrations/pagerduty//v2/enqueue", "/integrations/cloudevents/"])
def test_a_slash_too_many_is_forgiven(caller, path):
    slug = path.split("/")[2]
    make_source(slug)

    assert send(caller, slug, SENT[slug], path=path).status_code in (200, 202)


def test_who_raised_it_ends_it_whoever_repeated_it(caller):
    make_source("grafana")
    send(caller, "grafana", payloads.GRAFANA)
    send(make_caller("alerts.report_alert", name="second"), "grafana", payloads.GRAFANA)

    assert send(caller, "grafana", ENDED["grafana"]).json()["verdicts"] == {"applied": 1}


def test_by_webhook_it_is_the_same_alert_as_by_alertmanagers_api(caller):
    make_source("alertmanager")
    item = {"labels": payloads.ALERTMANAGER["alerts"][0]["labels"]}
    send(caller, "alertmanager", [item], path="/integrations/alertmanager/api/v2/alerts")

    send(caller, "alertmanager", payloads.ALERTMANAGER)

    assert Alert.objects.get().occurrences == 1


@pytest.mark.parametrize(
    ("slug", "value"), [("grafana", payloads.GRAFANA_TEST), ("uptime-kuma", payloads.KUMA_TEST)], ids=["grafana", "kuma"]
)
def test_the_button_test_is_shown_and_calls_nobody(caller, slug, value):
    make_source(slug, severity="critical")
    make_recipient(groups=["oncall"])

    assert send(caller, slug, value).status_code == 200

    assert (Alert.objects.get().resolution, Notification.objects.count()) == ("test", 0)


def test_pagerduty_knows_the_key_in_the_event_and_answers_with_its_words(caller):
    make_source("pagerduty")

    answer = send(KeyClient(), "pagerduty", payloads.PAGERDUTY | {"routing_key": key_of(caller)})

    assert (answer.status_code, answer.json()) == (
        202, {"status": "success", "message": "Event processed", "dedup_key": "srv-disk-1"},
    )  # fmt: skip
    assert key_of(caller) not in json.dumps(Report.objects.get().raw)


def test_pagerduty_says_what_is_wrong_with_an_event(caller):
    make_source("pagerduty")

    unknown = send(KeyClient(), "pagerduty", payloads.PAGERDUTY | {"routing_key": "R0" * 16})
    odd = send(caller, "pagerduty", payloads.PAGERDUTY | {"event_action": "shout"})

    assert (unknown.status_code, unknown.json()["status"]) == (400, "invalid event")
    assert odd.json() == {
        "status": "invalid event", "message": "Event object is invalid",
        "errors": ["'event_action' must be trigger, acknowledge or resolve"],
    }  # fmt: skip


def test_a_change_event_is_kept_and_tells_nobody(caller):
    make_source("pagerduty")
    change = {"payload": {"summary": "Release 7 is out", "source": "ci"}}

    answer = send(caller, "pagerduty", change, path="/integrations/pagerduty/v2/change/enqueue")

    assert (answer.status_code, Alert.objects.count(), Report.objects.get().verdict) == (202, 0, "dropped")


def test_an_event_that_comes_twice_counts_once(caller):
    make_source("cloudevents")

    answers = [send(caller, "cloudevents", payloads.EVENT).json()["verdicts"] for _ in range(2)]

    assert answers == [{"accepted": 1}, {"dropped": 1}]
    assert (Alert.objects.get().occurrences, Report.objects.get(verdict="dropped").reason) == (1, CAME_BEFORE)


def test_the_good_events_of_a_batch_are_taken_and_the_others_named(caller):
    make_source("cloudevents")
    batch = [payloads.EVENT, {"specversion": "1.0"}, 7]

    answer = caller.generic("POST", PATHS["cloudevents"], json.dumps(batch), content_type="application/cloudevents-batch+json")

    assert (answer.status_code, Alert.objects.filter(source__slug="cloudevents").count()) == (400, 1)
    assert "event 1: An event needs" in answer.json()["detail"]


def test_a_form_of_events_that_is_not_json_is_415(caller):
    make_source("cloudevents")

    answer = caller.generic("POST", PATHS["cloudevents"], b"x", content_type="application/cloudevents+protobuf")

    assert answer.status_code == 415


def test_whoever_sends_events_may_ask_first():
    origin = {"WebHook-Request-Origin": "events.example.org", "WebHook-Request-Rate": "120"}

    answer, odd = (
        KeyClient().generic("OPTIONS", PATHS["cloudevents"], headers=each) for each in (origin, {"WebHook-Request-Origin": "a\tb"})
    )

    assert (answer.status_code, answer["WebHook-Allowed-Origin"], answer["WebHook-Allowed-Rate"]) == (200, "events.example.org", "*")
    assert odd.status_code == 400


def test_kuma_as_a_form_and_as_a_link(caller):
    make_source("uptime-kuma")
    link = {"msg": "up again", "heartbeat": json.dumps(ENDED["uptime-kuma"]["heartbeat"]), "monitor": json.dumps(payloads.KUMA["monitor"])}

    form = caller.post(PATHS["uptime-kuma"], {"data": json.dumps(payloads.KUMA)})
    got = caller.get(PATHS["uptime-kuma"], link)

    assert (form.json()["verdicts"], got.json()["verdicts"]) == ({"accepted": 1}, {"applied": 1})


def test_a_browser_that_follows_a_link_reports_nothing(caller):
    make_source("uptime-kuma")

    answer = caller.get(PATHS["uptime-kuma"], {"msg": "x"}, headers={"Sec-Fetch-Mode": "no-cors"})

    assert (answer.status_code, Report.objects.count()) == (403, 0)


def signed(body, secret="s3cret", *, stamp=None):
    text = body if stamp is None else f"{stamp}:".encode() + body
    headers = {signatures.SIGNATURE: hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}
    return headers if stamp is None else {**headers, signatures.TIMESTAMP: str(stamp)}


def test_a_source_with_a_secret_takes_what_is_signed_with_it(caller):
    WebhookSecret.objects.create(source=make_source("grafana"), secret="s3cret")
    body, now = json.dumps(payloads.GRAFANA).encode(), int(timezone.now().timestamp())
    hub = {signatures.HUB: f"sha256={signed(body)[signatures.SIGNATURE]}"}

    answers = [send(caller, "grafana", body, **headers) for headers in (signed(body), signed(body, stamp=now), hub)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_what_is_not_signed_or_old_is_refused_told_and_not_kept(caller):
    WebhookSecret.objects.create(source=make_source("grafana"), secret="s3cret")
    body, now = json.dumps(payloads.GRAFANA).encode(), int(timezone.now().timestamp())
    stripped = {name: text for name, text in signed(body, stamp=now).items() if name != signatures.TIMESTAMP}
    forged = [{}, signed(body, "other"), signed(body + b" "), signed(body, stamp=now - 900), signed(body, stamp=now + 900), stripped]
    forged += [{signatures.SIGNATURE: "é"}, {signatures.SIGNATURE: ""}, signed(body) | {signatures.TIMESTAMP: "now"}]

    answers = [send(caller, "grafana", body, **headers).status_code for headers in forged]

    assert answers == [401] * len(forged)
    assert not Alert.objects.exclude(type="report-refused").exists()
    assert {report.raw["body"] for report in Report.objects.filter(verdict="rejected")} == {"(not kept)"}
