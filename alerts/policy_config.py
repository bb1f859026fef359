"""Escalation policies as REST writes and shows them, with their steps and the last resort."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from pydantic import BaseModel, Field, StringConstraints

from alerts import policies
from alerts.enums import AckTimeoutAction, StopsAt
from alerts.models import EscalationPolicy, PolicyStep
from notifications.enums import Transport, Urgency
from notifications.models import OnCallSchedule, Recipient, RecipientGroup
from sentinel_site.lib.crud import STRICT, unknown

MONTH: Final = 31 * 86_400
MAX_STEPS: Final = 50

Seconds = Annotated[int, Field(ge=0, le=MONTH)]
Wait = Annotated[int, Field(ge=1, le=MONTH)]
Slugs = Annotated[list[Annotated[str, StringConstraints(max_length=60)]], Field(max_length=100)]
People = Annotated[list[UUID], Field(max_length=500)]
Schedules = Annotated[list[UUID], Field(max_length=100)]


class TargetsForm(BaseModel):
    """Whom to tell: groups by slug, recipients by id, on-call schedules by id (whoever is on call when the step is taken)."""

    model_config = STRICT

    groups: Slugs = Field(default_factory=list)
    recipients: People = Field(default_factory=list)
    schedules: Schedules = Field(default_factory=list)


class StepForm(TargetsForm):
    """One step; ``delay_seconds`` counts from when the alert was raised, ``kinds`` empty means every transport."""

    delay_seconds: Seconds = 0
    label: Annotated[str, StringConstraints(max_length=120)] = ""
    urgency: Urgency = Urgency.NORMAL
    kinds: list[Transport] = Field(default_factory=list)


class PolicyForm(BaseModel):
    """Ordered steps, and what ends them. Running alerts keep the policy they were raised with."""

    model_config = STRICT

    name: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
    stops_at: StopsAt = StopsAt.ACKNOWLEDGED
    seen_hold_seconds: Wait | None = None
    min_gap_seconds: Seconds = 60
    repeat_seconds: Wait | None = None
    last_resort_after_seconds: Seconds = 300
    expires_after_seconds: Wait = 7200
    seen_timeout_seconds: Wait = 14400
    ack_timeout_seconds: Wait = 7200
    ack_timeout_action: AckTimeoutAction | Literal["resolve", "escalate"] = AckTimeoutAction.ESCALATE
    last_resort: TargetsForm = Field(default_factory=TargetsForm)
    steps: Annotated[list[StepForm], Field(min_length=1, max_length=MAX_STEPS)]


class PolicyShape(PolicyForm):
    """A policy."""

    id: str


def rows() -> QuerySet[EscalationPolicy]:
    """Policies with what describing them needs."""
    return EscalationPolicy.objects.prefetch_related(*policies.PREFETCH)


def describe_policy(policy: EscalationPolicy) -> dict[str, Any]:
    """A policy as api.md shows it; its steps in their order."""
    document = policies.document(policy)
    steps = document["steps"] if policy.steps.all() else []
    return {"id": str(policy.pk), **document, "steps": steps}


def save_policy(policy: EscalationPolicy, form: PolicyForm, _by: User) -> None:
    """Write ``form`` onto ``policy``; its steps are replaced. Raises a 422 Problem for a group, recipient or schedule that is not there."""
    groups, people, schedules = _groups(form), _people(form), _schedules(form)
    for name, value in form.model_dump(exclude={"last_resort", "steps"}).items():
        setattr(policy, name, value)
    policy.full_clean()
    policy.save()
    policy.last_resort_groups.set([groups[slug] for slug in form.last_resort.groups])
    policy.last_resort_recipients.set([people[pk] for pk in form.last_resort.recipients])
    policy.last_resort_schedules.set([schedules[pk] for pk in form.last_resort.schedules])
    policy.steps.all().delete()
    for step in form.steps:
        stored = PolicyStep.objects.create(policy=policy, **step.model_dump(exclude={"groups", "recipients", "schedules"}))
        stored.groups.set([groups[slug] for slug in step.groups])
        stored.recipients.set([people[pk] for pk in step.recipients])
        stored.schedules.set([schedules[pk] for pk in step.schedules])


def _places(form: PolicyForm) -> Iterable[tuple[Sequence[str | int], TargetsForm]]:
    yield ["last_resort"], form.last_resort
    for number, step in enumerate(form.steps):
        yield ["steps", number], step


def _groups(form: PolicyForm) -> dict[str, RecipientGroup]:
    found = {group.slug: group for group in RecipientGroup.objects.filter(slug__in={s for _, part in _places(form) for s in part.groups})}
    for place, part in _places(form):
        for slug in part.groups:
            if slug not in found:
                raise unknown([*place, "groups"], f"no recipient group is called {slug!r}; see /api/v1/recipient-groups")
    return found


def _people(form: PolicyForm) -> dict[UUID, Recipient]:
    found = Recipient.objects.in_bulk({pk for _, part in _places(form) for pk in part.recipients})
    for place, part in _places(form):
        for pk in part.recipients:
            if pk not in found:
                raise unknown([*place, "recipients"], f"no recipient has the id {pk}; see /api/v1/recipients")
    return found


def _schedules(form: PolicyForm) -> dict[UUID, OnCallSchedule]:
    found = OnCallSchedule.objects.in_bulk({pk for _, part in _places(form) for pk in part.schedules})
    for place, part in _places(form):
        for pk in part.schedules:
            if pk not in found:
                raise unknown([*place, "schedules"], f"no on-call schedule has the id {pk}; see /api/v1/schedules")
    return found
