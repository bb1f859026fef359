"""Recipients and their groups."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter
from unfold.decorators import display

from notifications import proofs, reach
from notifications.admin.methods import MethodInline
from notifications.admin.proving import STATES, said
from notifications.admin.rules import RuleInline
from notifications.book import can_send
from notifications.models import Recipient, RecipientGroup
from sentinel_site.lib.lists import NoBulkDeleteMixin

UNREACHED = 10


class ReachFilter(admin.SimpleListFilter):
    """Who cannot be reached, and whom nothing has proved reachable for long."""

    title, parameter_name = _("reach"), "reach"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two questions."""
        return [("none", gettext("Cannot be reached")), ("stale", gettext("Not proved for 45 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recipient]) -> QuerySet[Recipient]:
        """The people of whom it is true."""
        if self.value() == "none":
            return queryset.filter(pk__in=[person.pk for person, _why in reach.unreached(limit=None)])
        stale = proofs.unproved(at=timezone.now()).values("recipient")
        return queryset.filter(pk__in=stale) if self.value() == "stale" else queryset


class OwnerAdmin(NoBulkDeleteMixin, ModelAdmin):
    """A person or a group. Whoever was ever told something stays: the record names them. Switch a person off instead."""

    inlines: tuple[Any, ...] = (MethodInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only those who were never told anything."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.notifications.exists())


@admin.register(Recipient)
class RecipientAdmin(OwnerAdmin):
    """People."""

    inlines = (MethodInline, RuleInline)
    list_before_template = "admin/notifications/recipient/unreached.html"
    list_display = ("name", "reachable", "proved", "in_groups", "user", "language", "active")
    list_filter = (ReachFilter, ("groups", AutocompleteSelectFilter), ("active", BooleanRadioFilter))
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    search_help_text = _("Name or account")
    autocomplete_fields = ("user",)
    fieldsets = (
        (_("Person"), {"fields": ("name", "user", ("language", "time_zone"), "active")}),
        (
            _("Quiet hours"),
            {
                "fields": (("quiet_from", "quiet_until"),),
                "description": _("Messages wait until they end. P1 and life-safety alerts come through."),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """With groups and methods, at once."""
        return super().get_queryset(request).prefetch_related("groups", "contact_methods")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, with who cannot be reached and why above it."""
        mute = reach.unreached(limit=UNREACHED + 1)
        shown = {"unreached": mute[:UNREACHED], "more_unreached": len(mute) > UNREACHED}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    @display(description=_("Reached by"), label={"nothing": "danger", "some": ""})
    def reachable(self, recipient: Recipient) -> tuple[str, str]:
        """The kinds of methods that can be used now."""
        kinds = {method.get_kind_display() for method in recipient.contact_methods.all() if can_send(method) and recipient.active}
        return ("some", ", ".join(sorted(kinds))) if kinds else ("nothing", gettext("nothing"))

    @display(description=_("Proof"), label=STATES)
    def proved(self, recipient: Recipient) -> tuple[str, str] | str:
        """The worst of what is known of the person's usable methods."""
        usable = [method for method in recipient.contact_methods.all() if method.usable]
        if any(proofs.is_stale(method, at=timezone.now()) for method in usable):
            return said("stale")
        return said("proved" if all(method.proved_at for method in usable) else "new") if usable else ""

    @display(description=_("Groups"))
    def in_groups(self, recipient: Recipient) -> str:
        """Their names."""
        return ", ".join(group.name for group in recipient.groups.all()) or "–"


@admin.register(RecipientGroup)
class RecipientGroupAdmin(OwnerAdmin):
    """People who are told together."""

    list_display = ("name", "slug", "people", "reachable")
    search_fields = ("slug", "name")
    search_help_text = _("Name or slug")
    autocomplete_fields = ("members",)
    prepopulated_fields: ClassVar = {"slug": ["name"]}
    fieldsets = ((_("Group"), {"fields": (("name", "slug"), "members")}),)

    def get_queryset(self, request: HttpRequest) -> Any:
        """With members and methods, at once."""
        return super().get_queryset(request).prefetch_related("members__contact_methods", "contact_methods")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The slug is what policies know it by, and stays."""
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> dict[str, list[str]]:
        """The slug follows the name until it is saved."""
        return {} if obj else dict(self.prepopulated_fields)

    @display(description=_("Members"))
    def people(self, group: RecipientGroup) -> str:
        """Their names."""
        return ", ".join(member.name for member in group.members.all()) or "–"

    @display(description=_("Reachable"), label={"nobody": "danger", "some": ""})
    def reachable(self, group: RecipientGroup) -> tuple[str, str]:
        """How many of them can be told now; the group's own methods count as one more."""
        count = sum(member.active and any(method.usable for method in member.contact_methods.all()) for member in group.members.all())
        own = any(method.usable for method in group.contact_methods.all())
        parts = [gettext("%(count)d of %(all)d") % {"count": count, "all": len(group.members.all())}] if count else []
        parts += [gettext("its own method")] if own else []
        return ("some", gettext(" and ").join(parts)) if parts else ("nobody", gettext("nobody"))
