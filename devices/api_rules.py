"""REST of the rules of devices: what they are, when they held, and when they would have. Mounted under /api/v1 by the composition."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from devices import backtest, rule_config, rule_queries
from devices.errors import Busy
from devices.models import AlertRule, Device
from devices.rule_config import RuleForm, RuleShape
from devices.rule_queries import EventFilter, EventShape, Instant
from sentinel_site.lib import problems
from sentinel_site.lib.crud import partial
from sentinel_site.lib.paging import Page, page
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import Problem, json_answer

router = Router()
RulePatch: Any = partial(RuleForm)
VIEW, ADD, CHANGE, DELETE = (f"devices.{verb}_alertrule" for verb in ("view", "add", "change", "delete"))
VIEW_EVENTS, VIEW_READINGS = "devices.view_ruleevent", "devices.view_reading"


class RulePage(BaseModel):
    """Rules of a device."""

    items: list[RuleShape]
    next: str | None


class EventPage(BaseModel):
    """When the rules of a device held."""

    items: list[EventShape]
    next: str | None


class BacktestIn(BaseModel):
    """What to try: a saved rule by its id, or one that is only drafted. Without ``until``: now; without ``since``: a day before."""

    model_config = ConfigDict(extra="forbid")

    rule_id: int | None = None
    rule: RuleForm | None = None
    since: Instant | None = None
    until: Instant | None = None


class WouldHold(BaseModel):
    """The rule would have held so long; ``clear_at`` is null when it still did at the end."""

    since: str
    onset_at: str
    value: float
    peak: float
    clear_at: str | None
    closing: str | None


class BacktestOut(BaseModel):
    """``complete`` is false when it became too much: only what lies before ``judged_until`` was judged.

    ``minutes`` of the ``samples`` were roll-ups, judged by their ``minutes_by``: before ``raw_since`` readings are not kept as they came.
    """

    since: str
    judged_until: str
    raw_since: str
    complete: bool
    samples: int
    minutes: int
    minutes_by: Literal["", "mean", "high", "low", "l10", "l50", "l90"]
    events: Annotated[list[WouldHold], Field(max_length=backtest.MAX_HELD)]
    warnings: list[str]


@router.get("/devices/{slug:slug}/rules", response=RulePage)
def list_device_rules(request: HttpRequest, slug: str, page_: Query[Page]) -> HttpResponse:
    """The device's rules."""
    require(request, VIEW)
    _device(slug)
    return json_answer(page(rule_config.rules(slug), page_, rule_config.describe_rule, order=("name", "id")))


@router.post("/devices/{slug:slug}/rules", response={201: RuleShape})
def create_device_rule(request: HttpRequest, slug: str, body: RuleForm) -> HttpResponse:
    """Add a rule. A running monitor judges by it within two seconds."""
    require(request, ADD)
    rule = AlertRule(device=_device(slug))
    with transaction.atomic():
        rule_config.save_rule(rule, body)
    return json_answer(rule_config.describe_rule(rule), status=201)


@router.get("/devices/{slug:slug}/rules/events", response=EventPage)
def list_rule_events(request: HttpRequest, slug: str, page_: Query[Page], wanted: Query[EventFilter]) -> HttpResponse:
    """When the device's rules held, the newest first."""
    require(request, VIEW_EVENTS)
    return json_answer(page(rule_queries.events(_device(slug), wanted), page_, rule_queries.describe_event, order=("-id",)))


@router.post("/devices/{slug:slug}/rules/backtest", response=BacktestOut)
def backtest_rule(request: HttpRequest, slug: str, body: BacktestIn) -> HttpResponse:
    """When a rule would have held over what is stored. Nothing is changed, and nobody is told."""
    require(request, VIEW)
    require(request, VIEW_READINGS)
    rule = _tried(_device(slug), body)
    until: datetime = body.until or timezone.now()
    try:
        found = backtest.run(rule, since=body.since or until - timedelta(days=1), until=until)
    except (ValueError, OverflowError) as error:
        raise problems.invalid([(("body", "since"), str(error))]) from None
    except Busy as error:
        raise Problem(429, str(error), code="busy", headers={"Retry-After": "5"}) from None
    return json_answer(rule_queries.describe_found(found) | {"warnings": rule_config.warnings(rule)})


@router.get("/devices/{slug:slug}/rules/{int:key}", response=RuleShape)
def read_device_rule(request: HttpRequest, slug: str, key: int) -> HttpResponse:
    """One rule."""
    require(request, VIEW)
    return json_answer(rule_config.describe_rule(_rule(slug, key)))


@router.patch("/devices/{slug:slug}/rules/{int:key}", response=RuleShape)
def change_device_rule(request: HttpRequest, slug: str, key: int, body: RulePatch) -> HttpResponse:
    """Change a rule; what is not sent stays. Its open alert is resolved; it begins anew."""
    require(request, CHANGE)
    with transaction.atomic():
        AlertRule.objects.select_for_update(no_key=True).filter(pk=key).first()
        rule = _rule(slug, key)
        whole = rule_config.form_of(rule) | body.model_dump(exclude_unset=True)
        rule_config.save_rule(rule, RuleForm.model_validate(whole))
    return json_answer(rule_config.describe_rule(_rule(slug, key)))


@router.delete("/devices/{slug:slug}/rules/{int:key}", response={204: None})
def delete_device_rule(request: HttpRequest, slug: str, key: int) -> HttpResponse:
    """Delete a rule. Its open alert is resolved; its events stay."""
    require(request, DELETE)
    rule_config.delete_rule(_rule(slug, key))
    return HttpResponse(status=204)


def _device(slug: str) -> Device:
    return get_object_or_404(Device, slug=slug)


def _rule(slug: str, key: int) -> AlertRule:
    return get_object_or_404(rule_config.rules(slug), pk=key)


def _tried(device: Device, body: BacktestIn) -> AlertRule:
    """The rule to try. Raises a Problem."""
    if (body.rule is None) == (body.rule_id is None):
        raise problems.invalid([(("body",), "name exactly one: rule_id, or rule")])
    if body.rule is None:
        return _rule(device.slug, body.rule_id or 0)
    draft = rule_config.fill(AlertRule(device=device), body.rule)
    rule_config.check(draft)
    return draft
