"""REST of sources, policies, routes and silences."""

import pytest
from django.utils import timezone

from alerts import routing
from alerts.models import EscalationPolicy, Route, Silence, Source
from tests.callers import REPORTER, make_caller
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_policy, make_recipient, make_schedule, make_source, raise_alert

pytestmark = pytest.mark.django_db
CRUD = tuple(
    f"alerts.{verb}_{model}"
    for verb in ("view", "add", "change", "delete")
    for model in ("source", "route", "escalationpolicy", "silence", "maintenancewindow")
)
STEP = {"delay_seconds": 0, "label": "First", "urgency": "high", "kinds": ["email"], "groups": ["night"], "recipients": [], "schedules": []}

NOBODY = "0193e0a0-0000-7000-8000-000000000001"


@pytest.fixture
def admin():
    return make_caller(*CRUD, *REPORTER, name="admin")


def test_a_source_is_made_with_the_documented_defaults(admin):
    made = admin.send("/sources", {"slug": "probe"})

    assert made.status_code == 201
    assert made.json() | {"id": ""} == {
        "id": "",
        "slug": "probe",
        "name": "probe",
        "kind": "generic",
        "severity": "medium",
        "life_safety": False,
        "dedup_attributes": ["source", "type", "severity", "subject"],
        "group_attributes": ["source", "type"],
        "group_window_seconds": 300,
        "group_max": 10,
        "flood_limit": 200,
        "flap_opens": 5,
        "flap_calm_opens": 1,
        "flap_window_seconds": 1800,
        "triage": False,
        "policy": None,
        "enabled": True,
        "webhook_secret_set": False,
    }


def test_a_change_takes_effect_at_the_next_report(admin):
    make_source("probe")
    urgent = make_policy("Urgent")
    routing.table()

    admin.send("/sources/probe", {"policy": urgent.name, "severity": "critical"}, method="PATCH")

    alert = admin.send("/alerts", {"source": "probe", "title": "x"}).json()
    assert (alert["policy"], alert["priority"]) == ("Urgent", "P1")


@pytest.mark.parametrize(
    "body",
    [
        {"slug": "a b"},
        {"slug": ""},
        {"slug": "a", "kind": "ufo"},
        {"slug": "a", "severity": "bad"},
        {"slug": "a", "dedup_attributes": ["colour"]},
        {"slug": "a", "group_max": -1},
        {"slug": "a", "policy": "ghost"},
        {"slug": "a", "group_window_seconds": 2**40},
        {"slug": "a", "id": 3},
    ],
)
def test_a_bad_source_is_refused(admin, body):
    answer = admin.send("/sources", body)

    assert (answer.status_code, Source.objects.count()) == (422, 0)


def test_a_source_with_alerts_cannot_be_deleted_but_switched_off(admin):
    make_source("probe")
    raise_alert(at=NOON)

    refused = admin.send("/sources/probe", method="DELETE")
    off = admin.send("/sources/probe", {"enabled": False}, method="PATCH")

    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert (off.status_code, admin.send("/alerts", {"source": "probe", "title": "x"}).status_code) == (200, 422)


@pytest.mark.parametrize(("method", "body"), [("DELETE", None), ("PATCH", {"enabled": False}), ("PATCH", {"slug": "other"})])
def test_sentinels_own_source_stays(admin, method, body):
    make_source("sentinel")

    assert admin.send("/sources/sentinel", body, method=method).status_code == 409


def test_a_policy_is_kept_with_its_steps(admin):
    kim = make_recipient("Kim", groups=["night", "boss"])
    resort = {"groups": ["boss"], "recipients": [str(kim.pk)], "schedules": []}

    made = admin.send(
        "/policies",
        {"name": "Night / fall", "steps": [STEP, STEP | {"delay_seconds": 120, "recipients": [str(kim.pk)]}], "last_resort": resort},
    )
    read = admin.read("/policies/Night / fall")

    assert (made.status_code, read.json()) == (201, made.json())
    assert made.json()["last_resort"] == resort
    assert [step["delay_seconds"] for step in made.json()["steps"]] == [0, 120]


def test_a_policy_may_name_on_call_schedules(admin):
    nights = str(make_schedule("Nights").pk)
    step = STEP | {"groups": [], "schedules": [nights]}

    made = admin.send("/policies", {"name": "Night", "steps": [step], "last_resort": {"schedules": [nights]}}).json()

    assert (made["steps"], made["last_resort"]) == ([step], {"groups": [], "recipients": [], "schedules": [nights]})


