"""Escalation policies with their steps, and what they mean in plain words."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline
from unfold.decorators import display

from alerts.admin.foresight import ForesightMixin
from alerts.admin.forms import StepForm
from alerts.admin.linting import LintedMixin
from alerts.enums import AckTimeoutAction, StopsAt
from alerts.models import EscalationPolicy, PolicyStep
from notifications.enums import Transport
from notifications.models import OnCallSchedule, Recipient, RecipientGroup
from sentinel_site.lib.ages import precise

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
    search_help_text = _("Name")
    autocomplete_fields = ("last_resort_groups", "last_resort_schedules", "last_resort_recipients")
    change_form_outer_before_template = "admin/alerts/escalationpolicy/meaning.html"
    fieldsets = (
        (_("Policy"), {"fields": ("name", ("stops_at", "seen_hold_seconds"))}),
        (_("When nobody answers"), {"fields": (
            "last_resort_groups", "last_resort_schedules", "last_resort_recipients", ("last_resort_after_seconds", "repeat_seconds"),
            ("expires_after_seconds", "min_gap_seconds"),
        )}),
        (_("When somebody did"), {"fields": (("seen_timeout_seconds", "ack_timeout_seconds"), "ack_timeout_action")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """With steps, people and methods: a fixed number of queries."""
        return super().get_queryset(request).prefetch_related(*READ)

    @display(description=_("Steps"))
    def count_steps(self, policy: EscalationPolicy) -> int:
        """How many steps it has."""
        return len(policy.steps.all())

    @display(description=_("What will not work"))
    def warnings(self, policy: EscalationPolicy) -> str:
        """What will not work as it is."""
        return " ".join(warning for _text, warning in meaning(policy) if warning) or "–"

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
        lines.append((gettext("It has no step."), gettext("It has no step: nobody is told before the last resort.")))
    last = steps[-1].delay_seconds if steps else 0
    lines.append(_last_resort(policy, after=last + policy.last_resort_after_seconds))
    if policy.repeat_seconds:
        lines.append((gettext("After that, the last step is repeated every %(time)s.") % {"time": precise(policy.repeat_seconds)}, ""))
    lines.append((_stops(policy), ""))
    expires = gettext("Unanswered alerts expire after %(time)s.") % {"time": precise(policy.expires_after_seconds)}
    lines.append((expires, _too_early(policy, last)))
    lines.append((_ends(policy) % {"time": precise(policy.ack_timeout_seconds)}, ""))
    return lines


def _stops(policy: EscalationPolicy) -> str:
    if policy.stops_at == StopsAt.ACKNOWLEDGED:
        return gettext("It stops as soon as somebody acknowledges.")
    said = gettext("It stops as soon as somebody opens it.")
    if policy.seen_hold_seconds:
        hold = {"time": precise(policy.seen_hold_seconds)}
        said += " " + gettext("It goes on when they do not acknowledge within %(time)s.") % hold
    return said


def _ends(policy: EscalationPolicy) -> str:
    if policy.ack_timeout_action == AckTimeoutAction.ESCALATE:
        return gettext("Acknowledged alerts that are not resolved within %(time)s are told again.")
    return gettext("Acknowledged alerts that are not resolved within %(time)s are resolved by Sentinel.")


def _step(step: PolicyStep) -> tuple[str, str]:
    kinds = ", ".join(str(Transport(kind).label).lower() for kind in step.kinds if kind in Transport.values)
    groups, people, schedules = step.groups.all(), step.recipients.all(), step.schedules.all()
    facts = {
        "time": precise(step.delay_seconds), "label": f" “{step.label}”" if step.label else "", "who": _named(groups, people, schedules),
        "kinds": kinds or gettext("every transport they have"),
    }  # fmt: skip
    text = gettext("At %(time)s%(label)s: %(who)s by %(kinds)s.") % facts
    return text, "" if reaches(groups, people, schedules) else gettext("The step at %(time)s reaches nobody.") % facts


def _last_resort(policy: EscalationPolicy, *, after: int) -> tuple[str, str]:
    groups, people, schedules = policy.last_resort_groups.all(), policy.last_resort_recipients.all(), policy.last_resort_schedules.all()
    facts = {"time": precise(after), "who": _named(groups, people, schedules)}
    text = gettext("At %(time)s, when nobody answered: %(who)s as the last resort.") % facts
    return text, "" if reaches(groups, people, schedules) else gettext("The last resort reaches nobody.")


def _too_early(policy: EscalationPolicy, last: int) -> str:
    if policy.expires_after_seconds <= last + policy.last_resort_after_seconds:
        return gettext("It expires before the last resort is told.")
    return ""


def _named(groups: Iterable[RecipientGroup], people: Iterable[Recipient], schedules: Iterable[OnCallSchedule]) -> str:
    names = [gettext("group %(name)s") % {"name": group.name} for group in groups]
    names += [gettext("whoever is on call in %(name)s") % {"name": schedule.name} for schedule in schedules]
    return ", ".join(names + [person.name for person in people]) or gettext("nobody")


def reaches(groups: Iterable[RecipientGroup], people: Iterable[Recipient], schedules: Iterable[OnCallSchedule]) -> bool:
    """Whether anybody named, or taking turns in a schedule that is named, has a contact method that can be used now."""
    everyone = [*people, *(member for group in groups for member in group.members.all())]
    everyone += [member.recipient for each in schedules for rotation in each.rotations.all() for member in rotation.members.all()]
    own = (method for group in groups for method in group.contact_methods.all())
    theirs = (method for person in everyone if person.active for method in person.contact_methods.all())
    return any(method.usable for method in [*own, *theirs])
