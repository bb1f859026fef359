"""An acknowledgement stops what has not been sent, whatever is under way."""

import time

import pytest

from tests.faults.house import until

WAITING = """
SELECT 1 FROM notifications_delivery AS delivery JOIN notifications_notification AS told ON told.id = delivery.notification_id
WHERE delivery.status IN ('queued', 'failed', 'sending') AND told.thread = ANY(%s) LIMIT 1
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def in_flight(house, alert):
    """Whether the record says that messages were already on their way when the alert was answered."""
    return any(entry["kind"] == "in_flight" for entry in house.api(f"/alerts/{alert}/log")["items"])


def sent_after(answered, house):
    """Those of ``answered`` of which something was sent later that was not on its way by then."""
    late = {alert for alert, at in answered.items() for arrival in house.provider.of(alert) if arrival.at > at}
    return [alert for alert in late if not in_flight(house, alert)]


def test_nothing_is_sent_after_an_acknowledgement_but_what_was_in_flight(house):
    house.seed(people={"Kim Slow": [house.provider.url("/slow")]}, sources={"slow": {"people": ["Kim Slow"]}})
    results = house.api("/alerts/batch", {"alerts": [{"source": "slow", "title": "Busy", "subject": str(n)} for n in range(200)]})[
        "results"
    ]
    alerts = [result["id"] for result in results]
    until(lambda: len(house.provider.told() & set(alerts)) > 20, 60, "some messages")

    answered = {}
    for alert in reversed(alerts):
        house.api(f"/alerts/{alert}/acknowledge", {"promise": "handling"})
        answered[alert] = time.monotonic()

    threads = [f"alert:{alert}" for alert in alerts]
    until(lambda: not house.rows(WAITING, threads), 60, "an outbox without them")
    assert sent_after(answered, house) == []
    assert len(house.provider.told() & set(alerts)) < 200  # or nothing was waiting, and nothing was proved


def test_an_acknowledgement_cancels_the_steps_to_come(house):
    house.seed(sources={"stairs": {"people": ["Robin Vale"], "delays": [0, 3, 6]}})
    alert = house.report("stairs")
    later = house.report("stairs")
    until(lambda: house.provider.of(alert), 60, "the first message")

    house.api(f"/alerts/{alert}/acknowledge", {})
    answered = {alert: time.monotonic()}

    until(lambda: len(house.provider.of(later)) == 3, 60, "all steps of the alert that nobody answered")
    assert sent_after(answered, house) == []
    assert len(house.provider.of(alert)) < 3  # or no step was to come
