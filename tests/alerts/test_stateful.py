"""Any sequence of what people and time can do to an alert keeps its invariants."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from alerts import escalation, lifecycle, routing, timeouts
from alerts.enums import FINAL, OPEN, AlertStatus, LogKind
from alerts.errors import IllegalTransition
from alerts.models import StepClaim
from notifications.models import Delivery
from tests.conftest import NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

ORDER = list(AlertStatus)


class AlertMachine(RuleBasedStateMachine):
    """One alert under a policy, a clock that only moves forward, and everyone who may touch it."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        routing.forget()
        self.now = NOON
        self.reached = 0

    @initialize(
        stops_at=st.sampled_from(["SEEN", "ACKNOWLEDGED"]), hold=st.sampled_from([None, 120]), repeat=st.sampled_from([None, 600]),
        action=st.sampled_from(["resolve", "escalate"]), reachable=st.booleans(),
    )  # fmt: skip
    def raised(self, stops_at, hold, repeat, action, reachable):
        policy = make_policy(
            "Any", 0, 120, 300, stops_at=stops_at, seen_hold_seconds=hold, repeat_seconds=repeat, ack_timeout_action=action,
            last_resort=["director"],
        )  # fmt: skip
        make_source(policy=policy)
        if reachable:
            make_recipient(groups=["oncall"])
        self.alert = raise_alert(at=self.now, dedup_key="one")

    @rule(seconds=st.sampled_from([0, 1, 30, 119, 121, 600, 1900, 7300, 15000]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        while escalation.advance_due(at=self.now):
            pass
        timeouts.expire_due(at=self.now)

    @rule(move=st.sampled_from([lifecycle.mark_delivered, lifecycle.mark_seen, lifecycle.acknowledge, lifecycle.resolve]))
    def somebody_answers(self, move):
        before = self.status()
        try:
            move(self.alert, by=None, at=self.now)
        except IllegalTransition:
            assert self.status() == before

    @rule(severity=st.sampled_from(["critical", "medium", "info"]))
    def the_source_repeats(self, severity):
        if self.status() in OPEN:
            again = raise_alert(at=self.now, dedup_key="one", severity=severity)
            assert again.pk == self.alert.pk

    @rule()
    def somebody_escalates(self):
        try:
            escalation.escalate_now(self.alert, by=None, at=self.now)
        except IllegalTransition:
            assert self.status() in FINAL

    @invariant()
    def status_only_moves_forward(self):
        reached = ORDER.index(self.status())
        assert reached >= self.reached
        self.reached = reached

    @invariant()
    def an_open_alert_always_has_a_future(self):
        self.alert.refresh_from_db()
        assert (self.alert.status in OPEN) == (self.alert.deadline_at is not None)

    @invariant()
    def an_unacknowledged_alert_rests_only_when_somebody_was_told(self):
        if self.alert.status in ("PENDING", "DELIVERED") and self.alert.next_step_at is None:
            assert self.alert.unanswered
            assert Delivery.objects.filter(notification__thread=self.alert.thread).exists()

    @invariant()
    def steps_are_taken_in_order_and_once(self):
        steps = list(StepClaim.objects.filter(alert=self.alert).order_by("id").values_list("round", "step"))
        assert steps == sorted(set(steps))

    @invariant()
    def every_change_has_one_entry(self):
        changes = [entry.detail["to"] for entry in self.alert.log.filter(kind=LogKind.STATUS).order_by("id")]
        assert (changes or ["PENDING"])[-1] == self.alert.status
        assert len(changes) == len(set(changes))

    def status(self):
        self.alert.refresh_from_db()
        return self.alert.status

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)


@pytest.mark.slow
@pytest.mark.django_db
def test_any_sequence_keeps_the_invariants():
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        AlertMachine, settings=settings(max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=checks)
    )
