"""REST of on-call schedules, overrides and shifts."""

import pytest

from notifications.models import OnCallOverride, OnCallSchedule
from tests.callers import make_caller
from tests.conftest import HOUR, NOON
from tests.factories import make_policy, make_recipient, make_schedule

pytestmark = pytest.mark.django_db
CRUD = tuple(
    f"notifications.{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in ("oncallschedule", "oncalloverride")
)
NOBODY = "0193e0a0-0000-7000-8000-000000000001"


@pytest.fixture
def admin():
    return make_caller(*CRUD, name="admin")


def layer(*members, **fields):
    return {"name": "base", "kind": "weekly", "starts_on": "2026-01-05", "members": [str(member.pk) for member in members], **fields}


def test_a_schedule_is_made_with_the_documented_defaults(admin):
    robin = make_recipient()
    made = admin.send("/schedules", {"name": "Nights", "time_zone": "Europe/Paris", "layers": [layer(robin)]})

    assert made.status_code == 201
    assert made.json() == {
        "id": made.json()["id"], "name": "Nights", "time_zone": "Europe/Paris", "handoff_notices": True,
        "layers": [layer(robin) | {
            "length": 1, "handoff_time": "09:00", "handoff_weekday": 0, "hours_from": None, "hours_until": None, "weekdays": [],
            "holidays": "any", "holiday_country": None,
        }],
    }  # fmt: skip
    assert admin.read("/schedules").json() == {"items": [made.json()], "next": None}


def test_a_change_keeps_what_is_not_sent_and_replaces_the_layers_that_are(admin):
    robin, kim = make_recipient(), make_recipient("Kim")
    path = f"/schedules/{admin.send('/schedules', {'name': 'N', 'layers': [layer(robin), layer(kim, name='top')]}).json()['id']}"

    renamed = admin.send(path, {"name": "Nights"}, method="PATCH").json()
    changed = admin.send(path, {"layers": [layer(kim, robin)]}, method="PATCH").json()

    assert [each["name"] for each in renamed["layers"]] == ["base", "top"]
    assert (changed["name"], [each["members"] for each in changed["layers"]]) == ("Nights", [[str(kim.pk), str(robin.pk)]])
    assert (admin.send(path, method="DELETE").status_code, admin.read(path).status_code) == (204, 404)


@pytest.mark.parametrize(("change", "place"), [
    ({"name": " "}, ["name"]),
    ({"time_zone": "Mars"}, ["time_zone"]),
    ({"colour": "red"}, ["colour"]),
    ({"layers": [layer() | {"kind": "yearly"}]}, ["layers", 0, "kind"]),
    ({"layers": [layer() | {"length": 0}]}, ["layers", 0, "length"]),
    ({"layers": [layer() | {"length": 367}]}, ["layers", 0, "length"]),
    ({"layers": [layer() | {"handoff_weekday": 7}]}, ["layers", 0, "handoff_weekday"]),
    ({"layers": [layer() | {"handoff_time": "09:00:30"}]}, ["layers", 0, "handoff_time"]),
    ({"layers": [layer() | {"handoff_time": "09:00Z"}]}, ["layers", 0, "handoff_time"]),
    ({"layers": [layer() | {"starts_on": "9999-12-31"}]}, ["layers", 0, "starts_on"]),
    ({"layers": [layer() | {"members": [NOBODY]}]}, ["layers", 0, "members", 0]),
    ({"layers": [layer() | {"hours_from": "09:00"}]}, ["layers", 0]),
    ({"layers": [layer() | {"holidays": "only"}]}, ["layers", 0]),
    ({"layers": [layer() | {"holidays": "only", "holiday_country": "XX"}]}, ["layers", 0, "holiday_country"]),
    ({"layers": [layer() | {"holidays": "only", "holiday_country": "../etc"}]}, ["layers", 0, "holiday_country"]),
    ({"layers": [layer()] * 21}, ["layers"]),
])  # fmt: skip
def test_a_bad_schedule_is_refused(admin, change, place):
    answer = admin.send("/schedules", {"name": "Nights", "layers": []} | change)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", *place])
    assert not OnCallSchedule.objects.exists()


def test_public_holidays_come_from_the_country(admin):
    robin, kim = make_recipient(), make_recipient("Kim")
    layers = [layer(robin), layer(kim, name="holidays", holidays="only", holiday_country="FR")]
    path = f"/schedules/{admin.send('/schedules', {'name': 'N', 'time_zone': 'Europe/Paris', 'layers': layers}).json()['id']}"

    def names(day):
        return admin.read(f"{path}/on-call", at=f"2026-07-{day}T10:00:00Z").json()["recipients"]

    assert (names("13"), names("14")) == ([str(robin.pk)], [str(kim.pk)])


def test_who_is_on_call_at_an_instant_and_until_when(admin):
    robin, kim = make_recipient(), make_recipient("Kim")
    path = f"/schedules/{make_schedule('Nights', robin, kim).pk}"

    assert admin.read(f"{path}/on-call", at="2026-03-02T12:00:00Z").json() == {
        "recipients": [str(robin.pk)],
        "until": "2026-03-09T09:00:00Z",
    }
    assert admin.read(f"{path}/on-call").status_code == 200
    assert admin.read(f"/schedules/{make_schedule('Empty').pk}/on-call").json() == {"recipients": [], "until": None}


