"""Routes: which policy and priority a report gets. The catch-all can neither be deleted nor given a condition."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from alerts.admin.counting import counted
from alerts.admin.forms import RouteForm
from alerts.admin.linting import LintedMixin, LintPageMixin, say
from alerts.admin.prefilled import PrefilledMixin
from alerts.admin.who_gets_what import WhoGetsWhatMixin
from alerts.models import Route
from sentinel_site.lib.field_checks import FieldChecksMixin
from sentinel_site.lib.lists import NoBulkDeleteMixin


@admin.register(Route)
class RouteAdmin(FieldChecksMixin, PrefilledMixin, LintPageMixin, WhoGetsWhatMixin, LintedMixin, NoBulkDeleteMixin, ModelAdmin):
    """The list is in the order in which routes are asked, and is dragged into another."""

    form = RouteForm
    field_checks: ClassVar = {"matchers": counted("matchers")}
    prefilled = ("position", "matchers", "policy", "priority")
    list_display = ("place", "conditions", "policy", "priority", "goes_on", "enabled")
    ordering_field = "position"
    hide_ordering_field = True
    list_before_template = "admin/alerts/route/order.html"
    list_per_page = 400  # a page is one form, and Django refuses forms of more than 1000 fields
    list_display_links = ("place", "conditions")
    list_select_related = ("source", "policy")
    sortable_by = ()
    autocomplete_fields = ("source", "policy")
    fieldsets = (
        (_("When"), {"fields": ("position", "matchers", "source", "enabled")}),
        (_("Only in these hours"), {"fields": (("hours_from", "hours_until"), "weekdays", "time_zone")}),
        (_("Then"), {"fields": ("policy", "priority", "continues")}),
    )

    class Media:
        js = ("admin_sentinel/routes.js",)

    @display(description=pgettext_lazy("order", "Place"))
    def place(self, route: Route) -> str:
        """Its place in the order; marked for the script that moves it."""
        mark, shown = ("catch-all", gettext("last")) if route.catch_all else ("place", route.position)
        return format_html("<span data-{}>{}</span>", mark, shown)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; after a new order was saved, what the linter says of it."""
        response = super().changelist_view(request, extra_context)
        if request.method == "POST" and "_save" in request.POST and response.status_code == 302:
            say(request, *Route.objects.all())
        return response

    @display(description=_("When"))
    def conditions(self, route: Route) -> str:
        """What must hold."""
        conditions = [
            *([gettext("source is %(source)s") % {"source": route.source}] if route.source else []),
            *route.matchers,
            *route.limits,
        ]
        if route.catch_all:
            return gettext("catch-all: everything no route before took")
        return gettext(" and ").join(conditions) or gettext("everything")

    @display(description=_("Then go on"), boolean=True)
    def goes_on(self, route: Route) -> bool:
        """Whether later routes are asked, too."""
        return route.continues

    def get_fieldsets(self, request: HttpRequest, obj: Route | None = None) -> Any:
        """The catch-all has a policy and a priority, and nothing else."""
        if obj is not None and obj.catch_all:
            return ((_("Everything no route before took"), {"fields": ("policy", "priority")}),)
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
