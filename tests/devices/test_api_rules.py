"""REST of the rules of devices."""

import pytest

from alerts.enums import AlertStatus
from alerts.models import Alert
from devices import readings, rule_config
from devices.enums import Closing
from devices.models import AlertRule, Device, RuleEvent
from devices.readings import NewReading
from devices.ruling import Ruling
from tests.callers import make_caller
from tests.conftest import NOON, SECOND
from tests.factories import make_source

pytestmark = pytest.mark.django_db
EVERYTHING = (
    *(f"devices.{verb}_alertrule" for verb in ("view", "add", "change", "delete")),
    "devices.view_ruleevent",
    "devices.view_reading",
)
LOUD = {"name": "Night", "threshold": 80.0}
SPAN = {"since": "2026-03-02T12:00:00Z", "until": "2026-03-02T13:00:00Z"}


@pytest.fixture
def device():
    make_source("meters")
    return Device.objects.create(slug="quay", name="Quay 3", host="192.0.2.7")


@pytest.fixture
def operator(device):
    return make_caller(*EVERYTHING, name="operator")


def hold(device, *values):
    """Feed a second's value each, from noon."""
    runtime = Ruling()
    runtime.load([device.pk], at=NOON)
    for second, value in enumerate(values):
        runtime.record(runtime.feed(device.pk, NOON + second * SECOND, {"lp": value}), at=NOON + second * SECOND)


def test_a_rule_is_made_with_the_documented_defaults(operator):
    made = operator.send("/devices/quay/rules", LOUD)

    assert made.status_code == 201
    assert made.json() | {"id": 0} == {
        "id": 0, "name": "Night", "metric": "lp", "aggregate": None, "comparison": "above", "threshold": 80.0, "sustained_seconds": 2,
        "hysteresis": 3.0, "cooldown_seconds": 300, "window_from": None, "window_until": None, "weekdays": [], "severity": "high",
        "enabled": True, "version": 1, "phase": "quiet", "warnings": [],
    }  # fmt: skip


def test_a_rule_is_read_changed_listed_and_deleted(operator):
    made = operator.send("/devices/quay/rules", LOUD | {"window_from": "22:00", "window_until": "06:00", "weekdays": [4, 0, 4]}).json()
    path = f"/devices/quay/rules/{made['id']}"

    changed = operator.send(path, {"aggregate": "leq:300"}, method="PATCH").json()

    assert (changed["aggregate"], changed["version"], changed["window_from"], changed["weekdays"]) == ("leq:300", 2, "22:00:00", [0, 4])
    assert operator.read(path).json() == changed
    assert operator.read("/devices/quay/rules").json() == {"items": [changed], "next": None}
    assert operator.send(path, method="DELETE").status_code == 204
    assert operator.read(path).status_code == 404


def test_a_change_that_changes_nothing_ends_nothing(operator, device):
    key = operator.send("/devices/quay/rules", LOUD | {"sustained_seconds": 0}).json()["id"]
    hold(device, 85.0)

    same = operator.send(f"/devices/quay/rules/{key}", {"threshold": 80}, method="PATCH").json()

    assert (same["version"], same["phase"]) == (1, "active")
    assert RuleEvent.objects.get().clear_at is None