def test_shifts_are_whole_and_in_order(admin):
    robin, kim = make_recipient(), make_recipient("Kim")
    schedule = make_schedule("Nights", robin, kim)
    schedule.overrides.create(starts_at=NOON, ends_at=NOON + HOUR, recipient=kim)

    shifts = admin.read(f"/schedules/{schedule.pk}/shifts", since="2026-03-02T11:00:00Z", until="2026-03-02T14:00:00Z").json()["items"]

    assert shifts == [
        {"starts_at": "2026-03-02T09:00:00Z", "ends_at": "2026-03-02T12:00:00Z", "recipient": str(robin.pk), "layer": "base"},
        {"starts_at": "2026-03-02T12:00:00Z", "ends_at": "2026-03-02T13:00:00Z", "recipient": str(kim.pk), "layer": None},
        {"starts_at": "2026-03-02T13:00:00Z", "ends_at": "2026-03-09T09:00:00Z", "recipient": str(robin.pk), "layer": "base"},
    ]


@pytest.mark.parametrize("query", [
    {"since": "2026-03-02T12:00:00Z"}, {"since": "2026-03-02T12:00:00Z", "until": "2026-03-02T12:00:00Z"},
    {"since": "2026-03-02T12:00:00Z", "until": "2027-03-04T12:00:00Z"}, {"since": "2026-03-02T12:00:00", "until": "2026-03-03T12:00:00Z"},
    {"since": "0001-01-01T00:00:00Z", "until": "0001-01-02T00:00:00Z"}, {"since": "yesterday", "until": "2026-03-03T12:00:00Z"},
])  # fmt: skip
def test_a_range_without_an_end_or_of_more_than_a_year_is_refused(admin, query):
    assert admin.read(f"/schedules/{make_schedule('Nights').pk}/shifts", **query).status_code == 422


def test_an_override_is_made_changed_and_removed(admin):
    robin, kim = make_recipient(), make_recipient("Kim")
    path = f"/schedules/{make_schedule('Nights', robin).pk}/overrides"
    body = {"starts_at": "2026-03-02T12:00:00Z", "ends_at": "2026-03-02T13:00:00Z", "recipient": str(kim.pk)}

    made = admin.send(path, body)
    changed = admin.send(f"{path}/{made.json()['id']}", {"recipient": str(robin.pk)}, method="PATCH")

    assert (made.status_code, made.json()) == (201, {"id": made.json()["id"], **body})
    assert changed.json() == made.json() | {"recipient": str(robin.pk)}
    assert admin.read(path).json() == {"items": [changed.json()], "next": None}
    assert admin.read(f"{path}/{made.json()['id']}").json() == changed.json()
    assert admin.send(f"{path}/{made.json()['id']}", method="DELETE").status_code == 204


@pytest.mark.parametrize(("change", "place"), [
    ({"ends_at": "2026-03-02T12:00:00Z"}, "ends_at"), ({"ends_at": "2027-03-04T12:00:00Z"}, "ends_at"),
    ({"recipient": NOBODY}, "recipient"),
    ({"starts_at": "2026-03-02T12:00:00"}, "starts_at"), ({"uid": "mine"}, "uid"), ({"schedule": NOBODY}, "schedule"),
])  # fmt: skip
def test_a_bad_override_is_refused(admin, change, place):
    body = {"starts_at": "2026-03-02T12:00:00Z", "ends_at": "2026-03-02T13:00:00Z", "recipient": str(make_recipient().pk)}

    answer = admin.send(f"/schedules/{make_schedule('Nights').pk}/overrides", body | change)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", place])
    assert not OnCallOverride.objects.exists()


def test_an_override_is_found_in_its_own_schedule_only(admin):
    override = make_schedule("Nights").overrides.create(starts_at=NOON, ends_at=NOON + HOUR, recipient=make_recipient())
    foreign = f"/schedules/{make_schedule('Days').pk}/overrides/{override.pk}"

    assert [admin.send(foreign, {}, method=method).status_code for method in ("PATCH", "DELETE")] == [404, 404]


def test_who_is_on_call_somewhere_or_named_by_a_policy_stays(admin):
    robin = make_recipient()
    nights = make_schedule("Nights", robin)
    make_policy("Calls").steps.get().schedules.add(nights)
    people = make_caller("notifications.delete_recipient", name="people")

    assert admin.send(f"/schedules/{nights.pk}", method="DELETE").json()["used_by"] == ["policy steps (after 0)"]
    assert people.send(f"/recipients/{robin.pk}", method="DELETE").json()["used_by"] == ["members (Robin Vale in base)"]


@pytest.mark.parametrize(("method", "path"), [
    ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/on-call"),
    ("GET", "/shifts?since=2026-03-02T12:00:00Z&until=2026-03-03T12:00:00Z"),
    ("GET", "/overrides"), ("POST", "/overrides"), ("GET", "/overrides/{override}"), ("PATCH", "/overrides/{override}"),
    ("DELETE", "/overrides/{override}"),
])  # fmt: skip
def test_a_stranger_sees_and_changes_nothing(method, path):
    robin = make_recipient()
    schedule = make_schedule("Nights", robin)
    override = schedule.overrides.create(starts_at=NOON, ends_at=NOON + HOUR, recipient=robin)
    body = {"starts_at": "2026-03-02T12:00:00Z", "ends_at": "2026-03-02T13:00:00Z", "recipient": str(robin.pk)} if method == "POST" else {}
    path = f"/schedules/{schedule.pk}{path.format(override=override.pk)}"

    stranger = make_caller("alerts.view_alert", name="stranger")

    assert stranger.send(path, body if method != "GET" else None, method=method).status_code == 403
    assert OnCallOverride.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_for_one_and_for_three(admin, count, django_assert_num_queries):
    for number in range(count):
        make_schedule(f"Schedule {number}", make_recipient(f"Person {number}"))
    admin.read("/schedules")

    with django_assert_num_queries(3):
        assert len(admin.read("/schedules").json()["items"]) == count
