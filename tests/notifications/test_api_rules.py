"""Notification rules by REST: whose they are, and what makes no sense."""

import pytest
from django.contrib.auth.models import User

from notifications.models import NotificationRule
from tests.callers import make_caller
from tests.factories import make_method, make_recipient

pytestmark = pytest.mark.django_db
EDITOR = tuple(f"notifications.{verb}_notificationrule" for verb in ("view", "add", "change", "delete"))
NOBODY = "01930000-0000-7000-8000-000000000000"


def test_a_rule_is_made_shown_changed_and_removed():
    robin, client = make_recipient(), make_caller(*EDITOR)

    made = client.send("/notification-rules", {"recipient": str(robin.pk), "priority_to": "P2", "kind": "sms", "delay_seconds": 60})
    path = f"/notification-rules/{made.json()['id']}"

    assert made.status_code == 201
    assert client.read(path).json() == {
        "id": made.json()["id"], "recipient": str(robin.pk), "priority_from": "P1", "priority_to": "P2", "kind": "sms", "method": None,
        "delay_seconds": 60,
    }  # fmt: skip
    assert client.send(path, {"delay_seconds": 0}, method="PATCH").json()["delay_seconds"] == 0
    assert client.send(path, method="DELETE").status_code == 204
    assert client.read("/notification-rules").json() == {"items": [], "next": None}


@pytest.mark.parametrize("wrong", [
    {}, {"kind": "sms", "method": NOBODY}, {"method": NOBODY}, {"kind": "pigeon"}, {"kind": "sms", "delay_seconds": 3601},
    {"kind": "sms", "priority_from": "P3", "priority_to": "P2"}, {"kind": "sms", "recipient": NOBODY}, {"kind": "sms", "priority_to": "P6"},
])  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong):
    robin = make_recipient()

    assert make_caller(*EDITOR).send("/notification-rules", {"recipient": str(robin.pk), **wrong}).status_code == 422


def test_a_rule_names_no_method_of_somebody_else():
    robin, other = make_recipient(), make_method(make_recipient("Kim Moss"), address="kim2@example.org")

    answer = make_caller(*EDITOR).send("/notification-rules", {"recipient": str(robin.pk), "method": str(other.pk)})

    assert answer.status_code == 422


def test_a_person_keeps_rules_of_his_own_and_sees_no_others():
    client = make_caller(name="robin")
    mine, theirs = make_recipient(user=User.objects.get(username="robin")), make_recipient("Kim Moss")
    NotificationRule.objects.create(recipient=theirs, kind="sms")

    assert client.send("/notification-rules", {"recipient": str(mine.pk), "kind": "email"}).status_code == 201
    assert client.send("/notification-rules", {"recipient": str(theirs.pk), "kind": "email"}).status_code == 403
    assert [rule["recipient"] for rule in client.read("/notification-rules").json()["items"]] == [str(mine.pk)]
