"""REST of readings."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices import readings, rollups
from devices.models import Device, Reading
from devices.readings import NewReading
from tests.callers import make_caller
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_source

pytestmark = pytest.mark.django_db
PATH = "/devices/probe/readings"
SPAN = {"since": "2026-03-02T12:00:00Z", "until": "2026-03-02T18:00:00Z"}


@pytest.fixture
def device(db):
    make_source("sensors")
    return Device.objects.create(slug="probe", name="Probe", driver="push", time_zone="Europe/Paris")


@pytest.fixture
def viewer(device):
    return make_caller("devices.view_reading", name="viewer")


@pytest.fixture
def sensor(device):
    return make_caller("devices.add_reading", name="sensor")


def keep(device, *values, metric="lp", begin=NOON, every=MINUTE):
    readings.store([NewReading(device.pk, begin + number * every, {metric: value}) for number, value in enumerate(values)])


def test_a_sensor_pushes_and_people_see_it(sensor, viewer):
    pushed = sensor.send(PATH, {"readings": [{"values": {"humidity": 45.5}}, {"values": {}}]})

    assert (pushed.status_code, pushed.json()) == (
        202,
        {"accepted": 1, "rejected": [{"index": 1, "reason": "has no value"}], "left_out": [], "not_judged": 0},
    )
    latest = viewer.read("/devices/probe/latest").json()
    assert (latest["values"], latest["reachable"], latest["state"]) == ({"humidity": 45.5}, True, "measuring")


@pytest.mark.parametrize(("path", "method"), [("/readings", "GET"), ("/readings.csv", "GET"), ("/latest", "GET"), ("/readings", "POST")])
def test_everything_needs_its_permission(device, path, method):
    stranger = make_caller("devices.view_device", "devices.add_device", name="stranger")

    assert stranger.send(f"/devices/probe{path}", {"readings": []}, method=method).status_code == 403
    assert stranger.send(f"/devices/none{path}", {"readings": []}, method=method).status_code == 403


def test_who_may_push_may_not_look(sensor):
    assert sensor.read(PATH).status_code == 403


@pytest.mark.parametrize("path", ["/devices/none/readings", "/devices/none/readings.csv", "/devices/none/latest"])
def test_an_unknown_device_is_not_found(viewer, path):
    assert viewer.read(path).status_code == 404


def test_a_device_without_readings_answers_so(viewer):
    latest = viewer.read("/devices/probe/latest").json()

    assert (latest["measured_at"], latest["values"], latest["reachable"]) == (None, {}, None)
    assert viewer.read(PATH).json()["items"] == []
    assert viewer.read(PATH, step="auto").json()["at"] == []


def test_pages_of_readings_follow_each_other_without_gap(device, viewer):
    keep(device, *range(10))
    seen, cursor = [], ""
    while cursor is not None:
        page = viewer.read(PATH, **SPAN, limit=3, cursor=cursor).json()
        seen += [item["values"]["lp"] for item in page["items"]]
        cursor = page["next"]

    assert seen == list(range(10))


def test_only_the_metrics_asked_for_are_answered(device, viewer):
    keep(device, 60, metric="lp")
    keep(device, 50, metric="leq", begin=NOON + SECOND)

    assert [item["values"] for item in viewer.read(PATH, **SPAN, metrics="leq, lmax").json()["items"]] == [{"leq": 50}]


def test_minutes_and_hours_have_their_figures(device, viewer):
    keep(device, 60, 80, every=SECOND)
    rollups.run_due(at=NOON + 2 * HOUR)

    for step in ("60", "3600"):
        (item,) = viewer.read(PATH, **SPAN, step=step).json()["items"]
        assert (item["at"], item["stats"]["lp"]["count"], item["stats"]["lp"]["high"]) == ("2026-03-02T12:00:00.000Z", 2, 80)
        assert item["values"]["lp"] == pytest.approx(77.03, abs=0.01)


def test_pages_of_minutes_follow_each_other_without_gap(device, viewer):
    keep(device, *range(10))
    rollups.run_due(at=NOON + 2 * HOUR)
    first = viewer.read(PATH, **SPAN, step="60", limit=6).json()
    second = viewer.read(PATH, **SPAN, step="60", limit=6, cursor=first["next"]).json()

    assert [item["values"]["lp"] for item in first["items"] + second["items"]] == list(range(10))
    assert second["next"] is None


def test_a_chart_comes_as_columns(device, viewer):
    keep(device, 60, 61)

    chart = viewer.read(PATH, **SPAN, step="auto").json()

    assert (chart["source"], chart["metrics"]["lp"]["mean"], chart["at"][0]) == ("raw", [60, 61], NOON.timestamp())


def test_without_a_time_the_last_day_is_meant(device, viewer):
    now = timezone.now()
    keep(device, 1, begin=now - timedelta(hours=25))
    keep(device, 2, begin=now - timedelta(hours=23))

    assert [item["values"]["lp"] for item in viewer.read(PATH).json()["items"]] == [2]


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-03-02T12:00:00"}, {"since": "noon"}, {"since": SPAN["until"], "until": SPAN["since"]},
        {"since": SPAN["since"], "until": SPAN["since"]},
        {"since": "0001-01-01T00:00:00Z"}, {"until": "9999-12-31T23:59:59Z"}, {"step": "15"}, {"metrics": "LP"}, {"metrics": "a;b"},
        {"metrics": ",".join(f"m{number}" for number in range(17)), "step": "auto"}, {"metrics": "x" * 4001}, {"limit": 0}, {"limit": 5001},
        {"cursor": "x"}, {"cursor": "2026-03-02T12:00:00"}, {"cursor": "0001-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_a_clear_422(viewer, query):
    answer = viewer.read(PATH, **query)

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("step", ["raw", "60", "auto"])
def test_one_reading_takes_as_many_statements_as_many(device, viewer, step, django_assert_num_queries):
    keep(device, 60)
    viewer.read(PATH, **SPAN, step=step)
    with CaptureQueriesContext(connection) as one:
        viewer.read(PATH, **SPAN, step=step)
    keep(device, *[60] * 100)
    rollups.run_due(at=NOON + 5 * HOUR)

    with django_assert_num_queries(len(one)):
        viewer.read(PATH, **SPAN, step=step)


def csv_of(answer):
    return b"".join(answer.streaming_content).decode().split("\r\n")


def test_readings_come_as_csv_in_utc_and_local_time(device, viewer):
    readings.store(
        [NewReading(device.pk, NOON, {"lp": 60.25, "sub1_lp": -1.5}), NewReading(device.pk, NOON + SECOND, {"lp": 61.0, "leq": 59.0})]
    )

    answer = viewer.read(f"{PATH}.csv", **SPAN)

    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "text/csv; charset=utf-8", 'attachment; filename="probe-2026-03-02-2026-03-02-raw.csv"'
    )  # fmt: skip
    assert csv_of(answer) == [
        "time_utc,time_local,leq,lp,sub1_lp",
        "2026-03-02T12:00:00.000Z,2026-03-02T13:00:00.000+01:00,,60.25,-1.5",
        "2026-03-02T12:00:01.000Z,2026-03-02T13:00:01.000+01:00,59.0,61.0,",
        "",
    ]


def test_local_time_shows_on_which_side_of_the_change_it_is(device, viewer):
    keep(device, 1, 2, begin=NOON.replace(month=10, day=25, hour=0, minute=30), every=HOUR)

    lines = csv_of(viewer.read(f"{PATH}.csv", since="2026-10-25T00:00:00Z", until="2026-10-26T00:00:00Z"))

    assert [line.split(",")[1] for line in lines[1:3]] == ["2026-10-25T02:30:00.000+02:00", "2026-10-25T02:30:00.000+01:00"]


def test_minutes_come_as_csv_a_line_for_each_metric(device, viewer):
    readings.store([NewReading(device.pk, NOON, {"lp": 60.0, "leq": 59.0})])
    rollups.run_due(at=NOON + 2 * HOUR)

    lines = csv_of(viewer.read(f"{PATH}.csv", **SPAN, step="60"))

    assert lines[0] == "time_utc,time_local,metric,count,mean,low,high,l10,l50,l90"
    assert [line.split(",")[2:5] for line in lines[1:3]] == [["leq", "1", "59"], ["lp", "1", "60"]]


def test_an_export_longer_than_a_chunk_is_whole(device, viewer):
    keep(device, *range(5001), every=SECOND)

    assert [line.split(",")[2] for line in csv_of(viewer.read(f"{PATH}.csv", **SPAN))[1:-1]] == [str(number) for number in range(5001)]


def test_no_cell_of_an_export_is_a_formula(device, viewer):
    Reading.objects.create(device_id=device.pk, at=NOON, values={'=HYPERLINK("http://evil.example","x")': 1.0, "a;@sum": 2.0})

    header = csv_of(viewer.read(f"{PATH}.csv", **SPAN))[0]

    assert header == 'time_utc,time_local,"\'=HYPERLINK(""http://evil.example"",""x"")","a;\'@sum"'


def test_a_body_that_is_too_large_is_refused_before_it_is_read(sensor):
    answer = sensor.send(PATH, b'{"readings": [' + b" " * 1024 * 1024 + b"]}")

    assert answer.status_code == 413


def test_numbers_that_are_none_spoil_no_other_reading(sensor):
    answer = sensor.send(
        PATH, b'{"readings": [{"values": {"humidity": NaN}}, {"values": {"humidity": 1e999}}, {"values": {"humidity": 45}}]}'
    )

    assert (answer.status_code, answer.json()["accepted"], len(answer.json()["rejected"])) == (202, 1, 2)


def test_hostile_names_and_values_are_refused_and_answered_safely(sensor):
    body = json.dumps(
        {"readings": [{"values": {"\u0000": 1}}, {"values": {"\ud800": 1}}, {"values": {"<script>": 1}}, {"values": {"lp": {"$gt": 1}}}]}
    )

    answer = sensor.send(PATH, body.encode())

    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)
    assert not Reading.objects.exists()


def test_the_same_push_with_the_same_key_is_one(sensor):
    body = {"readings": [{"values": {"humidity": 45}}]}

    answers = [sensor.send(PATH, body, **{"Idempotency-Key": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}) for _ in range(2)]

    assert ([answer.status_code for answer in answers], Reading.objects.count()) == ([202, 202], 1)


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_an_export_is_sent_piece_by_piece():
    device = await Device.objects.acreate(slug="probe", name="Probe", driver="push")
    caller = await sync_to_async(make_caller)("devices.view_reading")
    await sync_to_async(keep)(device, *range(5001), every=SECOND)

    answer = await AsyncClient().get(
        "/api/v1/devices/probe/readings.csv", SPAN, headers={"Authorization": caller.defaults["HTTP_AUTHORIZATION"]}
    )
    pieces = [piece async for piece in answer.streaming_content]

    assert (answer.is_async, len(pieces), b"".join(pieces).count(b"\r\n")) == (True, 3, 5002)
