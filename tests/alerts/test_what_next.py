"""What happens next, in words: no database, no clock."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import plan, what_next
from alerts.models import Alert
from alerts.policies import EMPTY_STEP
from tests.conftest import MINUTE, NOON

PLAN = plan.parse({
    "name": "P1", "stops_at": "ACKNOWLEDGED", "seen_hold_seconds": None, "min_gap_seconds": 60, "repeat_seconds": None,
    "last_resort_after_seconds": 900, "expires_after_seconds": 7200, "seen_timeout_seconds": 14400, "ack_timeout_seconds": 7200,
    "ack_timeout_action": "resolve", "last_resort": {"groups": ["director"], "recipients": []},
    "steps": [{**EMPTY_STEP, "label": "On call"}, {**EMPTY_STEP, "delay_seconds": 900, "label": ""}],
})  # fmt: skip
SOON, LATE = NOON + MINUTE, NOON + timedelta(hours=2)


def said(**fields) -> list[str]:
    alert = Alert(**{"status": "PENDING", "told": 1, **fields})
    return what_next.of(alert, PLAN, at=NOON, clock=lambda at: f"{at:%H:%M}")


@pytest.mark.parametrize(("fields", "sentences"), [
    ({"step": 0, "next_step_at": SOON}, ["Step 1 of 2 (On call) is due at 12:01 (in 1 min)."]),
    ({"step": 1, "next_step_at": NOON - MINUTE}, ["Step 2 of 2 is due at 11:59 (1 min overdue)."]),
    ({"step": 2, "next_step_at": SOON}, ["The last resort is due at 12:01 (in 1 min)."]),
    ({"step": 3, "next_step_at": SOON}, ["The last step, once more, is due at 12:01 (in 1 min)."]),
    ({"deadline_at": LATE, "told": 0},
     ["No further step is planned, and nobody was told.", "Unless somebody takes it, it expires at 14:00 (in 2 h)."]),
    ({"status": "SEEN", "deadline_at": LATE},
     ["No further step is planned.", "Unless somebody takes it, the last resort is told at 14:00 (in 2 h)."]),
    ({"suppressed_by": [{"kind": "silence", "reason": "works"}], "next_step_at": SOON},
     ["Nobody is told for now: works.", "Step 1 of 2 (On call) is due at 12:01 (in 1 min)."]),
    ({"status": "ACKNOWLEDGED", "acknowledged_by": "Ada", "deadline_at": LATE},
     ["Ada has it. Unless it is resolved, it is closed by itself at 14:00 (in 2 h)."]),
    ({"status": "ACKNOWLEDGED", "unanswered": True, "deadline_at": LATE},
     ["Unless somebody takes it again, it expires at 14:00 (in 2 h)."]),
    ({"status": "RESOLVED", "closed_at": NOON, "resolution": "false_alarm"}, ["Nothing: it was resolved at 12:00 (False alarm)."]),
    ({"status": "EXPIRED", "closed_at": NOON}, ["Nothing: nobody answered, and it expired at 12:00."]),
])  # fmt: skip
def test_what_happens_next_is_said(fields, sentences):
    assert said(**fields) == sentences


def test_a_plan_without_a_last_resort_says_so():
    alert = Alert(status="PENDING", step=2, next_step_at=SOON)

    (sentence,) = what_next.of(alert, replace(PLAN, last_resort=plan.Targets()), at=NOON, clock=str)

    assert sentence.startswith("The end of the policy, which names no last resort,")
