"""Routes: which policy and priority a report gets. The catch-all can neither be deleted nor given a condition."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from alerts.admin.forms import RouteForm
from alerts.admin.linting import LintedMixin, LintPageMixin
from alerts.admin.who_gets_what import WhoGetsWhatMixin
from alerts.models import Route
from sentinel_site.lib.lists import NoBulkDeleteMixin


@admin.register(Route)
class RouteAdmin(LintPageMixin, WhoGetsWhatMixin, LintedMixin, NoBulkDeleteMixin, ModelAdmin):
    """The list is in the order in which routes are asked."""

    form = RouteForm
    list_display = ("place", "conditions", "policy", "priority", "goes_on", "enabled")
    list_display_links = ("place", "conditions")
    list_select_related = ("source", "policy")
    sortable_by = ()
    autocomplete_fields = ("source", "policy")
    fieldsets = (
        ("When", {"fields": ("position", "matchers", "source", "enabled")}),
        ("Only in these hours", {"fields": (("hours_from", "hours_until"), "weekdays", "time_zone")}),
        ("Then", {"fields": ("policy", "priority", "continues")}),
    )

    @display(description="Place")
    def place(self, route: Route) -> str:
        """Its place in the order."""
        return "last" if route.catch_all else str(route.position)

    @display(description="When")
    def conditions(self, route: Route) -> str:
        """What must hold."""
        conditions = [*([f"source is {route.source}"] if route.source else []), *route.matchers, *route.limits]
        return "catch-all: everything no route before took" if route.catch_all else " and ".join(conditions) or "everything"

    @display(description="Then go on", boolean=True)
    def goes_on(self, route: Route) -> bool:
        """Whether later routes are asked, too."""
        return route.continues

    def get_fieldsets(self, request: HttpRequest, obj: Route | None = None) -> Any:
        """The catch-all has a policy and a priority, and nothing else."""
        if obj is not None and obj.catch_all:
            return (("Everything no route before took", {"fields": ("policy", "priority")}),)
        return super().get_fieldsets(request, obj)

    def get_form(self, request: HttpRequest, obj: Route | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The catch-all must have a policy."""
        form = super().get_form(request, obj, change, **kwargs)
        if obj is not None and obj.catch_all and "policy" in form.base_fields:
            form.base_fields["policy"].required = True
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Route | None = None) -> bool:
        """Not the catch-all: without it a report could go nowhere."""
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.catch_all)
