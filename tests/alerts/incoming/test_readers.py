"""What foreign messages mean to Sentinel. Nothing here needs a database."""

import contextlib
import copy
import json

import pytest

from alerts.incoming import alertmanager_webhook, cloudevents, contract, grafana, pagerduty, uptime_kuma
from alerts.incoming.contract import Action, FormatError
from tests.alerts.incoming import payloads
from tests.conftest import MINUTE, NOON


def changed(value, **fields):
    return copy.deepcopy(value) | fields


def kuma(**beat):
    value = copy.deepcopy(payloads.KUMA)
    value["heartbeat"] |= beat
    return uptime_kuma.read(value, "kuma", at=NOON)[0]


def event(**fields):
    return cloudevents.read(changed(payloads.EVENT, **fields), "ce", at=NOON)[0]


def paged(**fields):
    return pagerduty.read(changed(payloads.PAGERDUTY, **fields), "pd", at=NOON)[0]


def test_a_pagerduty_trigger_in_our_words():
    item = paged()

    report = item.report
    assert (item.action, report.title, report.severity, report.dedup_key) == ("trigger", "The disk of srv1 is full", "high", "srv-disk-1")
    assert (report.type, report.subject, report.description) == ("storage", "srv1", "log:\nline 1\nline 2")
    assert report.labels == {
        "free": "0",
        "mount": "/var",
        "component": "disk",
        "group": "db",
        "class": "storage",
        "client": "Sample Monitoring",
    }
    assert [link["text"] for link in report.links] == ["Runbook", "Disk", "Open in Sample Monitoring"]
    assert report.occurred_at == NOON - MINUTE


def test_without_a_key_every_pagerduty_trigger_is_an_alert_of_its_own():
    first, second = (paged(dedup_key=None).report.dedup_key for _ in range(2))

    assert len({first, second, ""}) == 3


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_pagerduty_closes_by_key_even_with_a_payload(action):
    assert (paged(event_action=action).action, paged(event_action=action).report.dedup_key) == (action, "srv-disk-1")


@pytest.mark.parametrize(
    "fields",
    [
        {"event_action": "explode"},
        {"event_action": None},
        {"payload": None},
        {"payload": {"summary": " "}},
        {"event_action": "resolve", "dedup_key": ""},
    ],
)
def test_what_no_pagerduty_event_can_do_without(fields):
    with pytest.raises(pagerduty.InvalidEvent):
        paged(**fields)


def test_what_is_too_long_is_cut_and_two_long_keys_stay_two():
    payload = {"summary": "x" * 5000, "source": "y" * 5000, "severity": "unheard of"}
    one, two = (paged(payload=payload, dedup_key="k" * 1000 + end).report for end in "ab")

    assert (len(one.title), len(one.subject), one.severity, len(one.dedup_key)) == (300, 200, None, 300)
    assert one.dedup_key != two.dedup_key


def test_the_routing_key_is_not_kept():
    assert "snt_" not in paged(routing_key="snt_01234567_x").report.raw


def test_kuma_down_and_up_are_one_alert():
    down, up = kuma(status=0), kuma(status=1, msg="200 - OK")

    assert (down.action, up.action, up.note) == (Action.TRIGGER, Action.RESOLVE, "200 - OK")
    assert down.report.dedup_key == up.report.dedup_key == "kuma:7"
    assert (down.report.title, down.report.severity) == ("Clinic / Portal is down", "critical")
    assert down.report.translations["fr"] == {"title": "Clinic / Portal est en panne"}
    assert (down.report.labels["ward"], down.report.links[0]["href"]) == ("true", "https://portal.example.org")
    assert "hunter2" not in down.report.raw


@pytest.mark.parametrize("status", [2, 3])
def test_kuma_that_still_tries_or_is_under_maintenance_calls_nobody(status):
    assert kuma(status=status).action == Action.IGNORE


@pytest.mark.parametrize("status", [None, "down", 9, [], True])
def test_a_kuma_status_that_is_none_is_refused(status):
    with pytest.raises(FormatError):
        kuma(status=status)


