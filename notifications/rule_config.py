"""Notification rules as REST writes and shows them. A person keeps rules of his own; others need the permission."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from pydantic import BaseModel, Field, model_validator

from notifications.enums import Transport
from notifications.models import ContactMethod, NotificationRule, Recipient
from notifications.rules import MAX_DELAY_SECONDS
from sentinel_site.lib.crud import STRICT, unknown
from sentinel_site.lib.problems import Problem

Priority = Literal["P1", "P2", "P3", "P4", "P5"]


class NotificationRuleForm(BaseModel):
    """Tell ``recipient`` of the priorities ``priority_from`` to ``priority_to`` by ``method``, or by every method of ``kind``."""

    model_config = STRICT

    recipient: UUID
    priority_from: Priority = "P1"
    priority_to: Priority = "P5"
    kind: Transport | None = None
    method: Annotated[UUID | None, Field(description="The id of one of the recipient's contact methods.")] = None
    delay_seconds: Annotated[int, Field(ge=0, le=MAX_DELAY_SECONDS)] = 0

    @model_validator(mode="after")
    def _makes_sense(self) -> "NotificationRuleForm":
        if (self.kind is None) == (self.method is None):
            raise ValueError("name exactly one: a kind, or a method")
        if self.priority_from > self.priority_to:
            raise ValueError("priority_from is the more urgent one: write for example P1 to P3")
        return self


class NotificationRuleShape(NotificationRuleForm):
    """A notification rule."""

    id: str


def visible(user: User, verb: str) -> QuerySet[NotificationRule]:
    """The rules ``user`` may ``verb`` (view, change, delete): all of them, or those of the recipient who is this user."""
    rows = NotificationRule.objects.select_related("recipient")
    return rows if user.has_perm(f"notifications.{verb}_notificationrule") else rows.filter(recipient__user=user)


def describe_rule(rule: NotificationRule) -> dict[str, Any]:
    """A rule as api.md shows it."""
    return {
        "id": str(rule.pk),
        "recipient": str(rule.recipient_id),
        "priority_from": f"P{rule.priority_from}",
        "priority_to": f"P{rule.priority_to}",
        "kind": rule.kind or None,
        "method": str(rule.method_id) if rule.method_id else None,
        "delay_seconds": rule.delay_seconds,
    }


def form_of(rule: NotificationRule) -> dict[str, Any]:
    """The rule's present values, as its form takes them."""
    return {name: value for name, value in describe_rule(rule).items() if name != "id"}


def save_rule(rule: NotificationRule, form: NotificationRuleForm, by: User) -> None:
    """Write ``form`` onto ``rule``. Raises a Problem: 422 for what cannot be, 403 for what ``by`` may not do."""
    recipient = Recipient.objects.filter(pk=form.recipient).first()
    if recipient is None:
        raise unknown(["recipient"], f"no recipient has the id {form.recipient}; see /api/v1/recipients")
    verb = "add" if rule._state.adding else "change"
    if not by.has_perm(f"notifications.{verb}_notificationrule") and recipient.user_id != by.pk:
        raise Problem(403, "You may keep rules of your own recipient only. Ask an administrator for the others.")
    method = None if form.method is None else ContactMethod.objects.filter(pk=form.method, recipient=recipient).first()
    if method is None and form.method is not None:
        raise unknown(["method"], f"{recipient} has no contact method with the id {form.method}; see /api/v1/contact-methods")
    rule.recipient, rule.method, rule.kind = recipient, method, form.kind or ""
    rule.priority_from, rule.priority_to = int(form.priority_from[1]), int(form.priority_to[1])
    rule.delay_seconds = form.delay_seconds
    rule.full_clean()
    rule.save()