def test_a_change_of_a_policy_keeps_what_is_not_sent(admin):
    make_recipient("Kim", groups=["night"])
    made = admin.send("/policies", {"name": "Night", "steps": [STEP], "repeat_seconds": 600}).json()

    changed = admin.send("/policies/Night", {"expires_after_seconds": 60}, method="PATCH").json()

    assert changed == made | {"expires_after_seconds": 60}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"steps": []}, ["steps"]),
        ({"steps": [STEP | {"groups": ["ghost"]}]}, ["steps", 0, "groups"]),
        ({"stops_at": "NEVER"}, ["stops_at"]),
        ({"steps": [STEP | {"schedules": ["weekly"]}]}, ["steps", 0, "schedules", 0]),
        ({"steps": [STEP | {"schedules": [NOBODY]}]}, ["steps", 0, "schedules"]),
        ({"last_resort": {"schedules": [NOBODY]}}, ["last_resort", "schedules"]),
        ({"steps": [STEP | {"delay_seconds": -1}]}, ["steps", 0, "delay_seconds"]),
        ({"steps": [STEP | {"kinds": ["pigeon"]}]}, ["steps", 0, "kinds", 0]),
        ({"last_resort": {"groups": ["ghost"]}}, ["last_resort", "groups"]),
    ],
)
def test_a_bad_policy_is_refused(admin, change, place):
    make_recipient("Kim", groups=["night"])

    answer = admin.send("/policies", {"name": "Night", "steps": [STEP]} | change)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", *place])
    assert not EscalationPolicy.objects.exists()


def test_a_policy_in_use_cannot_be_deleted(admin):
    make_source("probe", policy=make_policy("Night"))

    refused = admin.send("/policies/Night", method="DELETE")

    assert (refused.status_code, refused.json()["used_by"]) == (409, ["routes (Catch-all)"])


def test_a_route_sends_reports_to_its_policy(admin):
    make_source("probe")
    make_policy("Urgent")

    made = admin.send("/routes", {"position": 1, "matchers": ['room=~"1.*"'], "policy": "Urgent", "priority": "P2", "continue": False})
    alert = admin.send("/alerts", {"source": "probe", "title": "x", "labels": {"room": "12"}}).json()

    assert (made.status_code, made.json()["continue"], made.json()["catch_all"]) == (201, False, False)
    assert (alert["policy"], alert["priority"]) == ("Urgent", "P2")


def test_a_route_has_hours(admin):
    make_policy("Night")

    made = admin.send("/routes", {"policy": "Night", "hours_from": "22:00", "hours_until": "06:00", "weekdays": [4, 0, 4]}).json()
    changed = admin.send(f"/routes/{made['id']}", {"hours_from": None, "hours_until": None}, method="PATCH").json()

    assert (made["hours_from"], made["hours_until"], made["weekdays"], made["time_zone"]) == ("22:00", "06:00", [0, 4], "UTC")
    assert changed == made | {"hours_from": None, "hours_until": None}


@pytest.mark.parametrize(
    "body",
    [
        {"matchers": ["room"]},
        {"matchers": ['room=~"(?=a)b"']},
        {"policy": "ghost"},
        {"source": "ghost"},
        {"priority": "P9"},
        {"position": -1},
        {"hours_from": "09:00"},
        {"hours_from": "09:00", "hours_until": "25:00"},
        {"weekdays": [7]},
        {"time_zone": "Europe/Nowhere"},
    ],
)
def test_a_bad_route_is_refused(admin, body):
    assert (admin.send("/routes", body).status_code, Route.objects.count()) == (422, 0)


def test_the_catch_all_stays(admin):
    make_source("probe")
    path = f"/routes/{Route.objects.get(catch_all=True).pk}"

    codes = [
        admin.send(path, method="DELETE"),
        *(admin.send(path, body, method="PATCH") for body in ({"enabled": False}, {"matchers": ["a=b"]}, {"weekdays": [0]})),
    ]

    assert [answer.status_code for answer in codes] == [409, 422, 422, 422]
    assert admin.send(path, {"policy": make_policy("Urgent").name}, method="PATCH").status_code == 200


def test_a_silence_names_its_author(admin):
    silence = {"matchers": ["room=12"], "reason": "painting", "starts_at": "2098-03-02T12:00:00Z", "ends_at": "2098-03-02T13:00:00+00:00"}

    made = admin.send("/silences", silence)
    wrong = admin.send("/silences", silence | {"ends_at": "2098-03-02T11:00:00Z"})

    assert (made.status_code, made.json()["author"], made.json()["ends_at"]) == (201, "admin", "2098-03-02T13:00:00.000Z")
    assert wrong.status_code == 422


