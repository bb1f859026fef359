"""Events as CloudEvents."""

import pytest

from alerts import outgoing
from alerts.enums import AlertStatus, EventKind, Happening
from tests.conftest import NOON


@pytest.mark.parametrize(
    ("kind", "became", "said"),
    [
        ("raised", "", "fired"), ("repeated", "", "repeated"), ("status", "DELIVERED", "delivered"), ("status", "SEEN", "seen"),
        ("status", "ACKNOWLEDGED", "acked"), ("status", "RESOLVED", "resolved"), ("status", "EXPIRED", "expired"),
        ("escalated", "", "escalated"), ("escalated", "UNANSWERED", "unanswered"), ("comment", "", "commented"),
        ("delivery", "", "delivery"), ("triage", "", "triage"),
        ("feedback", "", "feedback"), ("updated", "", "updated"), ("status", "", "updated"),
    ],
)  # fmt: skip
def test_an_event_is_called_by_what_it_means(kind, became, said):
    assert outgoing.happening(kind, became) == said


def test_every_kind_and_every_status_has_a_name_of_its_own():
    named = {outgoing.happening(kind, "") for kind in EventKind} | {outgoing.happening("status", each) for each in AlertStatus}

    assert {*named, Happening.UNANSWERED} == set(Happening)


def test_the_event_is_a_cloudevent():
    said = outgoing.event(7, "status", "RESOLVED", happened_at=NOON, alert={"id": "0193", "number": 3}, source="https://s.example.org")

    assert said == {
        "specversion": "1.0", "id": "7-1772452800000", "source": "https://s.example.org", "type": "org.sentinel.alert.resolved",
        "time": "2026-03-02T12:00:00.000Z", "datacontenttype": "application/json", "subject": "0193",
        "data": {"event": 7, "kind": "status", "became": "RESOLVED", "alert": {"id": "0193", "number": 3}},
    }  # fmt: skip
