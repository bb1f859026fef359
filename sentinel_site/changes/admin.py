"""The history of configuration in the admin: a list that nobody can edit, and each object's own history."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from sentinel_site.changes import finding, words
from sentinel_site.lib import configuration
from sentinel_site.lib.lists import BornFilter, LargeListMixin, ReadOnlyMixin
from sentinel_site.lib.permissions import caller
from sentinel_site.models import ConfigChange

PER_PAGE = 50
COLOURS = {"created": "success", "changed": "info", "deleted": "danger", "exported": "warning"}


class KindFilter(DropdownFilter):
    """What kind of thing changed."""

    title, parameter_name = _("what"), "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The kinds that the reader may look at."""
        return sorted(((label, words.thing(label).capitalize()) for label in finding.labels(caller(request))), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConfigChange]) -> QuerySet[ConfigChange]:
        """Those of one kind."""
        return queryset.filter(model=self.value()) if self.value() else queryset


@admin.register(ConfigChange)
class ConfigChangeAdmin(ReadOnlyMixin, LargeListMixin):
    """Who changed what, when, from where. Nobody edits it; after its time it is forgotten (SENTINEL_KEEP_CHANGES_DAYS)."""

    list_display = ("at", "who", "did", "what", "fields_changed", "way")
    list_filter = (
        KindFilter, ("action", ChoicesDropdownFilter), ("via", ChoicesDropdownFilter), ("by", AutocompleteSelectFilter), ("at", BornFilter)
    )  # fmt: skip
    search_fields = ("object_words", "by_name", "where")
    search_help_text = _("Words of what it is called, of who did it, or of the API key or command.")
    fieldsets = (
        (_("The change"), {"fields": ("at", "who", "way", "address", "done", "what", "now")}),
        (_("Before and after"), {"fields": ("table",)}),
    )
    readonly_fields = ("who", "way", "done", "what", "now", "table")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConfigChange]:
        """What the reader may look at."""
        return finding.visible(caller(request))

    def has_view_permission(self, request: HttpRequest, obj: ConfigChange | None = None) -> bool:
        """Who may read the history, and look at the thing itself."""
        return request.user.has_perm(finding.VIEW) and (obj is None or obj.model in finding.labels(caller(request)))

    @display(description=_("Who"), ordering="by_name")
    def who(self, change: ConfigChange) -> str:
        """Who did it."""
        return words.who(change)

    @display(description=_("Did"), label=COLOURS)
    def did(self, change: ConfigChange) -> tuple[str, str]:
        """Made, changed or deleted."""
        return change.action, change.get_action_display()

    @display(description=_("Did"))
    def done(self, change: ConfigChange) -> str:
        """The same in words alone, for its page."""
        return str(change.get_action_display())

    @display(description=_("What"))
    def what(self, change: ConfigChange) -> str:
        """The thing, by kind and name."""
        return f"{words.thing(change.model).capitalize()}: {change.object_words}"

    @display(description=_("Fields"))
    def fields_changed(self, change: ConfigChange) -> str:
        """Which of its fields."""
        return words.summary(change) or words.NOTHING

    @display(description=_("From where"))
    def way(self, change: ConfigChange) -> str:
        """The admin, REST with which key, a command."""
        return ", ".join(filter(None, (change.get_via_display(), change.where)))

    @display(description=_("As it is now"))
    def now(self, change: ConfigChange) -> str:
        """A link to the thing, and to its whole history."""
        return _links(change) or words.NOTHING

    @display(description=_("Before and after"))
    def table(self, change: ConfigChange) -> SafeString:
        """Each field in words."""
        return render_to_string("admin/sentinel_site/configchange/fields.html", {"lines": words.lines(change), "change": change})


def history(request: HttpRequest, app: str, model: str, object_id: str) -> HttpResponse:
    """The history of one object with before and after; of what has none, Django's own page. Mounted in front of the admin's."""
    found = next((row_model for row_model in admin.site._registry if row_model._meta.label_lower == f"{app}.{model}"), None)
    if found is None:
        raise Http404
    model_admin, key = admin.site._registry[found], unquote(object_id)
    if found not in configuration.kinds() or not request.user.has_perm(finding.VIEW):
        return model_admin.history_view(request, object_id)
    row = model_admin.get_object(request, key)
    changes = finding.of(found, key if row is None else row.pk, user=caller(request))
    if not (model_admin.has_view_or_change_permission(request, row)):
        raise PermissionDenied
    if row is None and not changes.exists():
        raise Http404
    return _page(request, found, row, changes)


def _page(request: HttpRequest, model: type[Model], row: Model | None, changes: QuerySet[ConfigChange]) -> HttpResponse:
    shown = Paginator(changes, PER_PAGE).get_page(request.GET.get("p"))
    entries = [
        {"change": change, "who": words.who(change), "thing": words.thing(change.model), "lines": words.lines(change),
         "colour": COLOURS[change.action]} for change in shown
    ]  # fmt: skip
    name = str(row) if row is not None else shown[0].object_words
    title = gettext("History: %(name)s") % {"name": name}
    context = {
        **admin.site.each_context(request), "title": title, "opts": model._meta, "object": row, "original": row,
        "entries": entries, "page": shown, "own": model._meta.label_lower,
    }  # fmt: skip
    return TemplateResponse(request, "admin/sentinel_site/configchange/history.html", context)


def _links(change: ConfigChange) -> SafeString | str:
    model = words.model_of(change)
    if model is None or change.action == ConfigChange.Action.DELETED:
        return ""
    try:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        here, whole = reverse(f"{name}_change", args=[change.object_id]), reverse(f"{name}_history", args=[change.object_id])
    except NoReverseMatch:
        return ""
    text = '<a class="snt-link" href="{}">{}</a> · <a class="snt-link" href="{}">{}</a>'
    return format_html(text, here, gettext("Open it"), whole, gettext("Its whole history"))
