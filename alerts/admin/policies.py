"""Escalation policies with their steps, and what they mean in plain words."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, StackedInline
from unfold.decorators import display

from alerts.admin.foresight import ForesightMixin
from alerts.admin.forms import StepForm
from alerts.admin.linting import LintedMixin
from alerts.enums import AckTimeoutAction, StopsAt
from alerts.models import EscalationPolicy, PolicyStep
from notifications.enums import Transport
from notifications.models import OnCallSchedule, Recipient, RecipientGroup
from sentinel_site.lib.spans import exact

READ = (
    "steps__recipients__contact_methods", "steps__groups__contact_methods", "steps__groups__members__contact_methods",
    "steps__schedules__rotations__members__recipient__contact_methods",
    "last_resort_recipients__contact_methods", "last_resort_groups__contact_methods", "last_resort_groups__members__contact_methods",
    "last_resort_schedules__rotations__members__recipient__contact_methods",
)  # fmt: skip


class StepInline(StackedInline):
    """The steps of a policy."""

    model = PolicyStep
    form = StepForm
    fields = (("delay_seconds", "urgency"), "label", "groups", "schedules", "recipients", "kinds")
    collapsible = True
    autocomplete_fields = ("groups", "schedules", "recipients")
    extra = 0
    min_num = 1

    def get_queryset(self, request: HttpRequest) -> Any:
        """With everybody named, at once."""
        return super().get_queryset(request).prefetch_related("groups", "schedules", "recipients")


@admin.register(EscalationPolicy)
class EscalationPolicyAdmin(ForesightMixin, LintedMixin, ModelAdmin):
    """Whom to tell, when and how. Alerts that already run keep the policy they were raised with."""

    inlines = (StepInline,)
    list_display = ("name", "count_steps", "stops_at", "warnings")
    search_fields = ("name",)
    autocomplete_fields = ("last_resort_groups", "last_resort_schedules", "last_resort_recipients")
    change_form_outer_before_template = "admin/alerts/escalationpolicy/meaning.html"
    fieldsets = (
        ("Policy", {"fields": ("name", ("stops_at", "seen_hold_seconds"))}),
        ("When nobody answers", {"fields": (
            "last_resort_groups", "last_resort_schedules", "last_resort_recipients", ("last_resort_after_seconds", "repeat_seconds"),
            ("expires_after_seconds", "min_gap_seconds"),
        )}),
        ("When somebody did", {"fields": (("seen_timeout_seconds", "ack_timeout_seconds"), "ack_timeout_action")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """With steps, people and methods: a fixed number of queries."""
        return super().get_queryset(request).prefetch_related(*READ)

    @display(description="Steps")
    def count_steps(self, policy: EscalationPolicy) -> int:
        """How many steps it has."""
        return len(policy.steps.all())

    @display(description="What will not work")
    def warnings(self, policy: EscalationPolicy) -> str:
        """What will not work as it is."""
        return " ".join(warning for _, warning in meaning(policy) if warning) or "–"

    def has_delete_permission(self, request: HttpRequest, obj: EscalationPolicy | None = None) -> bool:
        """Not one that a route or a source uses."""
        used = obj is not None and (obj.routes.exists() or obj.sources.exists())
        return super().has_delete_permission(request, obj) and not used

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """The form, under a summary of what happens with the policy as it was saved."""
        policy = self.get_object(request, object_id)
        context = {"meaning": meaning(policy)} if isinstance(policy, EscalationPolicy) else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})


def meaning(policy: EscalationPolicy) -> list[tuple[str, str]]:
    """What ``policy`` does, in order: (sentence, warning) pairs; the warning is empty when all is well."""
    steps = sorted(policy.steps.all(), key=lambda step: (step.delay_seconds, step.pk))
    lines = [_step(step) for step in steps]
    if not lines:
        lines.append(("It has no step.", "It has no step: nobody is told before the last resort."))
    last = steps[-1].delay_seconds if steps else 0
    lines.append(_last_resort(policy, after=last + policy.last_resort_after_seconds))
    if policy.repeat_seconds:
        lines.append((f"After that, the last step is repeated every {exact(policy.repeat_seconds)}.", ""))
    stops = "somebody acknowledges" if policy.stops_at == StopsAt.ACKNOWLEDGED else "somebody opens it"
    hold = f" It goes on when they do not acknowledge within {exact(policy.seen_hold_seconds)}." if policy.seen_hold_seconds else ""
    lines.append((f"It stops as soon as {stops}.{hold if policy.stops_at == StopsAt.SEEN else ''}", ""))
    lines.append((f"Unanswered alerts expire after {exact(policy.expires_after_seconds)}.", _too_early(policy, last)))
    ends = "told again" if policy.ack_timeout_action == AckTimeoutAction.ESCALATE else "resolved by Sentinel"
    lines.append((f"Acknowledged alerts that are not resolved within {exact(policy.ack_timeout_seconds)} are {ends}.", ""))
    return lines


def _step(step: PolicyStep) -> tuple[str, str]:
    by = ", ".join(str(Transport(kind).label).lower() for kind in step.kinds if kind in Transport.values) or "every transport they have"
    groups, people, schedules = step.groups.all(), step.recipients.all(), step.schedules.all()
    text = f"At {exact(step.delay_seconds)}{f' “{step.label}”' if step.label else ''}: {_named(groups, people, schedules)} by {by}."
    return text, "" if reaches(groups, people, schedules) else f"The step at {exact(step.delay_seconds)} reaches nobody."


def _last_resort(policy: EscalationPolicy, *, after: int) -> tuple[str, str]:
    groups, people, schedules = policy.last_resort_groups.all(), policy.last_resort_recipients.all(), policy.last_resort_schedules.all()
    text = f"At {exact(after)}, when nobody answered: {_named(groups, people, schedules)} as the last resort."
    return text, "" if reaches(groups, people, schedules) else "The last resort reaches nobody."


def _too_early(policy: EscalationPolicy, last: int) -> str:
    if policy.expires_after_seconds <= last + policy.last_resort_after_seconds:
        return "It expires before the last resort is told."
    return ""


def _named(groups: Iterable[RecipientGroup], people: Iterable[Recipient], schedules: Iterable[OnCallSchedule]) -> str:
    names = [f"group {group.name}" for group in groups] + [f"whoever is on call in {schedule.name}" for schedule in schedules]
    return ", ".join(names + [person.name for person in people]) or "nobody"


def reaches(groups: Iterable[RecipientGroup], people: Iterable[Recipient], schedules: Iterable[OnCallSchedule]) -> bool:
    """Whether anybody named, or taking turns in a schedule that is named, has a contact method that can be used now."""
    everyone = [*people, *(member for group in groups for member in group.members.all())]
    everyone += [member.recipient for each in schedules for rotation in each.rotations.all() for member in rotation.members.all()]
    own = (method for group in groups for method in group.contact_methods.all())
    theirs = (method for person in everyone if person.active for method in person.contact_methods.all())
    return any(method.usable for method in [*own, *theirs])
