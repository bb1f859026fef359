"""What fits nowhere: databases that nobody expects, and reports that cannot be read."""

import os
from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display

from backups import bulk_deeds, quarantine, unexpected
from backups.admin.words import shown
from backups.models import QuarantinedReport, UnexpectedDatabase
from sentinel_site.lib import bulk_asking
from sentinel_site.lib.lists import LargeListMixin, ReadOnlyMixin
from sentinel_site.lib.permissions import caller


@admin.register(UnexpectedDatabase)
class UnexpectedDatabaseAdmin(ModelAdmin):
    """Databases that agents report and no job expects: nobody would notice if their backups stopped."""

    list_before_template = "admin/backups/unexpecteddatabase/first.html"
    list_display = ("database_name", "agent", "last_seen", "reports", "state", "expect")
    list_filter = (("ignored", BooleanRadioFilter),)
    search_fields = ("database_name", "agent")
    search_help_text = _("Database or agent")
    fields = ("agent", "database_name", "first_seen_at", "last_seen_at", "reports", "document", "ignored")
    readonly_fields = ("agent", "database_name", "first_seen_at", "last_seen_at", "reports", "document")
    actions: ClassVar = [bulk_asking.action(bulk_deeds.EXPECT, "expect"), bulk_asking.action(bulk_deeds.IGNORE, "change")]

    def get_urls(self) -> list[Any]:
        """The one click, before the admin's own."""
        own = path("<int:pk>/expect/", self.admin_site.admin_view(self.expect_view), name="backups_unexpecteddatabase_expect")
        return [own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: scans find them."""
        return False

    def expect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the job that expects it, and show that job."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_expect_permission(request):
            raise PermissionDenied
        job = unexpected.expect(get_object_or_404(UnexpectedDatabase, pk=pk), by=caller(request), at=timezone.now())
        messages.success(request, _("%(job)s is expected from now on. Look whether the times below are right.") % {"job": job})
        return HttpResponseRedirect(reverse("admin:backups_expectedbackupjob_change", args=[job.pk]))

    def has_expect_permission(self, request: HttpRequest) -> bool:
        """Those who may make expected backups."""
        return request.user.has_perm("backups.add_expectedbackupjob") and request.user.has_perm("backups.change_unexpecteddatabase")

    @display(description=_("Last seen"), ordering="last_seen_at")
    def last_seen(self, found: UnexpectedDatabase) -> str:
        """In the newest report."""
        return shown(found.last_seen_at)

    @display(description=_("State"), label={"open": "warning", "ignored": ""}, ordering="ignored")
    def state(self, found: UnexpectedDatabase) -> tuple[str, str]:
        """Whether somebody decided to leave it."""
        return ("ignored", gettext("Ignored")) if found.ignored else ("open", gettext("Needs a look"))

    @display(description="")
    def expect(self, found: UnexpectedDatabase) -> str:
        """One click. The button belongs to the list's own form, which carries the token against forged requests."""
        return _button(gettext("Expect it"), reverse("admin:backups_unexpecteddatabase_expect", args=[found.pk]))


@admin.register(QuarantinedReport)
class QuarantinedReportAdmin(ReadOnlyMixin, LargeListMixin):
    """Reports that could not be read. The files are kept; nothing of them is lost."""

    list_display = ("found", "agent", "file_name", "reason", "state", "settle")
    list_filter = (("settled_at", admin.EmptyFieldListFilter),)
    search_fields = ("agent", "file_name", "reason")
    search_help_text = _("Agent, file or reason")
    fields = ("agent", "file_name", "reason", "found_at", "settled_at", "kept_as", "shown_excerpt")
    readonly_fields = ("kept_as", "shown_excerpt")

    def get_urls(self) -> list[Any]:
        """Settling and downloading, before the admin's own."""
        view: Callable[[Any], Any] = self.admin_site.admin_view
        return [
            path("<uuid:pk>/settle/", view(self.settle_view), name="backups_quarantinedreport_settle"),
            path("<uuid:pk>/file/", view(self.file_view), name="backups_quarantinedreport_file"),
            *super().get_urls(),
        ]

    def settle_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Somebody looked into it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("backups.change_quarantinedreport"):
            raise PermissionDenied
        quarantine.settle(get_object_or_404(QuarantinedReport, pk=pk), at=timezone.now())
        messages.success(request, _("Settled. The file stays where it is."))
        return HttpResponseRedirect(reverse("admin:backups_quarantinedreport_changelist"))

    def file_view(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """The report as it came, to be stored: never shown by the browser."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            descriptor = quarantine.opened(get_object_or_404(QuarantinedReport, pk=pk), settings.SENTINEL_BACKUP_QUARANTINE)
        except OSError:
            raise Http404(_("The file is not there any more.")) from None
        response = FileResponse(
            os.fdopen(descriptor, "rb"), as_attachment=True, filename=f"{pk}.txt", content_type="application/octet-stream"
        )
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @display(description=_("Found"))
    def found(self, report: QuarantinedReport) -> str:
        """When."""
        return shown(report.found_at)

    @display(description=_("State"), label={"open": "warning", "settled": ""})
    def state(self, report: QuarantinedReport) -> tuple[str, str]:
        """Whether somebody looked into it."""
        return ("settled", gettext("Settled")) if report.settled_at else ("open", gettext("Needs a look"))

    @display(description="")
    def settle(self, report: QuarantinedReport) -> str:
        """One click."""
        return "" if report.settled_at else _button(gettext("Settle"), reverse("admin:backups_quarantinedreport_settle", args=[report.pk]))

    @display(description=_("Kept as"))
    def kept_as(self, report: QuarantinedReport) -> str:
        """Below the quarantine folder, with a link to the file."""
        if not report.stored_name:
            return "–"
        link = reverse("admin:backups_quarantinedreport_file", args=[report.pk])
        return format_html('{} · <a class="snt-link" href="{}">{}</a>', report.stored_name, link, gettext("Download"))

    @display(description=_("It begins with"))
    def shown_excerpt(self, report: QuarantinedReport) -> str:
        """Its first lines."""
        return format_html('<pre class="snt-raw">{}</pre>', report.excerpt or "–")


def _button(text: str, address: str) -> str:
    return format_html('<button class="snt-button" type="submit" formmethod="post" formaction="{}">{}</button>', address, text)