@pytest.mark.parametrize("path", ["/sources", "/policies", "/routes", "/silences", "/maintenance-windows"])
def test_a_stranger_may_do_nothing(path):
    make_source("probe")
    stranger = make_caller(*REPORTER, name="stranger")

    answers = [stranger.read(path), stranger.read(f"{path}/probe") if path == "/sources" else stranger.read(path, limit=1)]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_whoever_may_only_read_cannot_write():
    make_source("probe")
    viewer = make_caller("alerts.view_source", name="viewer")

    codes = [
        viewer.send("/sources", {"slug": "x"}),
        viewer.send("/sources/probe", {}, method="PATCH"),
        viewer.send("/sources/probe", method="DELETE"),
    ]

    assert [answer.status_code for answer in codes] == [403, 403, 403]


def test_routes_are_listed_in_the_order_they_are_asked(admin):
    make_source("probe")
    for position in (30, 10, 20):
        Route.objects.create(position=position)

    first = admin.read("/routes", limit=2).json()
    rest = admin.read("/routes", limit=2, cursor=first["next"]).json()

    assert [(item["position"], item["catch_all"]) for item in first["items"] + rest["items"]] == [
        (10, False),
        (20, False),
        (30, False),
        (100, True),
    ]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"ends_at": "2098-03-09T12:00:01Z"}, "7 days"),
        ({"starts_at": "2020-03-02T12:00:00Z", "ends_at": "2020-03-02T13:00:00Z"}, "past"),
        ({"reason": " "}, "reason"),
        ({"matchers": []}, "matchers"),
        ({"matchers": ["room=~(?=a)"]}, "RE2"),
        ({"author": "somebody else"}, "author"),
    ],
)
def test_a_silence_that_may_not_be_is_refused_and_told_why(admin, body, word):
    silence = {"matchers": ["room=12"], "reason": "painting", "starts_at": "2098-03-02T12:00:00Z", "ends_at": "2098-03-09T12:00:00Z"}

    answer = admin.send("/silences", silence | body)

    assert (answer.status_code, Silence.objects.count()) == (422, 0)
    assert word in answer.content.decode()


def test_a_silence_that_began_keeps_its_beginning(admin):
    now = timezone.now()
    silence = Silence.objects.create(matchers=["a=b"], reason="x", starts_at=now - HOUR, ends_at=now + HOUR)

    moved = admin.send(f"/silences/{silence.pk}", {"starts_at": (now - MINUTE).isoformat()}, method="PATCH")
    longer = admin.send(f"/silences/{silence.pk}", {"ends_at": (now + 2 * HOUR).isoformat()}, method="PATCH")

    assert (moved.status_code, longer.status_code) == (422, 200)
    silence.refresh_from_db()
    assert (silence.starts_at, silence.ends_at > now + HOUR) == (now - HOUR, True)


def test_a_maintenance_window_is_made_changed_and_ended_with_its_occurrences(admin):
    form = {"name": "Updates", "matchers": ["source=probe"], "reason": "updates", "time_zone": "Europe/Paris", "begins": "02:30",
            "duration_minutes": 90}  # fmt: skip

    made = admin.send("/maintenance-windows", form).json()
    assert made | {"id": "", "running_until": None, "next_at": None} == form | {
        "id": "", "weekdays": [], "cron": "", "enabled": True, "author": "admin", "running_until": None, "next_at": None
    }  # fmt: skip
    path = f"/maintenance-windows/{made['id']}"
    changed = admin.send(path, {"begins": None, "cron": "0 4 * * 1", "reason": "more"}, method="PATCH")
    assert (changed.status_code, set(Silence.objects.values_list("reason", flat=True)) >= {"more"}) == (200, True)
    assert admin.send(path, {"duration_minutes": 11000}, method="PATCH").status_code == 422
    assert admin.send(path, {"cron": "* * * * *"}, method="PATCH").status_code == 422

    assert admin.send(path, method="DELETE").status_code == 204
    assert not Silence.objects.filter(starts_at__gt=timezone.now()).exists()


def test_what_a_silence_would_match_is_counted_beforehand(admin):
    caller = make_caller("alerts.view_silence", "alerts.view_alert", name="kim")
    make_source("probe")
    raise_alert(at=NOON, labels={"room": "12"})

    found = caller.send("/silences/preview", {"matchers": ["room=12"]}).json()

    assert (found["open"], found["matching"], found["examples"][0]["title"]) == (1, 1, "Something is wrong")
    assert caller.send("/silences/preview", {"matchers": ["room=~(?=a)"]}).status_code == 422
    assert admin.send("/silences/preview", {"matchers": ["a=b"]}).status_code == 403
