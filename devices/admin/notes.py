"""Technicians' notes: write them, see what was found, resolve and archive."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from devices import bulk_deeds, noting
from devices.enums import FindingStatus
from devices.models import NoteFinding, TechnicianNote
from sentinel_site.lib import bulk_asking
from sentinel_site.lib.lists import NoBulkDeleteMixin, ReadOnlyMixin
from sentinel_site.lib.permissions import caller

STATUS_COLOURS = {FindingStatus.OPEN: "danger", FindingStatus.RESOLVED: "success", FindingStatus.ARCHIVED: "info"}


@admin.register(TechnicianNote)
class TechnicianNoteAdmin(NoBulkDeleteMixin, ModelAdmin):
    """A note is scanned once, when it is written, and stays as it is: what it raised went out to people."""

    list_display = ("written", "about", "beginning", "author", "state")
    list_select_related = ("device", "author")
    list_filter = (("device", AutocompleteSelectFilter), ("findings__kind", ChoicesDropdownFilter))
    list_filter_submit = True
    search_fields = ("text", "place", "device__name")
    search_help_text = _("Words of the note, device or place")
    ordering = ("-id",)
    actions = (bulk_asking.action(bulk_deeds.RESOLVE_NOTES, "change"), bulk_asking.action(bulk_deeds.ARCHIVE_NOTES, "change"))
    autocomplete_fields = ("device",)

    def get_fieldsets(self, request: HttpRequest, obj: TechnicianNote | None = None) -> Any:
        """What was found is shown when there is something to find it in."""
        fields = ("device", "place", "text")
        return [(None, {"fields": (*fields, "author", "written_at", "archived_at", "found") if obj else fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: TechnicianNote | None = None) -> Any:
        """A note that is written stays."""
        return ("device", "place", "text", "author", "written_at", "archived_at", "found") if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[TechnicianNote]:
        """With how much is open of each."""
        open_ones = Count("findings", filter=Q(findings__status=FindingStatus.OPEN))
        return super().get_queryset(request).defer("device__password").annotate(open_ones=open_ones, all_ones=Count("findings"))

    def has_change_permission(self, request: HttpRequest, obj: TechnicianNote | None = None) -> bool:
        """Nobody changes one: it is resolved or archived, from the list."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: TechnicianNote | None = None) -> bool:
        """Nobody: notes are archived."""
        return False

    def save_model(self, request: HttpRequest, obj: TechnicianNote, form: Any, change: bool) -> None:
        """A new one through the domain: it is scanned and raises its alerts."""
        if change:
            return
        at = timezone.now()
        obj.author, obj.written_at = caller(request), at
        findings = noting.keep(obj, by=caller(request), at=at)
        kinds = ", ".join(finding.get_kind_display().lower() for finding in findings)
        messages.info(
            request,
            _("Raised an alert for each of: %(kinds)s.") % {"kinds": kinds}
            if findings
            else _("Nothing was found that calls for an alert."),
        )

    @display(description=_("Written"))
    def written(self, note: TechnicianNote) -> str:
        """When."""
        return f"{timezone.localtime(note.written_at):%Y-%m-%d %H:%M}"

    @display(description=_("About"))
    def about(self, note: TechnicianNote) -> str:
        """Device or place."""
        return noting.place_of(note) or "–"

    @display(description=_("Note"))
    def beginning(self, note: TechnicianNote) -> str:
        """Its first words."""
        return note.text if len(note.text) <= 80 else f"{note.text[:79]}…"

    @display(description=_("State"), label={"open": "danger", "settled": "success", "archived": "info", "nothing": ""})
    def state(self, note: Any) -> tuple[str, str]:
        """Whether something is open."""
        if note.archived_at:
            return "archived", pgettext("note", "archived")
        if note.open_ones:
            return "open", pgettext("note", "open")
        return ("settled", pgettext("note", "settled")) if note.all_ones else ("nothing", gettext("nothing found"))

    @display(description=_("Found"))
    def found(self, note: TechnicianNote) -> str:
        """Each kind, its words, what became of it, and its alert."""
        lines = [
            (each.get_kind_display(), each.words, each.get_status_display(), _link(each)) for each in note.findings.select_related("alert")
        ]
        return format_html_join("", "<div>{}: “{}” – {} {}</div>", lines) if lines else gettext("Nothing that calls for an alert.")


@admin.register(NoteFinding)
class NoteFindingAdmin(ReadOnlyMixin, ModelAdmin):
    """What was found in notes. Resolve it with its alert, or from the list of notes."""

    list_display = ("note", "kind", "words", "state")
    list_select_related = ("note",)
    list_filter = (("kind", ChoicesDropdownFilter), ("status", ChoicesDropdownFilter))
    list_filter_submit = True

    @display(description=_("State"), label=STATUS_COLOURS)
    def state(self, finding: NoteFinding) -> tuple[str, str]:
        """What became of it."""
        return finding.status, finding.get_status_display()


def _link(finding: NoteFinding) -> str:
    if finding.alert is None:
        return ""
    return format_html(
        '<a class="text-primary-600" href="{}">{}</a>', reverse("admin:alerts_alert_change", args=[finding.alert_id]), gettext("alert")
    )
