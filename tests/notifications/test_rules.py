"""A person's own rules: which methods, after which delay."""

from datetime import timedelta
from uuid import UUID

import pytest

from notifications import rules
from notifications.message import Message
from notifications.models import ContactMethod
from notifications.rules import Rule

EMAIL, PUSH, PHONE = (ContactMethod(kind=kind, pk=UUID(int=number)) for number, kind in enumerate(("email", "push", "sms"), 1))
ALL = [EMAIL, PUSH, PHONE]
STAGED = [Rule(1, 3, "push", None, 0), Rule(1, 3, "", PHONE.pk, 120)]


def chosen(own, *, able=ALL, kinds=(), reason="first", urgency="high", priority=2, life_safety=False):
    message = Message(reason=reason, urgency=urgency, priority=priority, life_safety=life_safety, context={})
    return [(method.kind, delay) for method, delay in rules.choose(able, own, message, frozenset(kinds))]


def test_without_rules_every_method_of_the_wanted_kinds_is_used_at_once():
    assert chosen([], kinds=["email", "push"]) == [("email", 0), ("push", 0)]


def test_rules_say_which_methods_and_after_which_delay():
    assert chosen(STAGED) == [("push", 0), ("sms", 120)]


def test_rules_go_before_the_kinds_of_the_step():
    assert chosen(STAGED, kinds=["email"]) == [("push", 0), ("sms", 120)]


def test_rules_for_other_priorities_say_nothing():
    assert chosen(STAGED, priority=4, kinds=["email"]) == [("email", 0)]


def test_of_two_rules_for_one_method_the_shorter_delay_counts():
    assert chosen([Rule(1, 5, "sms", None, 300), Rule(2, 2, "", PHONE.pk, 60)]) == [("sms", 60)]


def test_rules_whose_methods_cannot_be_used_make_nobody_unreachable():
    assert chosen(STAGED, able=[EMAIL]) == [("email", 0)]


@pytest.mark.parametrize("serious", [{"priority": 1}, {"life_safety": True}])
def test_a_serious_alert_begins_at_once(serious):
    assert chosen([Rule(1, 3, "push", None, 60), Rule(1, 3, "sms", None, 300)], **serious) == [("push", 0), ("sms", 240)]


@pytest.mark.parametrize("loud", [{"urgency": "emergency"}, {"reason": "unanswered"}])
def test_at_the_end_everything_is_used_at_once(loud):
    assert chosen(STAGED, **loud) == [("email", 0), ("push", 0), ("sms", 0)]


def test_that_it_is_over_is_said_at_once_and_only_by_wanted_kinds():
    assert chosen(STAGED, reason="resolved", kinds=["email", "push"]) == [("push", 0)]
    assert chosen([Rule(1, 5, "sms", None, 0)], reason="resolved", kinds=["email", "push"]) == [("email", 0), ("push", 0)]


def test_the_longest_delay_is_an_hour():
    assert timedelta(seconds=rules.MAX_DELAY_SECONDS) == timedelta(hours=1)
