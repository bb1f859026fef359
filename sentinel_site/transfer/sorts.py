"""What can be taken out and in: each sort of row with REST's own form and REST's own way to save it. Rows are named, never numbered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel

from alerts.api_config import INHIBITIONS, POLICIES, ROUTES, SILENCES, SOURCES, WINDOWS
from alerts.models import Silence
from backups.api import JOBS as BACKUPS
from devices.api import DEVICES
from jobs.api import JOBS
from notifications import methods, rule_config
from notifications.api import GROUPS, RECIPIENTS
from notifications.api_schedules import SCHEDULES
from notifications.enums import Transport
from notifications.models import ContactMethod, NotificationRule, OnCallOverride
from sentinel_site.lib.crud import Resource
from sentinel_site.transfer import planned
from sentinel_site.transfer.names import Names

OPEN_KINDS: Final = (Transport.EMAIL, Transport.SMS, Transport.VOICE)
"""Addresses that are no keys by themselves; those of all other kinds never leave."""


@dataclass(frozen=True)
class Sort:
    """One sort of row. ``key`` are the fields that tell two apart, ``also`` those that do where several have the same; ``hidden`` are never
    taken out, and stay when something is taken in."""

    name: str
    title: Any
    model: type[Model]
    rows: Callable[[], QuerySet[Any]]
    form: type[BaseModel]
    form_of: Callable[[Any], dict[str, Any]]
    save: Callable[[Any, Any, User], None]
    key: tuple[str, ...]
    changed: Callable[[], None] = lambda: None
    hidden: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    sees: str = "view"
    """The permission that taking out needs."""

    def may(self, user: User, verb: str) -> bool:
        """Whether ``user`` may take out (``view``) or take in (``change``)."""
        meta = self.model._meta
        wanted = (self.sees,) if verb == "view" else (self.sees, "view", "add", "change")
        return all(user.has_perm(f"{meta.app_label}.{each}_{meta.model_name}") for each in wanted)

    @property
    def columns(self) -> list[str]:
        """The fields of a file."""
        names = [field.alias or name for name, field in self.form.model_fields.items()]
        return [name for name in names if name not in self.hidden]

    def values(self, row: Any, names: Names) -> dict[str, Any]:
        """A row as a file has it."""
        found = self.form_of(row)
        return {name: names.named(name, found.get(name)) for name in self.columns}


def _of(resource: Resource[Any], title: Any, *key: str, hidden: tuple[str, ...] = (), name: str = "") -> Sort:
    return Sort(
        name or resource.path, title, resource.rows.model, lambda: resource.rows.order_by(*resource.order), resource.form,
        resource.form_of, resource.save, key, resource.changed, hidden,
    )  # fmt: skip


def _methods() -> QuerySet[ContactMethod]:
    return ContactMethod.objects.select_related("recipient", "group").filter(kind__in=OPEN_KINDS)


def _save_method(method: ContactMethod, form: methods.MethodForm, by: User) -> None:
    if form.kind not in OPEN_KINDS:
        raise ValidationError(f"Only {', '.join(OPEN_KINDS)} come by files: other addresses are keys. Add this one by hand.")
    methods.save_method(method, form, by)


def _method_values(method: ContactMethod) -> dict[str, Any]:
    return methods.form_of(method) | {"recipient": method.recipient_id and str(method.recipient_id), "verified": method.verified}


METHODS: Final = Sort(
    "contact-methods", _("Contact methods"), ContactMethod, lambda: _methods().order_by("recipient__name", "order", "id"),
    methods.MethodForm, _method_values, _save_method, ("recipient", "group", "kind", "address"), hidden=("secret",), sees="change",
)  # fmt: skip
RULES: Final = Sort(
    "notification-rules", _("Notification rules"), NotificationRule, planned.rules, rule_config.NotificationRuleForm, rule_config.form_of,
    rule_config.save_rule, ("recipient", "priority_from", "priority_to", "kind", "method"), also=("delay_seconds",),
)  # fmt: skip
OVERRIDES: Final = Sort(
    "overrides", _("Overrides"), OnCallOverride, planned.overrides, planned.OverrideRow, planned.override_values, planned.save_override,
    ("schedule", "starts_at", "recipient"),
)  # fmt: skip
COMING_SILENCES: Final = Sort(
    SILENCES.path, _("Silences"), Silence, planned.silences, SILENCES.form, SILENCES.form_of, SILENCES.save, ("matchers", "starts_at"),
)  # fmt: skip
PLACE: Final = (
    "company_name", "city", "neighborhood", "agent_id_responsible", "database_name", "expected_hour_utc", "expected_minute_utc", "slug",
)  # fmt: skip
SORTS: Final[Mapping[str, Sort]] = {
    sort.name: sort
    for sort in (
        _of(RECIPIENTS, _("Recipients"), "name"),
        METHODS,
        RULES,
        _of(GROUPS, _("Groups"), "slug"),
        _of(SCHEDULES, _("On-call schedules"), "name"),
        OVERRIDES,
        _of(POLICIES, _("Escalation policies"), "name"),
        _of(SOURCES, _("Sources"), "slug", hidden=("webhook_secret",)),
        _of(ROUTES, _("Routes"), "position"),
        _of(INHIBITIONS, _("Inhibitions"), "name"),
        _of(WINDOWS, _("Maintenance windows"), "name"),
        COMING_SILENCES,
        _of(DEVICES, _("Devices"), "slug", hidden=("password",)),
        _of(BACKUPS, _("Expected backups"), *PLACE, name="expected-backups"),
        _of(JOBS, _("Jobs"), "slug", hidden=("http_url", "http_headers")),
    )
}
"""In the order in which they are best taken in: what is named goes before what names it."""
