"""Rules as REST and the admin write and show them: checked whole, with a warning where a rule is possible and will disappoint."""

import re
from datetime import time
from typing import Annotated, Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from alerts.enums import Severity
from devices import aggregates
from devices.enums import Comparison, RulePhase
from devices.models import AlertRule, Device
from devices.models.rule import DAY_SECONDS, WEEKDAYS
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.problems import Problem

MAX_RULES: Final = 50
"""Of one device: each is judged for every sample."""
FULL: Final = f"A device can have {MAX_RULES} rules. Delete one that is not needed any more."
MAX_LEVEL: Final = 1e9
_METRIC: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def _aggregate(text: str) -> str:
    return str(aggregates.parse(text) or "")


def _clock(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("is a time of day at the device's place; write it without a zone, for example 22:00")
    return value.replace(microsecond=0)


Seconds = Annotated[int, Field(ge=0, le=DAY_SECONDS)]
Level = Annotated[float, Field(ge=-MAX_LEVEL, le=MAX_LEVEL, allow_inf_nan=False)]
Clock = Annotated[time, AfterValidator(_clock)]


class RuleForm(BaseModel):
    """Raise an alert when ``metric`` (or its aggregate) stays beyond ``threshold``, and resolve it when it came back."""

    model_config = STRICT

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    metric: Annotated[str, Field(description="As in the device's readings.", pattern=f"^{_METRIC.pattern}$")] = "lp"
    aggregate: Annotated[
        Annotated[str, StringConstraints(max_length=20), AfterValidator(_aggregate)] | None, Field(description=aggregates.HELP)
    ] = None
    comparison: Comparison = Comparison.ABOVE
    threshold: Level
    sustained_seconds: Seconds = 2
    hysteresis: Annotated[float, Field(ge=0, le=MAX_LEVEL, allow_inf_nan=False)] = 3.0
    cooldown_seconds: Seconds = 300
    window_from: Clock | None = None
    window_until: Clock | None = None
    weekdays: Annotated[list[Annotated[int, Field(ge=0, lt=WEEKDAYS)]], Field(max_length=WEEKDAYS)] = []
    severity: Severity = Severity.HIGH
    enabled: bool = True


class RuleShape(RuleForm):
    """A rule, and how far it is."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: int
    version: int
    phase: RulePhase
    warnings: list[str]


def rules(slug: str) -> QuerySet[AlertRule]:
    """The rules of one device."""
    return AlertRule.objects.select_related("device", "state").filter(device__slug=slug)


def describe_rule(rule: AlertRule) -> dict[str, Any]:
    """A rule as api.md shows it."""
    return {
        "id": rule.pk,
        **form_of(rule),
        "version": rule.version,
        "phase": phase(rule),
        "warnings": warnings(rule),
    }


def form_of(rule: AlertRule) -> dict[str, Any]:
    """The rule's present values, as its form takes them."""
    values = {name: getattr(rule, name) for name in RuleForm.model_fields}
    clocks = {name: values[name] and values[name].isoformat() for name in ("window_from", "window_until")}
    return {**values, **clocks, "aggregate": rule.aggregate or None, "weekdays": sorted(rule.weekdays)}


def save_rule(rule: AlertRule, form: RuleForm) -> None:
    """Write ``form`` onto a rule whose device is set. Raises ValidationError, and a Problem when the device has too many."""
    if rule.pk is None and not has_room(rule.device):
        raise Problem(409, FULL, code="too_many_rules")
    fill(rule, form)
    check(rule)
    rule.full_clean()
    save(rule)


def has_room(device: Device) -> bool:
    """Whether the device may have one more rule."""
    return AlertRule.objects.filter(device=device).count() < MAX_RULES


def phase(rule: AlertRule) -> str:
    """How far the rule is, as it was stored; quiet for a version that nothing is stored of."""
    state = getattr(rule, "state", None)
    return str(state.phase) if state is not None and state.version == rule.version else RulePhase.QUIET.value


def fill(rule: AlertRule, form: RuleForm) -> AlertRule:
    """``rule`` with the form's values, not saved: also for drafts."""
    for name, value in form.model_dump(exclude={"aggregate", "weekdays"}).items():
        setattr(rule, name, value)
    rule.aggregate, rule.weekdays = form.aggregate or "", form.weekdays
    return rule


def save(rule: AlertRule) -> None:
    """Save a checked rule. Where it differs from what is stored its version is raised, which ends its open event (receivers.py)."""
    with transaction.atomic():
        rule.weekdays = sorted(set(rule.weekdays))
        stored = AlertRule.objects.select_for_update(no_key=True).filter(pk=rule.pk).first()
        if stored is not None:
            rule.version = stored.version + (form_of(stored) != form_of(rule))
        rule.save()


def delete_rule(rule: AlertRule) -> None:
    """Delete ``rule``; its open event ends (receivers.py), and its events stay."""
    with transaction.atomic():
        rule.delete()


def check(rule: AlertRule) -> None:
    """What cannot be, said with its field and the way out. Raises ValidationError."""
    faults: dict[str, str] = {}
    try:
        aggregate = aggregates.parse(rule.aggregate)
    except ValueError as error:
        faults["aggregate"] = str(error)
        aggregate = None
    if not _METRIC.fullmatch(rule.metric):
        faults["metric"] = "is made of small letters, digits and underscores, for example lp, sub1_lp or humidity"
    elif aggregate is not None and aggregates.is_cumulative(rule.metric):
        level = aggregates.fed_by(rule.metric, aggregate)
        faults["metric"] = f"{aggregate} is computed from the level itself, not from what the meter accumulates: write {level}"
    if (rule.window_from is None) != (rule.window_until is None):
        faults["window_until" if rule.window_until is None else "window_from"] = "give both the start and the end of the hours, or neither"
    if any(day not in range(WEEKDAYS) for day in rule.weekdays):
        faults["weekdays"] = "are numbers from 0, Monday, to 6, Sunday"
    if not abs(rule.threshold) <= MAX_LEVEL:
        faults["threshold"] = "must be a number"
    if not 0 <= rule.hysteresis <= MAX_LEVEL:
        faults["hysteresis"] = "must be a number from 0"
    if faults:
        raise ValidationError(faults)


def warnings(rule: AlertRule) -> list[str]:
    """What is allowed, and will not do what its author expects."""
    found = []
    if not rule.aggregate and aggregates.is_cumulative(rule.metric):
        metric, aggregate = aggregates.instead_of(rule.metric)
        found.append(
            _(
                "The meter accumulates %(metric)s from the start of its measurement: once beyond, it cannot come back, and its alert"
                " cannot end by itself, before the measurement ends. Take metric %(other)s with aggregate %(aggregate)s instead."
            )
            % {"metric": rule.metric, "other": metric, "aggregate": aggregate}
        )
    if not rule.device.is_polled and rule.sustained_seconds and not rule.aggregate:
        found.append(
            _(
                "A device that pushes is judged when a reading comes: the alert waits for the first one that is at least"
                " %(n)s seconds newer than the first one beyond. With sustained_seconds 0 a single reading is enough."
            )
            % {"n": rule.sustained_seconds}
        )
    if rule.device.is_polled and not rule.device.keepalive and rule.enabled:
        found.append(_("The device is watched only while somebody looks at it (keepalive is off): the rule sees nothing at other times."))
    return found
