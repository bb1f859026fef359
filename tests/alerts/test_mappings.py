"""Mappings by REST, their preview, and the door for their messages."""

import json

import pytest

from alerts.models import Alert, Report, ReportMapping
from tests.callers import make_caller
from tests.factories import make_source

pytestmark = pytest.mark.django_db
FOUND = {"title": "text", "severity": "level", "dedup_key": "id", "action": "state", "words": ["5=critical"]}
BODY = {"slug": "zabbix", "source": "probe", **FOUND}
EDITOR = ("alerts.view_reportmapping", "alerts.add_reportmapping", "alerts.change_reportmapping", "alerts.delete_reportmapping")


@pytest.fixture
def house():
    make_source("sentinel", name="Sentinel itself")
    return make_source()


@pytest.fixture
def mapping(house):
    return ReportMapping.objects.create(slug="zabbix", source=house, **FOUND)


def send(caller, body, slug="zabbix", **more):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return caller.post(f"/integrations/json/{slug}", content, content_type="application/json", **more)


def test_a_message_becomes_an_alert_and_its_end_resolves_it(mapping):
    caller = make_caller("alerts.report_alert")

    first = send(caller, {"text": "Disk is full", "level": 5, "id": 7})
    last = send(caller, {"state": "resolved", "id": 7})

    alert = Alert.objects.get()
    assert (first.json()["verdicts"], last.json()["verdicts"]) == ({"accepted": 1}, {"applied": 1})
    assert (alert.title, alert.severity, alert.dedup_key, alert.status) == ("Disk is full", "critical", "7", "RESOLVED")
    assert Report.objects.earliest("pk").raw == {"text": "Disk is full", "level": 5, "id": 7}


@pytest.mark.parametrize("body", [b'{"text": ""}', b"[1, 2]", b"nothing", b"\xff", b'{"text": "\\ud800' + b"a" * 10])
def test_what_cannot_be_mapped_is_kept_and_told(mapping, body):
    answer = send(make_caller("alerts.report_alert"), body)

    assert (answer.status_code, Report.objects.filter(verdict="rejected", source_slug="probe").count()) == (400, 1)
    assert Alert.objects.get().type == "report-refused"


def test_what_is_kept_of_it_is_english_whatever_the_sender_speaks(mapping):
    ReportMapping.objects.update(title="&text")

    send(make_caller("alerts.report_alert"), {"text": "x"}, headers={"Accept-Language": "fr"})

    assert "finds an expression and no value" in Report.objects.get(verdict="rejected").reason


def test_a_program_is_refused_in_english_whatever_its_machine_speaks(mapping):
    answer = make_caller("alerts.view_alert").post("/integrations/silence/probe?minutes=5", headers={"Accept-Language": "fr"})

    assert "This needs the permission" in answer.content.decode()


@pytest.mark.parametrize(("slug", "permission", "status"), [("other", "alerts.report_alert", 404), ("zabbix", "alerts.view_alert", 403)])
def test_who_may_not_report_or_names_no_mapping_is_refused(mapping, slug, permission, status):
    assert (send(make_caller(permission), {"text": "x"}, slug).status_code, Alert.objects.count()) == (status, 0)


def test_a_mapping_that_is_switched_off_takes_nothing(mapping):
    ReportMapping.objects.update(enabled=False)

    assert send(make_caller("alerts.report_alert"), {"text": "x"}).status_code == 404


def test_without_a_key_nothing_is_taken(mapping, client):
    assert (send(client, {"text": "x"}).status_code, Report.objects.count()) == (401, 0)


def test_a_mapping_is_made_changed_and_deleted_by_rest(house):
    caller = make_caller(*EDITOR)

    made = caller.send("/mappings", BODY)
    changed = caller.send("/mappings/zabbix", {"title": "message"}, method="PATCH")

    assert (made.status_code, made.json()["path"], changed.json()["title"]) == (201, "/integrations/json/zabbix", "message")
    assert caller.send("/mappings/zabbix", method="DELETE").status_code == 204


@pytest.mark.parametrize("wrong", [
    {"title": "a["}, {"title": ""}, {"title": "a" * 1001}, {"source": "nobody"}, {"words": ["5"]}, {"slug": "preview"},
    {"severity": "nothing ("},
])  # fmt: skip
def test_a_mapping_that_cannot_work_is_422(house, wrong):
    assert make_caller(*EDITOR).send("/mappings", {**BODY, **wrong}).status_code == 422


def test_a_mapping_is_tried_on_what_came_last(mapping):
    send(make_caller("alerts.report_alert", name="sender"), {"message": "Disk is full", "level": 5, "id": 7})
    caller = make_caller("alerts.view_reportmapping", "alerts.view_report")

    (failed,) = caller.send("/mappings/preview", BODY).json()["items"]
    (works,) = caller.send("/mappings/preview", {**BODY, "title": "message"}).json()["items"]

    assert ("title" in failed["error"], works["error"], works["raw"]["level"]) == (True, None, 5)
    assert [(item["title"], item["severity"], item["dedup_key"]) for item in works["items"]] == [("Disk is full", "critical", "7")]
    assert Alert.objects.filter(source__slug="probe").count() == 0


def test_a_mapping_is_tried_on_a_message_that_never_came(house):
    caller = make_caller("alerts.view_reportmapping")

    (found,) = caller.send("/mappings/preview", {**BODY, "body": {"text": "x", "level": 5}}).json()["items"]

    assert found["items"][0]["severity"] == "critical"
    assert caller.send("/mappings/preview", BODY).status_code == 403


def test_a_stranger_sees_no_mapping(mapping):
    caller = make_caller("alerts.report_alert")

    assert {caller.read("/mappings").status_code, caller.send("/mappings/preview", BODY).status_code} == {403}
