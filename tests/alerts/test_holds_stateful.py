"""Whatever comes, goes, is silenced, explained or flaps, in any order: what is still open when its hold ends is told."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from alerts import calming, escalation, lifecycle, routing, silences
from alerts.enums import OPEN, UNACKNOWLEDGED
from alerts.models import Alert, Inhibition, Silence
from tests.conftest import HOUR, NOON
from tests.factories import make_policy, make_recipient, make_source, raise_alert

kinds = st.sampled_from("abc")


class HoldMachine(RuleBasedStateMachine):
    """Three alerts that may explain each other, in a ring and beside it, flap and be silenced, and a clock that moves forward."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        routing.forget()
        self.now = NOON

    @initialize(wait=st.sampled_from([0, 10]))
    def begin(self, wait):
        make_recipient(groups=["oncall"])
        make_source(policy=make_policy("Calls", 0, 300, expires_after_seconds=864_000), flap_opens=3)
        for number, (source, target) in enumerate(["ab", "ba", "bc"]):
            fields = {"source_matchers": [f"type={source}"], "target_matchers": [f"type={target}"], "wait_seconds": wait}
            Inhibition.objects.create(name=str(number), **fields)

    @rule(kind=kinds, severity=st.sampled_from(["medium", "high", "critical"]))
    def comes(self, kind, severity):
        raise_alert(at=self.now, type=kind, severity=severity, dedup_key=kind)

    @rule(kind=kinds)
    def goes(self, kind):
        for alert in Alert.objects.filter(type=kind, status__in=OPEN):
            lifecycle.resolve(alert, by=None, at=self.now, resolution="recovered")

    @rule(kind=kinds, minutes=st.sampled_from([1, 60]))
    def is_silenced(self, kind, minutes):
        until = self.now + timedelta(minutes=minutes)
        silences.save(Silence(matchers=[f"type={kind}"], reason="x", starts_at=self.now, ends_at=until), by=None, at=self.now)

    @rule()
    def silences_end(self):
        for silence in Silence.objects.filter(ends_at__gt=self.now):
            silences.expire(silence, at=self.now)

    @rule(enabled=st.booleans(), name=st.sampled_from("012"))
    def a_rule_is_switched(self, enabled, name):
        inhibition = Inhibition.objects.get(name=name)
        inhibition.enabled = enabled
        silences.save(inhibition, by=None, at=self.now)

    @rule(seconds=st.sampled_from([1, 10, 61, 600, 2000]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        while escalation.advance_due(at=self.now):
            pass
        calming.end_calm(at=self.now)

    @invariant()
    def what_is_held_or_was_not_told_is_asked_about_again(self):
        for alert in Alert.objects.filter(status__in=UNACKNOWLEDGED):
            if alert.suppressed_by or not alert.step:
                assert alert.next_step_at is not None
                assert alert.next_step_at <= self.now + 8 * HOUR

    @invariant()
    def what_is_open_does_not_explain_itself_away(self):
        waiting = [alert for alert in Alert.objects.filter(status__in=OPEN) if alert.priority > 1]
        quiet = [
            alert
            for alert in waiting
            if alert.suppressed_by and alert.next_step_at > self.now and {each["kind"] for each in alert.suppressed_by} == {"inhibition"}
        ]
        assert not quiet or len(quiet) < Alert.objects.filter(status__in=OPEN).count()

    def teardown(self):
        try:
            self.silences_end()
            for inhibition in Inhibition.objects.all():
                inhibition.enabled = False
                silences.save(inhibition, by=None, at=self.now)
            self.time_passes(2000)
            assert not Alert.objects.filter(status__in=OPEN, told=0).exists()
            assert not Alert.objects.filter(status__in=OPEN).exclude(suppressed_by=[]).exists()
        finally:
            transaction.savepoint_rollback(self.savepoint)


@pytest.mark.slow
@pytest.mark.django_db
def test_what_is_still_open_when_its_hold_ends_is_told():
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        HoldMachine, settings=settings(max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=checks)
    )
