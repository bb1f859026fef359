"""REST of inhibitions."""

import pytest
from django.utils import timezone

from alerts import escalation
from alerts.models import Inhibition
from tests.callers import REPORTER, make_caller
from tests.factories import make_policy, make_recipient, make_source, raise_alert

pytestmark = pytest.mark.django_db
RULE = {"name": "site down", "source_matchers": ["type=down"], "target_matchers": ["type=disk"], "equal": ["site"]}


@pytest.fixture
def operator():
    names = [f"alerts.{verb}_inhibition" for verb in ("view", "add", "change", "delete")]
    return make_caller(*names, "alerts.view_alert", name="operator")


def test_an_inhibition_is_made_changed_read_and_deleted(operator):
    made = operator.send("/inhibitions", RULE)
    path = f"/inhibitions/{made.json()['id']}"
    changed = operator.send(path, {"wait_seconds": 0, "enabled": False}, method="PATCH")

    assert made.json() == {**RULE, "id": made.json()["id"], "wait_seconds": 10, "enabled": True, "hits": 0}
    assert (changed.json()["wait_seconds"], changed.json()["enabled"], operator.read("/inhibitions").json()["items"]) == (
        0, False, [changed.json()],
    )  # fmt: skip
    assert (operator.send(path, method="DELETE").status_code, Inhibition.objects.count()) == (204, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_matchers": []}, {"target_matchers": ["nonsense"]}, {"source_matchers": ['a=~"(?=x)"']}, {"equal": ["a b"]},
        {"equal": ["0"]}, {"wait_seconds": 301}, {"wait_seconds": -1}, {"name": " "}, {"hits": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(operator, wrong):
    answer = operator.send("/inhibitions", RULE | wrong)

    assert (answer.status_code, Inhibition.objects.count()) == (422, 0)


def test_a_name_is_used_once(operator):
    operator.send("/inhibitions", RULE)

    assert operator.send("/inhibitions", RULE).status_code in {409, 422}


def test_what_a_rule_that_is_deleted_held_is_due_at_once_and_listed_until_then(operator):
    make_recipient(groups=["oncall"])
    make_source(policy=make_policy())
    made = operator.send("/inhibitions", RULE).json()
    now = timezone.now()
    raise_alert(at=now, type="down")
    disk = raise_alert(at=now, type="disk")
    escalation.advance_due(at=now)

    before = operator.read("/alerts", held="true").json()["items"]
    operator.send(f"/inhibitions/{made['id']}", method="DELETE")
    escalation.advance_due(at=timezone.now())

    disk.refresh_from_db()
    assert ([each["id"] for each in before], before[0]["suppressed_by"][0]["reason"]) == ([str(disk.pk)], "site down")
    assert disk.suppressed_by == []


def test_a_stranger_may_do_nothing():
    stranger = make_caller(*REPORTER, name="stranger")

    assert (stranger.read("/inhibitions").status_code, stranger.send("/inhibitions", RULE).status_code) == (403, 403)