@pytest.mark.parametrize(
    ("change", "closing"), [({"threshold": 90}, Closing.EDITED), ({"enabled": False}, Closing.DISABLED), (None, Closing.DELETED)]
)
def test_a_changed_or_deleted_rule_ends_its_event_and_its_alert(operator, device, change, closing):
    key = operator.send("/devices/quay/rules", LOUD | {"sustained_seconds": 0}).json()["id"]
    hold(device, 85.0)

    operator.send(f"/devices/quay/rules/{key}", change, method="PATCH" if change else "DELETE")

    assert (RuleEvent.objects.get().closing, Alert.objects.get().status) == (closing, AlertStatus.RESOLVED)
    (event,) = operator.read("/devices/quay/rules/events").json()["items"]
    assert (event["name"], event["rule"], event["closing"]) == ("Night", key if change else None, closing)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"aggregate": "leq"}, "aggregate"),
        ({"aggregate": "leq:0"}, "aggregate"),
        ({"aggregate": "l10:7200"}, "aggregate"),
        ({"aggregate": "l0:60"}, "aggregate"),
        ({"metric": "leq", "aggregate": "leq:300"}, "metric"),
        ({"metric": "Lp; DROP"}, "metric"),
        ({"window_from": "22:00"}, "window_until"),
        ({"window_from": "22:00Z", "window_until": "06:00"}, "window_from"),
        ({"weekdays": [7]}, "weekdays"),
        ({"threshold": 1e300}, "threshold"),
        ({"hysteresis": -1}, "hysteresis"),
        ({"sustained_seconds": 10**20}, "sustained_seconds"),
        ({"name": "   "}, "name"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_field(operator, wrong, field):
    refused = operator.send("/devices/quay/rules", LOUD | wrong)

    assert (refused.status_code, field in refused.json()["errors"][0]["loc"]) == (422, True)
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize(
    ("metric", "offer"),
    [("leq", "lp with aggregate leq:300"), ("lmax", "lp with aggregate max:60"), ("sub1_ln2", "sub1_lp with aggregate l10")],
)
def test_a_rule_on_what_the_meter_accumulates_is_warned_of_and_offered_another(operator, metric, offer):
    (warning,) = operator.send("/devices/quay/rules", LOUD | {"metric": metric}).json()["warnings"]

    assert offer in warning


def test_two_rules_of_a_device_have_two_names(operator):
    operator.send("/devices/quay/rules", LOUD)

    assert operator.send("/devices/quay/rules", LOUD).status_code == 409


def test_a_device_has_so_many_rules_and_no_more(operator, device):
    AlertRule.objects.bulk_create(AlertRule(device=device, name=str(n), threshold=1) for n in range(rule_config.MAX_RULES))

    assert operator.send("/devices/quay/rules", LOUD).json()["code"] == "too_many_rules"


def test_a_rule_of_another_device_is_not_found(operator, device):
    other = Device.objects.create(slug="yard", name="Yard", host="192.0.2.8")
    rule = AlertRule.objects.create(device=other, name="Day", threshold=70)

    assert [operator.read(f"/devices/quay/rules/{rule.pk}").status_code, operator.read("/devices/none/rules").status_code] == [404, 404]


@pytest.mark.parametrize("path", ["/devices/quay/rules", "/devices/quay/rules/events", "/devices/quay/rules/1"])
def test_who_has_no_right_sees_no_rule(device, path):
    assert make_caller("devices.view_device").read(path).status_code == 403


def test_seeing_is_not_changing(device):
    viewer = make_caller("devices.view_alertrule")
    rule = AlertRule.objects.create(device=device, name="Day", threshold=70)

    path = f"/devices/quay/rules/{rule.pk}"
    answers = [
        viewer.send("/devices/quay/rules", LOUD),
        viewer.send(path, {"threshold": 1}, method="PATCH"),
        viewer.send(path, method="DELETE"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_events_are_filtered(operator, device):
    operator.send("/devices/quay/rules", LOUD | {"sustained_seconds": 0, "cooldown_seconds": 0})
    hold(device, 85.0, 60.0, 85.0)

    found = {
        query: len(operator.read("/devices/quay/rules/events", **dict([query.split("=")])).json()["items"])
        for query in ("open=true", "open=false", "rule=0", "since=2026-03-02T12:00:01Z", "until=2026-03-02T12:00:00Z")
    }

    assert list(found.values()) == [1, 1, 0, 1, 0]


def test_a_draft_is_tried_on_what_is_stored(operator, device):
    readings.store([NewReading(device.pk, NOON + second * SECOND, {"lp": 85.0 if 10 <= second < 20 else 60.0}) for second in range(60)])

    tried = operator.send("/devices/quay/rules/backtest", {"rule": LOUD, **SPAN}).json()

    assert tried["events"] == [{
        "since": "2026-03-02T12:00:10.000Z", "onset_at": "2026-03-02T12:00:12.000Z", "value": 85.0, "peak": 85.0,
        "clear_at": "2026-03-02T12:00:22.000Z", "closing": "cleared",
    }]  # fmt: skip
    assert (tried["complete"], tried["samples"], tried["minutes"]) == (True, 60, 0)
    assert not RuleEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rule": LOUD, "rule_id": 1},
        {"rule": LOUD, "since": "2026-03-02T12:00:00Z", "until": "2026-03-02T12:00:00Z"},
        {"rule": LOUD, "since": "0001-01-01T00:00:00+14:00"},
        {"rule": LOUD | {"aggregate": "x"}},
    ],
)
def test_a_backtest_that_cannot_be_is_refused(operator, body):
    assert operator.send("/devices/quay/rules/backtest", body).status_code == 422


def test_a_backtest_of_an_unknown_rule_is_not_found(operator):
    assert operator.send("/devices/quay/rules/backtest", {"rule_id": 10**30, **SPAN}).status_code == 404
