"""What became of each expected run, the pings as they came, and the scans: rows nobody edits."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from backups import listing
from backups.admin.words import PING_COLOURS, VERDICT_COLOURS, shown
from backups.enums import Suspicion
from backups.models import BackupEntry, Ping
from sentinel_site.lib import downloads, figures
from sentinel_site.lib.lists import BornFilter, LargeListMixin, ReadOnlyMixin


class OddFilter(admin.SimpleListFilter):
    """The successes of which something is odd."""

    title, parameter_name = _("suspicious"), "odd"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Each oddity."""
        return [("any", gettext("Anything odd")), *((value, str(label)) for value, label in Suspicion.choices)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The entries that have it."""
        if self.value() == "any":
            return queryset.exclude(suspicions=[])
        return queryset.filter(suspicions__contains=[self.value()]) if self.value() in Suspicion.values else queryset


@admin.register(BackupEntry)
class BackupEntryAdmin(ReadOnlyMixin, LargeListMixin):
    """What became of each expected run: what the agent says, what was computed here, and the verdict."""

    list_before_template = "admin/backups/backupentry/export.html"
    list_display = ("expected", "expected_job", "judged", "odd", "size", "reported", "see")
    list_select_related = ("expected_job",)
    list_filter = (
        ("expected_job", AutocompleteSelectFilter), ("status", ChoicesDropdownFilter), OddFilter, ("was_missing", BooleanRadioFilter),
        ("reported_by", ChoicesDropdownFilter), ("cycle_at", RangeDateTimeFilter),
    )  # fmt: skip
    search_fields = ("expected_job__database_name", "expected_job__company_name", "expected_job__agent_id_responsible")
    search_help_text = _("Database, company or agent")
    fieldsets = (
        (_("Run"), {"fields": ("expected_job", "cycle_at", "status", "message", "was_missing", "reports", "reported_by", "reported_at",
                            "duration_seconds", "odd", "stored_path", "see")}),
        (_("What was computed here"), {"fields": (
            "server_calculated_staged_hash", "server_calculated_staged_size", "previous_successful_hash_global", "hash_comparison_result",
            "looked_at",
        )}),
        (_("What the agent says"), {"fields": (
            "agent_id", "agent_overall_status", "agent_report_timestamp_utc", "agent_reported_hash_sha256", "agent_reported_size_bytes",
            "agent_compress_size_pre_compress", "agent_compress_size_post_compress", "agent_transfer_process_status",
            "agent_transfer_process_start_time", "agent_transfer_process_timestamp", "agent_transfer_error_message",
            "agent_staged_file_name", "operation_log_file_name", "agent_logs_summary", "stages",
        ), "classes": ("collapse",)}),
    )  # fmt: skip
    readonly_fields = ("odd", "see", "looked_at", "stages")

    def get_urls(self) -> list[Any]:
        """The export, before the admin's own."""
        own = path("export.csv", self.admin_site.admin_view(self.export_view), name="backups_backupentry_export")
        return [own, *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the list would show with these filters, all of it, as CSV."""
        if not self.has_view_permission(request):
            return HttpResponseForbidden()
        rows = self.get_changelist_instance(request).get_queryset(request)
        name = f"backup-entries-{timezone.now():%Y-%m-%d}.csv"
        return downloads.csv(listing.csv(rows), name, streamed=hasattr(request, "scope"))

    @display(description=_("Expected"))
    def expected(self, entry: BackupEntry) -> str:
        """When it was expected."""
        return shown(entry.cycle_at)

    @display(description=_("Verdict"), label=VERDICT_COLOURS)
    def judged(self, entry: BackupEntry) -> tuple[str, str]:
        """What became of it."""
        return entry.status, entry.get_status_display() + (gettext(" (late)") if entry.was_missing and entry.status == "success" else "")

    @display(description=_("Odd"))
    def odd(self, entry: BackupEntry) -> str:
        """What is suspicious, in words."""
        return ", ".join(str(Suspicion(each).label) for each in entry.suspicions) or "–"

    @display(description=_("Size"))
    def size(self, entry: BackupEntry) -> str:
        """In the unit that suits it."""
        return filesizeformat(entry.size_bytes) if entry.size_bytes is not None else "–"

    @display(description=_("Reported"))
    def reported(self, entry: BackupEntry) -> str:
        """When its run ended, and by which way that was told."""
        said = '<span>{}<span class="snt-muted snt-below">{}</span></span>'
        return format_html(said, shown(entry.reported_at), entry.get_reported_by_display()) if entry.reported_at else "–"

    @display(description=_("Alert"))
    def see(self, entry: BackupEntry) -> str:
        """Its alert."""
        link = reverse("live-alert", args=[entry.alert_id]) if entry.alert_id else ""
        return format_html('<a class="snt-link" href="{}">{}</a>', link, gettext("Alert")) if link else "–"

    @display(description=_("Evidence"))
    def looked_at(self, entry: BackupEntry) -> str:
        """What was looked at, and what is usual."""
        return _document(entry.evidence)

    @display(description=_("Stages"))
    def stages(self, entry: BackupEntry) -> str:
        """As they were reported."""
        return _document(entry.agent_stages)


@admin.register(Ping)
class PingAdmin(ReadOnlyMixin, LargeListMixin):
    """Pings as they came; the last hundred of each job are kept."""

    list_display = ("came", "job", "what", "exit_status", "took", "address", "agent")
    list_select_related = ("job",)
    list_filter = (("job", AutocompleteSelectFilter), ("kind", ChoicesDropdownFilter), ("at", BornFilter))
    fields = ("job", "at", "kind", "exit_status", "duration_seconds", "rid", "method", "address", "agent", "body_bytes", "body_head",
              "body_tail")  # fmt: skip

    @display(description=_("Came"))
    def came(self, ping: Ping) -> str:
        """When."""
        return shown(ping.at)

    @display(description=_("Says"), label=PING_COLOURS)
    def what(self, ping: Ping) -> tuple[str, str]:
        """What it said."""
        return ping.kind, ping.get_kind_display()

    @display(description=_("Took"))
    def took(self, ping: Ping) -> str:
        """From its start."""
        return f"{figures.number(ping.duration_seconds, 1)} s" if ping.duration_seconds is not None else "–"


def _document(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False) if value else "–"
    return format_html('<pre class="snt-raw">{}</pre>', text)
