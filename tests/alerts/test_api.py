"""REST of alerts: reports in, alerts out, and people's answers."""

import pytest

from alerts.models import Alert, LogEntry, Report
from alerts.shapes import AlertOut
from tests.callers import REPORTER, RESPONDER, make_caller
from tests.conftest import MINUTE, NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
NOBODY_S = "01a1fd92-0652-78bf-b6e8-c5ae7975faca"
"""An id that nothing has."""


@pytest.fixture
def reporter():
    make_source()
    return make_caller(*REPORTER, name="ingest")


@pytest.fixture
def responder():
    make_source()
    return make_caller(*RESPONDER)


def test_a_report_becomes_an_alert_and_its_repeat_does_not(reporter):
    first = reporter.send("/alerts", {"source": "probe", "title": "Fall", "labels": {"room": 12, "lit": True}, "colour": "red"})
    again = reporter.send("/alerts", {"source": "probe", "title": "Fall"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["labels"] == {"room": "12", "lit": "true"}
    assert (again.json()["id"], again.json()["occurrences"]) == (first.json()["id"], 2)
    assert Report.objects.order_by("id").first().raw["colour"] == "red"


def test_an_answer_has_exactly_the_documented_fields(reporter):
    body = reporter.send("/alerts", {"source": "probe", "title": "Fall"}).json()

    assert set(body) == set(AlertOut.model_fields)
    assert AlertOut.model_validate(body).created_at.endswith("Z")


BAD_REPORTS = {
    "no title": ({"source": "probe"}, "title", "is required"),
    "empty title": ({"source": "probe", "title": "  "}, "title", "is empty; say in a few words what is wrong"),
    "unknown severity": (
        {"source": "probe", "title": "x", "severity": "bad"},
        "severity",
        "is not a severity; use one of critical, high, medium, low, info",
    ),
    "unknown source": (
        {"source": "ghost", "title": "x"},
        "source",
        "no enabled source is called 'ghost'; create it under Sources in the admin",
    ),
    "65 labels": (
        {"source": "probe", "title": "x", "labels": {str(n): "" for n in range(65)}},
        "labels",
        "has 65 labels; send at most 64, the rest belongs into payload",
    ),
    "no zone": (
        {"source": "probe", "title": "x", "occurred_at": "2026-03-02T12:00:00"},
        "occurred_at",
        "has no zone; add Z or an offset such as +01:00",
    ),
    "no time": ({"source": "probe", "title": "x", "occurred_at": "noon"}, "occurred_at", "is not a time; write it as 2026-03-02T12:00:00Z"),
    "NUL": ({"source": "probe", "title": "a\0b"}, "title", "holds a NUL character, which cannot be stored; remove it"),
    "surrogate": (
        b'{"source": "probe", "title": "x", "subject": "\\ud800"}',
        "subject",
        "holds half of a surrogate pair, which cannot be stored; remove it",
    ),
    "NaN": (b'{"source": "probe", "title": "x", "payload": {"v": NaN}}', "v", "is not a finite number; leave it out or send it as text"),
    "huge number": (
        b'{"source": "probe", "title": "x", "payload": {"v": 1e999}}',
        "v",
        "is not a finite number; leave it out or send it as text",
    ),
    "link": ({"source": "probe", "title": "x", "links": [{"href": "javascript:alert(1)"}]}, "href", "must begin with http:// or https://"),
    "runbook": ({"source": "probe", "title": "x", "runbook_url": "ftp://x/"}, "runbook_url", "must begin with http:// or https://"),
    "empty key": ({"source": "probe", "title": "x", "dedup_key": ""}, "dedup_key", "must not be empty"),
    "payload": ({"source": "probe", "title": "x", "payload": []}, "payload", "must be a JSON object"),
}


@pytest.mark.parametrize(("body", "place", "text"), BAD_REPORTS.values(), ids=BAD_REPORTS)
def test_a_bad_report_is_refused_with_what_to_do(reporter, body, place, text):
    answer = reporter.send("/alerts", body)

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert [(error["loc"][0], error["loc"][-1], error["msg"]) for error in answer.json()["errors"]] == [("body", place, text)]
    assert not Alert.objects.exclude(source__slug="sentinel").exists()


@pytest.mark.parametrize("body", [b'"a string"', b"[]", b"null", b"3"])
def test_only_an_object_is_a_report(reporter, body):
    answer = reporter.send("/alerts", body)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "body: must be a JSON object with at least source and title"


def test_bad_json_is_told_where_it_breaks(reporter):
    answer = reporter.send("/alerts", b'{"source": "probe",\n "title": }')

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body"]
    assert "line 2, column 11" in answer.json()["detail"]


def test_a_refused_report_is_kept_as_evidence(reporter):
    make_source("sentinel")

    reporter.send("/alerts", {"source": "probe", "title": "x\0", "subject": "cam-1"})

    kept = Report.objects.get(verdict="rejected")
    assert (kept.source_slug, kept.raw["title"]) == ("probe", "x\ufffd")
    assert Alert.objects.get().title == "A report from Probe was refused (cam-1)"


def test_a_clock_in_the_future_is_refused(reporter):
    answer = reporter.send("/alerts", {"source": "probe", "title": "x", "occurred_at": "2999-01-01T00:00:00Z"})

    assert answer.status_code == 422
    assert "set the sender's clock" in answer.json()["detail"]


def test_a_long_title_is_cut_and_kept_whole_in_the_raw_report(reporter):
    answer = reporter.send("/alerts", {"source": "probe", "title": "x" * 400})

    assert (len(answer.json()["title"]), answer.json()["title"][-1]) == (300, "…")
    assert len(Report.objects.get().raw["title"]) == 400


def test_a_batch_stores_the_good_ones(reporter):
    items = [{"source": "probe", "title": "a", "subject": "1"}, {"title": "b"}, {"source": "probe", "title": "c", "subject": "1"}, "text"]

    answer = reporter.send("/alerts/batch", {"alerts": items})

    results = answer.json()["results"]
    assert (answer.status_code, [result["index"] for result in results]) == (200, [0, 1, 2, 3])
    assert [result.get("created") for result in results] == [True, None, False, None]
    assert [result["error"]["status"] for result in results if "error" in result] == [422, 422]


def test_a_batch_has_a_limit(reporter):
    answer = reporter.send("/alerts/batch", {"alerts": [{}] * 1001})

    assert (answer.status_code, answer.json()["errors"][0]["msg"]) == (422, "has 1001 reports; send at most 1000 at once")


def test_the_source_can_say_that_it_is_over(reporter):
    reporter.send("/alerts", {"source": "probe", "title": "x", "dedup_key": "disk"})

    over = reporter.send("/alerts/resolve", {"source": "probe", "dedup_key": "disk"})
    again = reporter.send("/alerts/resolve", {"source": "probe", "dedup_key": "disk"})

    assert (over.status_code, over.json()["status"], over.json()["resolution"]) == (200, "RESOLVED", "recovered")
    assert again.status_code == 404


def test_people_answer_in_order_and_a_repeat_changes_nothing(responder):
    alert = raise_alert(at=NOON)

    answers = [responder.send(f"/alerts/{alert.pk}/{word}") for word in ("delivered", "seen", "acknowledge", "acknowledge", "resolve")]

    assert [answer.json()["status"] for answer in answers] == ["DELIVERED", "SEEN", "ACKNOWLEDGED", "ACKNOWLEDGED", "RESOLVED"]
    assert answers[3].json() == answers[2].json()
    assert LogEntry.objects.filter(alert=alert, kind="status").count() == 4


def test_backwards_is_a_conflict_that_names_the_status(responder):
    alert = raise_alert(at=NOON)
    responder.send(f"/alerts/{alert.pk}/resolve", {"resolution": "false_alarm", "note": "a dog"})

    answer = responder.send(f"/alerts/{alert.pk}/seen")

    assert (answer.status_code, answer.json()["code"], answer.json()["current"]) == (409, "illegal_transition", "RESOLVED")


def test_a_promise_a_comment_and_an_escalation_are_on_record(responder):
    alert = raise_alert(at=NOON)

    responder.send(f"/alerts/{alert.pk}/escalate", {"note": "nobody came"})
    responder.send(f"/alerts/{alert.pk}/acknowledge", {"promise": "on_my_way"})
    responder.send(f"/alerts/{alert.pk}/comment", {"note": "stairs"})

    items = responder.read(f"/alerts/{alert.pk}/log").json()["items"]
    assert [item["kind"] for item in items] == ["raised", "round", "comment", "status", "comment"]
    assert {item["actor"] for item in items[1:]} == {"robin"}


@pytest.mark.parametrize(
    "body",
    [
        {"promise": "sometime"},
        {"resolution": "recovered"},
        {"delivery": "x"},
        {"delivery": NOBODY_S},
        {"note": 3},
    ],
)
def test_a_bad_answer_is_refused(responder, body):
    alert = raise_alert(at=NOON)

    answer = responder.send(f"/alerts/{alert.pk}/seen", body)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", next(iter(body))])
    assert Alert.objects.get().status == "PENDING"


def test_a_comment_needs_words(responder):
    alert = raise_alert(at=NOON)

    answers = [responder.send(f"/alerts/{alert.pk}/comment", body) for body in (None, {}, {"note": " "})]

    assert [answer.status_code for answer in answers] == [422, 422, 422]


def test_the_list_pages_without_gap_or_repeat_while_alerts_come_in(responder):
    for number in range(5):
        raise_alert(at=NOON + number * MINUTE, subject=str(number))

    first = responder.read("/alerts", limit=2).json()
    raise_alert(at=NOON + 9 * MINUTE, subject="new")
    second = responder.read("/alerts", limit=2, cursor=first["next"]).json()
    third = responder.read("/alerts", limit=2, cursor=second["next"]).json()

    assert [item["subject"] for page in (first, second, third) for item in page["items"]] == ["4", "3", "2", "1", "0"]
    assert third["next"] is None


FILTERS = {
    "status=ACKNOWLEDGED": ["b"],
    "status=ACKNOWLEDGED&status=PENDING": ["c", "b", "a"],
    "priority=P1": ["a"],
    "severity=low": ["b"],
    "source=other": ["c"],
    "type=fall": ["a"],
    "subject=a&subject=c": ["c", "a"],
    "label=room=12": ["a"],
    "label=room=12&label=floor=2": [],
    "q=smoke": ["b"],
    "q=smoke kitchen": ["b"],
    "since=2026-03-02T12:01:00Z": ["c", "b"],
    "until=2026-03-02T12:01:00Z": ["a"],
    "since=2026-03-02T12:01:00Z&until=2026-03-02T12:02:00Z": ["b"],
    "open=true": ["c", "b", "a"],
    "open=false": [],
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.items())
def test_filters(responder, query, expected):
    make_source("other")
    raise_alert(at=NOON, subject="a", severity="critical", type="fall", labels={"room": "12"})
    b = raise_alert(at=NOON + MINUTE, subject="b", severity="low", title="Smoke in the kitchen")
    raise_alert(at=NOON + 2 * MINUTE, subject="c", source="other")
    responder.send(f"/alerts/{b.pk}/acknowledge")

    answer = responder.get(f"/api/v1/alerts?{query}")

    assert [item["subject"] for item in answer.json()["items"]] == expected


def test_an_alert_is_found_by_its_number(responder):
    alert = raise_alert(at=NOON)
    raise_alert(at=NOON, subject="other")

    found = responder.read("/alerts", q=f"#{alert.number}").json()["items"]

    assert [item["number"] for item in found] == [alert.number]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=501",
        "cursor=garbage",
        "cursor=%E9",
        "status=GONE",
        "priority=9",
        "severity=bad",
        "label=room",
        "since=yesterday",
        "since=2026-03-02T12:00:00",
        "open=perhaps",
        "q=%00",
    ],
)
def test_a_bad_query_is_refused(responder, query):
    answer = responder.get(f"/api/v1/alerts?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][0] == "query"


def test_a_cursor_of_another_list_is_refused(responder):
    alert = raise_alert(at=NOON)
    raise_alert(at=NOON, subject="other")
    cursor = responder.read("/alerts", limit=1).json()["next"]

    assert responder.read(f"/alerts/{alert.pk}/log", cursor=cursor).status_code == 422


@pytest.mark.parametrize("path", ["/alerts", "/alerts/events"])
def test_lists_take_the_same_number_of_statements_for_one_and_three(responder, path, django_assert_num_queries):
    for size in (1, 3):
        raise_alert(at=NOON, subject=str(size))
        raise_alert(at=NOON, subject=f"{size}b") if size == 3 else responder.read(path)

        with django_assert_num_queries(2):
            assert len(responder.read(path).json()["items"]) == size


@pytest.mark.parametrize("path", ["", "/log", "/deliveries"])
@pytest.mark.parametrize("pk", [NOBODY_S, "12", "x"])
def test_what_is_not_there_is_a_404_problem(responder, path, pk):
    answer = responder.read(f"/alerts/{pk}{path}")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_events_are_the_feed_since_an_id(responder):
    alert = raise_alert(at=NOON)
    responder.send(f"/alerts/{alert.pk}/acknowledge")

    first = responder.read("/alerts/events", limit=1).json()
    rest = responder.read("/alerts/events", since=first["next"]).json()

    assert [(event["id"], event["kind"]) for event in first["items"] + rest["items"]] == [(1, "raised"), (2, "status")]
    assert (rest["items"][0]["alert"]["status"], rest["next"]) == ("ACKNOWLEDGED", None)


def test_stats_count_and_time_a_period(responder):
    alert = raise_alert(at=NOON, severity="critical")
    raise_alert(at=NOON + MINUTE, severity="critical")
    Alert.objects.filter(pk=alert.pk).update(acknowledged_at=NOON + 2 * MINUTE)

    stats = responder.read("/alerts/stats", since="2026-03-02T12:00:00Z", until="2026-03-03T00:00:00Z").json()

    assert (stats["total"], stats["by_status"]["PENDING"], stats["by_priority"]["P1"], stats["by_source"]) == (1, 1, 1, {"probe": 1})
    assert stats["acknowledge_seconds"] == {"count": 1, "median": 120.0, "p95": 120.0}
    assert stats["noise"] == {"reports": 2, "folded": 1, "suppressed": 0, "rejected": 0, "folded_rate": 0.5}
