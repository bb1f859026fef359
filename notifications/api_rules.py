"""REST of notification rules. Mounted under /api/v1 by the composition."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from pydantic import BaseModel

from notifications import rule_config
from notifications.models import NotificationRule
from notifications.rule_config import NotificationRuleForm, NotificationRuleShape
from sentinel_site.lib.crud import partial
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import json_answer

router = Router()
RulePatch: Any = partial(NotificationRuleForm)


class NotificationRulePage(BaseModel):
    """Notification rules."""

    items: list[NotificationRuleShape]
    next: str | None


@router.get("/notification-rules", response=NotificationRulePage)
def list_notification_rules(request: HttpRequest, page_: Query[Page]) -> HttpResponse:
    """Notification rules: all of them, or your own."""
    return json_answer(page(rule_config.visible(caller(request), "view"), page_, rule_config.describe_rule, order=("id",)))


@router.post("/notification-rules", response={201: NotificationRuleShape})
def create_notification_rule(request: HttpRequest, body: NotificationRuleForm) -> HttpResponse:
    """Add a rule; without any right, one of your own."""
    rule = NotificationRule()
    with transaction.atomic():
        rule_config.save_rule(rule, body, caller(request))
    return json_answer(rule_config.describe_rule(rule), status=201)


@router.get("/notification-rules/{uuid:key}", response=NotificationRuleShape)
def read_notification_rule(request: HttpRequest, key: UUID) -> HttpResponse:
    """One rule."""
    return json_answer(rule_config.describe_rule(_one(request, key, "view")))


@router.patch("/notification-rules/{uuid:key}", response=NotificationRuleShape)
def change_notification_rule(request: HttpRequest, key: UUID, body: RulePatch) -> HttpResponse:
    """Change a rule; what is not sent stays."""
    with transaction.atomic():
        NotificationRule.objects.select_for_update().filter(pk=key).first()
        rule = _one(request, key, "change")
        whole = rule_config.form_of(rule) | body.model_dump(exclude_unset=True)
        rule_config.save_rule(rule, NotificationRuleForm.model_validate(whole), caller(request))
    return json_answer(rule_config.describe_rule(rule))


@router.delete("/notification-rules/{uuid:key}", response={204: None})
def delete_notification_rule(request: HttpRequest, key: UUID) -> HttpResponse:
    """Remove a rule. What it delayed already stays delayed."""
    _one(request, key, "delete").delete()
    return HttpResponse(status=204)


def _one(request: HttpRequest, key: UUID, verb: str) -> NotificationRule:
    return get_object_or_404(rule_config.visible(caller(request), verb), pk=key)
