"""Alertmanager's API v2 as Prometheus and its friends use it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import alertmanager, foreign, lifecycle
from alerts.enums import OPEN, Resolution
from alerts.models import Alert, ForeignAlert, LogEntry, Report, Silence
from tests.callers import make_caller
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
PATH = "/integrations/alertmanager/api/v2"
EVERYTHING = (
    "alerts.report_alert", "alerts.view_alert", "alerts.view_silence", "alerts.add_silence", "alerts.delete_silence",
)  # fmt: skip
LABELS = {"alertname": "HighLoad", "instance": "db1:9100", "severity": "warning"}


@pytest.fixture
def source():
    return make_source("alertmanager", severity="medium")


@pytest.fixture
def caller(source):
    return make_caller(*EVERYTHING)


def item(labels=None, *, ends_at=None, **fields):
    return {"labels": labels or LABELS, "annotations": {"summary": "Load is high"}, **({"endsAt": ends_at} if ends_at else {}), **fields}


def post(caller, *items, path=f"{PATH}/alerts"):
    return caller.post(path, json.dumps(items), content_type="application/json")


def take(source, *items, at):
    posted, wrong = alertmanager.read(json.dumps(items).encode(), at=at)
    assert wrong == []
    return foreign.take(posted, source=source.slug, source_id=source.pk, at=at, by_id=None)


def written(at):
    return at.isoformat().replace("+00:00", "Z")


def statuses():
    return list(Alert.objects.order_by("pk").values_list("status", flat=True))


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({"alertname": "HighLoad", "instance": "db1:9100", "severity": "critical"}, "ba5048908c4ee7ae"),
        ({"alertname": "naïve", "zone": "é ü"}, "6fa4d18e34b4f641"),
        ({"b": "2", "a": "1"}, alertmanager.label_hash({"a": "1", "b": "2"})),
    ],
)
def test_a_label_set_has_the_fingerprint_that_alertmanager_0_25_gives_it(labels, wanted):
    assert alertmanager.label_hash(labels) == wanted


def test_what_fires_becomes_an_alert_in_our_words(caller):
    answer = post(
        caller, item(generatorURL="http://prom.example/graph?q=1", annotations={"summary": "Load is high", "description": "5m > 4"})
    )

    assert (answer.status_code, answer.content) == (200, b"")
    alert = Alert.objects.get()
    assert (alert.title, alert.type, alert.subject, alert.severity) == ("Load is high", "HighLoad", "db1:9100", "medium")
    assert (alert.description, alert.labels["severity"], alert.links[0]["href"]) == ("5m > 4", "warning", "http://prom.example/graph?q=1")
    assert alert.dedup_key == f"am:{alertmanager.label_hash(LABELS)}"


def test_a_re_send_is_no_occurrence_and_no_report(source):
    for minute in range(5):
        take(source, item(), at=NOON + minute * MINUTE)

    alert, row = Alert.objects.get(), ForeignAlert.objects.get()
    assert (alert.occurrences, Report.objects.count(), LogEntry.objects.filter(alert=alert, kind="raised").count()) == (1, 1, 1)
    assert row.ends_at == NOON + 4 * MINUTE + alertmanager.RESOLVE_TIMEOUT


def test_an_end_resolves_and_what_fires_after_it_is_a_new_alert(source):
    take(source, item(), at=NOON)
    take(source, item(ends_at=written(NOON + MINUTE), startsAt=written(NOON)), at=NOON + 2 * MINUTE)
    assert [(alert.status, alert.resolution) for alert in Alert.objects.all()] == [("RESOLVED", "recovered")]

    take(source, item(ends_at=written(NOON + MINUTE), startsAt=written(NOON)), at=NOON + 3 * MINUTE)  # Prometheus says so for 15 minutes
    take(source, item(startsAt=written(NOON + 4 * MINUTE)), at=NOON + 4 * MINUTE)

    assert statuses() == ["RESOLVED", "PENDING"]


def test_what_is_not_reported_again_in_time_is_over(source):
    take(source, item(), at=NOON)

    assert foreign.end_silent(at=NOON + alertmanager.RESOLVE_TIMEOUT - timedelta(seconds=1)) == 0
    assert foreign.end_silent(at=NOON + alertmanager.RESOLVE_TIMEOUT) == 1
    assert statuses() == ["RESOLVED"]


def test_silence_of_the_monitoring_system_resolves_nothing_that_lives_depend_on():
    source = make_source("alertmanager", life_safety=True)
    take(source, item(), at=NOON)

    foreign.end_silent(at=NOON + HOUR)

    assert statuses() == ["PENDING"]


def test_an_end_that_is_said_beats_one_of_ours(source):
    take(source, item(ends_at=written(NOON + 20 * MINUTE)), at=NOON)
    take(source, item(), at=NOON + MINUTE)

    assert ForeignAlert.objects.get().ends_at == NOON + 20 * MINUTE


@pytest.mark.parametrize(("after", "count"), [(MINUTE, 1), (foreign.REPEAT_AFTER - MINUTE, 1), (foreign.REPEAT_AFTER + MINUTE, 2)])
def test_what_somebody_resolved_and_still_fires_is_raised_again_hours_later(source, after, count):
    take(source, item(ends_at=written(NOON + 24 * HOUR)), at=NOON)
    lifecycle.resolve(Alert.objects.get(), by=None, at=NOON, resolution=Resolution.HANDLED)

    take(source, item(ends_at=written(NOON + 24 * HOUR)), at=NOON + after)

    assert Alert.objects.count() == count


def test_what_nobody_took_before_it_expired_is_raised_again_by_the_next_report(source):
    take(source, item(ends_at=written(NOON + 24 * HOUR)), at=NOON)
    lifecycle.expire(Alert.objects.get(), at=NOON + MINUTE)

    take(source, item(ends_at=written(NOON + 24 * HOUR)), at=NOON + 2 * MINUTE)

    assert statuses() == ["EXPIRED", "PENDING"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"labels": {}}, "at least one label"),
        ({"labels": {"a": ""}}, "at least one label"),
        ({"labels": {"a": 1}}, "object of texts"),
        ({}, "at least one label"),
        (7, "not an object"),
        ({"labels": {"a": "b"}, "startsAt": "soon"}, "startsAt is not a time"),
        ({"labels": {"a": "b"}, "startsAt": "2026-03-02T12:00:00"}, "no zone"),
        ({"labels": {"a": "b"}, "startsAt": "2026-03-02T12:00:00Z", "endsAt": "2026-03-02T11:00:00Z"}, "ends before it starts"),
        ({"labels": {"a": "x\x00y"}}, "NUL"),
        ({"labels": {"a": "b"}, "annotations": []}, "object of texts"),
    ],
)
def test_a_bad_item_is_refused_in_words_and_the_others_are_stored(caller, bad, said):
    answer = post(caller, bad, item())

    assert answer.status_code == 400
    assert said in answer.json()
    assert Alert.objects.count() == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_list_of_alerts_is_refused(caller, body):
    answer = caller.post(f"{PATH}/alerts", body, content_type="application/json")

    assert (answer.status_code, type(answer.json())) == (400, str)


def test_a_body_that_is_too_large_is_refused(caller):
    assert caller.post(f"{PATH}/alerts", b" " * (4 * 1024 * 1024 + 1), content_type="application/json").status_code == 413


def test_go_says_with_the_year_1_that_a_time_is_not_set(caller):
    post(caller, item(startsAt="0001-01-01T00:00:00.000Z", endsAt="0001-01-01T00:00:00Z"))

    assert ForeignAlert.objects.get().timed_out


def test_alerts_go_to_the_source_that_the_path_names(caller):
    make_source("prod")

    assert post(caller, item(), path="/integrations/alertmanager/prod/api/v2/alerts").status_code == 200
    assert post(caller, item(), path="/integrations/alertmanager/unknown/api/v2/alerts").status_code == 404
    assert Alert.objects.get().source.slug == "prod"


@pytest.mark.parametrize(
    ("permissions", "method", "path"),
    [
        (("alerts.view_alert",), "post", "alerts"),
        (("alerts.report_alert",), "get", "alerts"),
        (("alerts.report_alert",), "get", "alerts/groups"),
        (("alerts.view_alert",), "get", "silences"),
        (("alerts.view_silence",), "post", "silences"),
        (("alerts.view_silence",), "delete", "silence/0190a000-0000-7000-8000-000000000000"),
        (("alerts.report_alert",), "get", "receivers"),
    ],
)
def test_each_path_needs_its_permission(source, permissions, method, path):
    caller = make_caller(*permissions)

    answer = caller.generic(method.upper(), f"{PATH}/{path}", b"[]", content_type="application/json")

    assert (answer.status_code, "needs the permission" in answer.json()) == (403, True)


def test_without_a_key_nothing_is_answered_but_health(client):
    assert {client.get(f"{PATH}/{path}").status_code for path in ("alerts", "silences", "status", "receivers")} == {401}
    assert {client.get(f"/integrations/alertmanager/-/{path}").status_code for path in ("healthy", "ready")} == {200}


def test_the_list_shows_what_fires_and_what_other_sources_raised(caller):
    make_source("probe")
    raise_alert(at=timezone.now(), title="Too dry", type="humidity", subject="attic")
    post(caller, item())

    shown = {each["labels"]["alertname"]: each for each in caller.get(f"{PATH}/alerts").json()}

    assert set(shown) == {"HighLoad", "humidity"}
    assert (shown["HighLoad"]["labels"], shown["HighLoad"]["status"]["state"]) == (LABELS, "active")
    assert shown["humidity"]["annotations"]["summary"] == "Too dry"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1), ("?filter=alertname=HighLoad", 1), ("?filter=alertname=~High.*&filter=instance!=db1:9100", 0), ("?active=false", 0),
        ("?receiver=Ca.*", 1), ("?receiver=P1", 0),
    ],
)  # fmt: skip
def test_the_list_can_be_filtered(caller, query, count):
    post(caller, item())

    assert len(caller.get(f"{PATH}/alerts{query}").json()) == count


@pytest.mark.parametrize("query", ["?active=maybe", "?filter=x", "?filter=a=~(", "?receiver=("])
def test_a_query_that_cannot_be_read_is_refused(caller, query):
    assert caller.get(f"{PATH}/alerts{query}").status_code == 400


def silence(**fields):
    at = timezone.now()
    return {
        "matchers": [{"name": "alertname", "value": "HighLoad", "isRegex": False}], "startsAt": written(at), "endsAt": written(at + HOUR),
        "createdBy": "robin", "comment": "we know", **fields,
    }  # fmt: skip


def silenced(caller, **fields):
    return caller.post(f"{PATH}/silences", json.dumps(silence(**fields)), content_type="application/json")


def test_a_silence_holds_back_and_its_end_is_kept_in_the_list(caller):
    post(caller, item())
    pk = silenced(caller).json()["silenceID"]

    (shown,) = caller.get(f"{PATH}/alerts").json()
    assert (shown["status"]["state"], shown["status"]["silencedBy"]) == ("suppressed", [pk])
    assert caller.get(f"{PATH}/alerts?silenced=false").json() == []

    assert caller.delete(f"{PATH}/silence/{pk}").status_code == 200
    assert caller.get(f"{PATH}/silence/{pk}").json()["status"] == {"state": "expired"}


def test_whoever_may_only_add_silences_changes_nobody_elses(caller):
    pk = silenced(caller).json()["silenceID"]
    other = make_caller("alerts.add_silence", "alerts.view_silence", name="sam")

    answers = [silenced(other, id=pk).status_code, silenced(other, id=pk, comment="mine").status_code, silenced(other).status_code]

    assert (answers, Silence.objects.get(pk=pk).reason) == ([403, 403, 200], silence()["comment"])


def test_a_flood_of_long_labels_is_not_kept_in_memory():
    kept = alertmanager._label_hash.cache_info().currsize

    for number in range(3):
        alertmanager.label_hash({"alertname": "x" * 2000, "n": str(number)})

    assert alertmanager._label_hash.cache_info().currsize == kept


def test_labels_without_bounds_are_refused_and_spoil_no_other(caller):
    answer = post(caller, item({"alertname": "Long", "text": "x" * 40_000}), item())

    assert (answer.status_code, "32768 characters" in answer.json(), Alert.objects.get().type) == (400, True, "HighLoad")


def test_a_silence_over_what_lives_depend_on_is_taken_and_changes_nothing():
    make_source("alertmanager", life_safety=True)
    caller = make_caller(*EVERYTHING)
    post(caller, item())

    assert silenced(caller).status_code == 200
    assert caller.get(f"{PATH}/alerts").json()[0]["status"]["state"] == "active"


def test_a_silence_that_is_changed_keeps_its_id_and_one_that_says_something_else_gets_another(caller):
    first = silenced(caller).json()["silenceID"]
    body = caller.get(f"{PATH}/silence/{first}").json()

    longer = silenced(caller, id=first, startsAt=body["startsAt"], endsAt=written(timezone.now() + 2 * HOUR)).json()["silenceID"]
    other = silenced(caller, id=first, matchers=[{"name": "a", "value": "b", "isRegex": False}]).json()["silenceID"]

    assert (longer, other != first, Silence.objects.count()) == (first, True, 2)
    assert [each["status"]["state"] for each in caller.get(f"{PATH}/silences").json()] == ["active", "expired"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"matchers": []}, 400), ({"matchers": [{"name": "a", "value": "", "isRegex": False}]}, 400), ({"comment": ""}, 400),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, 400),
        ({"endsAt": "2020-01-01T00:00:00Z"}, 400), ({"endsAt": "2099-01-01T00:00:00Z"}, 400), ({"matchers": [7]}, 400),
        ({"id": "0190a000-0000-7000-8000-000000000000"}, 404), ({"id": "x"}, 404), ({"matchers": [{"name": 'a"=', "value": "b"}]}, 400),
    ],
)  # fmt: skip
def test_a_silence_that_cannot_be_is_refused_in_words(caller, fields, status):
    answer = silenced(caller, **fields)

    assert (answer.status_code, type(answer.json())) == (status, str)
    assert Silence.objects.count() == 0


@pytest.mark.parametrize("value", ['say "hi"', "back\\slash", "a\nb", "é"])
def test_a_matcher_with_any_text_comes_back_as_it_went_in(caller, value):
    pk = silenced(caller, matchers=[{"name": "a", "value": value, "isRegex": False}]).json()["silenceID"]

    (matcher,) = caller.get(f"{PATH}/silence/{pk}").json()["matchers"]
    assert matcher == {"name": "a", "value": value, "isRegex": False, "isEqual": True}


def test_groups_are_by_receiver_and_name(caller):
    post(caller, item(), item({**LABELS, "instance": "db2:9100"}), item({"alertname": "DiskFull"}))

    groups = caller.get(f"{PATH}/alerts/groups").json()

    assert [(each["labels"], len(each["alerts"])) for each in groups] == [({"alertname": "DiskFull"}, 1), ({"alertname": "HighLoad"}, 2)]


def test_a_report_like_it_over_the_ordinary_door_does_not_disturb(source):
    take(source, item(), at=NOON)
    raise_alert(at=NOON, source="alertmanager", title="Other")

    take(source, item(ends_at=written(NOON + MINUTE)), at=NOON + MINUTE)

    assert [alert.title for alert in Alert.objects.filter(status__in=OPEN)] == ["Other"]