def test_kumas_button_is_a_test_and_a_certificate_folds_from_day_to_day():
    (tried,) = uptime_kuma.read(payloads.KUMA_TEST, "kuma", at=NOON)
    (first,) = uptime_kuma.read(payloads.KUMA_CERTIFICATE, "kuma", at=NOON)
    later = {**payloads.KUMA_CERTIFICATE, "msg": payloads.KUMA_CERTIFICATE["msg"].replace("14 days", "7 days")}
    (second,) = uptime_kuma.read(later, "kuma", at=NOON)

    assert (tried.action, first.action, first.report.severity) == (Action.TEST, Action.TRIGGER, "info")
    assert first.report.dedup_key == second.report.dedup_key


def test_an_event_in_our_words():
    item = event()

    report = item.report
    assert (item.action, report.title, report.severity, report.subject) == (Action.TRIGGER, "The disk is full", "high", "srv1")
    assert report.labels == {"mount": "/var", "ce_source": "/probes/7", "ce_type": "com.example.disk.fired"}
    assert report.dedup_key == event(type="com.example.disk.resolved", id="2", data=None).report.dedup_key


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({"type": "com.example.disk.resolved"}, "resolve"),
        ({"type": "com.example.disk.acked"}, "acknowledge"),
        ({"type": "com.example.anything"}, "trigger"),
        ({"data": {"action": "resolve"}}, "resolve"),
        ({"type": "x", "data": {"state": "ok"}}, "resolve"),
    ],
)
def test_what_an_event_asks_for(fields, action):
    assert event(**fields).action == action


def test_of_another_sentinel_only_beginning_acknowledgement_and_end_count():
    alert = {"title": "Fall in room 12", "severity": "critical", "dedup_key": "fall|12", "status": "PENDING"}
    words = ("fired", "repeated", "acked", "resolved", "delivery", "unanswered")

    items = [event(type=f"org.sentinel.alert.{word}", data={"event": 7, "alert": alert}) for word in words]

    assert [item.action for item in items] == ["trigger", "trigger", "acknowledge", "resolve", "ignore", "ignore"]
    assert {item.report.dedup_key for item in items} == {"fall|12"}


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_an_event_that_lacks_an_attribute_is_refused(name):
    for value in (None, "", 7):
        with pytest.raises(FormatError, match=name):
            event(**{name: value})


def test_the_three_forms_of_an_event_say_the_same():
    structured = cloudevents.events({"Content-Type": "application/cloudevents+json; charset=utf-8"}, json.dumps(payloads.EVENT).encode())
    batch = cloudevents.events({"Content-Type": "application/cloudevents-batch+json"}, json.dumps([payloads.EVENT]).encode())
    headers = {f"Ce-{name.title()}": payloads.EVENT[name] for name in ("specversion", "id", "source", "type", "subject", "time")}
    binary = cloudevents.events({**headers, "Content-Type": "application/json"}, json.dumps(payloads.EVENT["data"]).encode())

    read = [cloudevents.read_all(events, "ce", at=NOON)[0][0]._replace() for events in (structured, batch, binary)]
    assert {(each.action, each.event, each.report.title, each.report.dedup_key) for each in read} == {
        (Action.TRIGGER, read[0].event, "The disk is full", read[0].report.dedup_key)
    }


def test_attributes_in_headers_are_percent_decoded():
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/caf%C3%A9", "ce-type": "x", "Content-Type": "text/plain"}

    (found,) = cloudevents.events(headers, "Feu à la cave".encode())

    (item,) = cloudevents.read(found, "ce", at=NOON)
    assert (found["source"], item.report.title, item.report.description) == ("/café", "x: /café", "Feu à la cave")


def test_events_that_are_not_json_are_told_so():
    with pytest.raises(cloudevents.UnknownFormatError):
        cloudevents.events({"Content-Type": "application/cloudevents+avro"}, b"x")


