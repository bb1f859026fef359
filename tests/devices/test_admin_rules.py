"""Rules in the admin."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from devices import readings, rule_config
from devices.models import AlertRule, Device, RuleState
from devices.readings import NewReading
from tests.conftest import SECOND

pytestmark = pytest.mark.django_db
LIST = "/admin/devices/alertrule/"


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def device():
    return Device.objects.create(slug="quay", name="Quay 3", host="192.0.2.7")


@pytest.fixture
def rule(device):
    return AlertRule.objects.create(device=device, name="Night", threshold=80.0)


def filled(rule, **changed):
    """What the form of ``rule`` sends."""
    names = ("name", "severity", "metric", "aggregate", "comparison", "threshold", "sustained_seconds", "hysteresis", "cooldown_seconds")
    return {**{name: getattr(rule, name) for name in names}, "device": rule.device_id, "enabled": "on", "window_from": "",
            "window_until": "", **changed}  # fmt: skip


def test_the_list_and_the_form_open(boss, rule):
    RuleState.objects.create(rule=rule, version=1, phase="active", changed_at=timezone.now())

    assert "Active" in boss.get(LIST).content.decode()
    assert "Try it on the past" in boss.get(f"{LIST}{rule.pk}/change/").content.decode()
    assert boss.get(f"{LIST}add/?device={rule.device_id}").status_code == 200


def test_a_change_raises_the_version_and_no_change_does_not(boss, rule):
    for changed in ({}, {"threshold": "75", "weekdays": ["4", "0"]}):
        assert boss.post(f"{LIST}{rule.pk}/change/", filled(rule, **changed)).status_code == 302

    rule.refresh_from_db()
    assert (rule.version, rule.threshold, rule.weekdays) == (2, 75.0, [0, 4])


def test_a_rule_is_added_and_what_disappoints_is_said(boss, device):
    answer = boss.post(f"{LIST}add/", filled(AlertRule(device=device, name="Lmax", metric="lmax", threshold=90)), follow=True)

    assert AlertRule.objects.get().metric == "lmax"
    assert "lp with aggregate max:60" in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"aggregate": "leq"}, "is no aggregate"),
        ({"metric": "leq", "aggregate": "leq:300"}, "write lp"),
        ({"window_from": "22:00"}, "Give both"),
        ({"threshold": "nan"}, "number"),
        ({"weekdays": ["9"]}, "valid choice"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(boss, device, wrong, text):
    answer = boss.post(f"{LIST}add/", filled(AlertRule(device=device, name="Night", threshold=80), **wrong))

    assert (answer.status_code, text in answer.content.decode()) == (200, True)
    assert not AlertRule.objects.exists()


def test_a_device_has_so_many_rules_and_no_more(boss, device):
    AlertRule.objects.bulk_create(AlertRule(device=device, name=str(n), threshold=1) for n in range(rule_config.MAX_RULES))

    answer = boss.post(f"{LIST}add/", filled(AlertRule(device=device, name="Night", threshold=80)))

    assert rule_config.FULL in answer.content.decode()


def test_ticked_rules_are_switched_off_together(boss, rule):
    boss.post(LIST, {"action": "rules_off", "_selected_action": [rule.pk], "sure": "1"})

    rule.refresh_from_db()
    assert (rule.enabled, rule.version) == (False, 2)


def test_a_rule_is_tried_on_the_past_with_other_limits(boss, rule):
    begin = timezone.now() - 600 * SECOND
    readings.store([NewReading(rule.device_id, begin + second * SECOND, {"lp": 77.0 if second > 10 else 60.0}) for second in range(30)])
    page = f"{LIST}{rule.pk}/try/"

    as_it_is = boss.get(page, {"days": "1", "threshold": "80", "sustained_seconds": "2", "hysteresis": "3"}).content.decode()
    lower = boss.get(page, {"days": "1", "threshold": "75", "sustained_seconds": "2", "hysteresis": "3"}).content.decode()

    assert "It would not have held once." in as_it_is
    assert "It would have held <strong>1 time</strong>" in lower
    assert AlertRule.objects.get().threshold == 80.0


@pytest.mark.parametrize("limits", [{"days": "9999"}, {"days": "1", "threshold": "x"}, {"days": "1", "threshold": "nan"}, {}])
def test_the_page_says_what_is_wrong_with_its_form(boss, rule, limits):
    assert boss.get(f"{LIST}{rule.pk}/try/", limits).status_code == 200


def test_who_may_see_no_readings_tries_no_rule(rule):
    client = Client()
    client.force_login(User.objects.create_user("staff", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    assert [client.get(f"{LIST}{rule.pk}/try/").status_code, client.get(LIST).status_code] == [403, 403]