def test_grafana_brings_what_was_measured_and_where_to_look():
    (posted,), items = grafana.read(payloads.GRAFANA, "grafana", at=NOON)

    assert (items, posted.label_hash, posted.timed_out) == ([], "c6eadffa33fcdf37", True)
    assert posted.annotations["description"] == "The system has high memory usage\n\nB = 44.23943737541908, C = 1"
    assert [text for text, url in posted.links if url] == ["Dashboard", "Picture", "Silence it in Grafana"]


def test_grafanas_button_is_a_test():
    posted, items = grafana.read(payloads.GRAFANA_TEST, "grafana", at=NOON)

    assert (posted, [(item.action, item.report.title) for item in items]) == ([], [(Action.TEST, "Notification test")])


@pytest.mark.parametrize(
    ("name", "title"), [("DatasourceNoData", "No data: CPU"), ("DatasourceError", "The rule cannot be evaluated: CPU")]
)
def test_a_rule_that_sees_nothing_says_so(name, title):
    value = copy.deepcopy(payloads.GRAFANA)
    value["alerts"][0]["labels"] |= {"alertname": name, "rulename": "CPU"}

    (posted,), _ = grafana.read(value, "grafana", at=NOON)

    assert (posted.title, posted.labels["severity"]) == (title, "critical")


def test_alerts_that_the_sender_left_out_are_an_alert_themselves():
    _, (item,) = alertmanager_webhook.read(changed(payloads.ALERTMANAGER, truncatedAlerts=17), "am", at=NOON)

    assert (item.action, item.report.title) == (Action.TRIGGER, "17 alerts were left out of a message")
    assert item.report.translations["fr"]["title"] == "17 alertes ont été omises d’un message"


def test_an_alert_without_labels_is_told_for_what_it_is():
    posted, (item,) = alertmanager_webhook.read({"alerts": [{"annotations": {"summary": "Help"}}]}, "am", at=NOON)

    assert (posted, item.report.title) == ([], "Help")


@pytest.mark.parametrize("value", [{}, [], None, {"alerts": []}, {"alerts": {}}, {"alerts": [{}] * 1001}])
def test_what_is_no_webhook_is_refused(value):
    with pytest.raises(FormatError):
        alertmanager_webhook.read(value, "am", at=NOON)


HOSTILE = [
    None,
    [],
    {},
    "text",
    7,
    [[]],
    {"alerts": "x"},
    {"alerts": [None, 7, {"labels": []}]},
    {"heartbeat": [], "monitor": 7, "msg": {}},
    {"alerts": [{"labels": {"a": ["x"]}, "annotations": 7, "startsAt": {}, "values": [], "fingerprint": 7, "status": {}}]},
    {"heartbeat": {"status": 0}, "monitor": {"tags": [7, {"name": []}], "url": 7, "id": {}}},
    {"event_action": [], "payload": 7},
    {"event_action": "trigger", "payload": {"summary": "x", "custom_details": 7}, "links": 7, "images": [7]},
    {"event_action": "trigger", "payload": {"summary": "x", "timestamp": 1e300}, "client": {}},
    {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "type": "t",
        "data": {"labels": 7, "links": [7], "alert": 7, "severity": []},
        "time": 10**400,
    },
    {"specversion": "1.0", "id": "1", "source": "s", "type": ".", "data_base64": "!"},
]


def test_whatever_is_sent_is_read_or_refused_and_never_breaks():
    readers = [
        *(lambda value, read=each.read: read(value, "x", at=NOON) for each in (alertmanager_webhook, grafana, pagerduty, uptime_kuma)),
        lambda value: cloudevents.read_all(value if isinstance(value, list) else [value], "x", at=NOON),
    ]
    for value in HOSTILE:
        safe = contract.read_json(json.dumps(value).encode())
        for reader in readers:
            with contextlib.suppress(FormatError):
                assert reader(safe) is not None


def test_labels_and_links_stay_within_what_an_alert_may_have():
    report = contract.bounded(
        paged(
            payload={"summary": "x", "custom_details": {f"n{i}": "v" * 150 for i in range(500)}},
            links=[{"href": f"https://example.com/{i}"} for i in range(90)],
        ).report,
        at=NOON,
    )

    assert (len(report.labels), len(report.links)) == (64, 20)
