"""The record of what was done to many rows at once: a list, and a page for each that shows how far it is and can stop it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from unfold.decorators import display

from sentinel_site import bulk_runs
from sentinel_site.lib import bulk
from sentinel_site.lib.lists import LargeListMixin, ReadOnlyMixin
from sentinel_site.lib.permissions import caller
from sentinel_site.models import BulkRun

bulk.keeper(bulk_runs.Record())
COLOURS = {
    BulkRun.Status.WAITING: "info", BulkRun.Status.RUNNING: "info", BulkRun.Status.DONE: "success", BulkRun.Status.CANCELLED: "warning",
    BulkRun.Status.REFUSED: "danger",
}  # fmt: skip


@admin.register(BulkRun)
class BulkRunAdmin(ReadOnlyMixin, LargeListMixin):
    """Everybody sees and stops their own; those with the permissions also those of others."""

    list_display = ("what", "by", "begun_at", "progress", "state")
    list_select_related = ("by",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Every member of staff: their own."""
        return bool(request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: BulkRun | None = None) -> bool:
        """Their own; with the permission, everybody's."""
        return obj is None or obj.by_id == caller(request).pk or request.user.has_perm("sentinel_site.view_bulkrun")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkRun]:
        """What the user may see."""
        found: QuerySet[BulkRun] = super().get_queryset(request).defer("todo", "failures")
        return found if request.user.has_perm("sentinel_site.view_bulkrun") else found.filter(by=caller(request))

    def get_fieldsets(self, request: HttpRequest, obj: BulkRun | None = None) -> list[Any]:
        """None: the page is a template of its own."""
        return []

    def get_urls(self) -> list[URLPattern]:
        """With what the page asks for again and again, and stopping."""
        shown = self.admin_site.admin_view
        return [
            path("<uuid:pk>/live/", shown(self.live_view), name="sentinel_site_bulkrun_live"),
            path("<uuid:pk>/stop/", shown(self.stop_view), name="sentinel_site_bulkrun_stop"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """The page of one."""
        run = self._run(request, object_id)
        context = {**self.admin_site.each_context(request), "title": self.what(run), "opts": self.opts, **self._shown(request, run)}
        return TemplateResponse(request, "admin/bulk_run.html", context)

    def live_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """How far it is now."""
        context = self._shown(request, self._run(request, pk))
        return TemplateResponse(request, "admin/bulk_run_live.html", context, headers={"Cache-Control": "no-store"})

    def stop_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Stop it after the row at hand."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        run = self._run(request, pk)
        if not self._may_stop(request, run):
            raise PermissionDenied
        if bulk_runs.cancel(run, at=timezone.now()):
            messages.success(request, gettext("Stopped. What was done stays done."))
        return HttpResponseRedirect(reverse("admin:sentinel_site_bulkrun_change", args=[run.pk]))

    def _run(self, request: HttpRequest, pk: Any) -> BulkRun:
        run: BulkRun | None = self.get_object(request, str(pk))
        if run is None:
            raise Http404
        return run

    def _may_stop(self, request: HttpRequest, run: BulkRun) -> bool:
        return run.by_id == caller(request).pk or request.user.has_perm("sentinel_site.change_bulkrun")

    def _shown(self, request: HttpRequest, run: BulkRun) -> dict[str, Any]:
        return {
            "run": run, "open": run.status in BulkRun.OPEN, "colour": COLOURS.get(BulkRun.Status(run.status), "calm"),
            "succeeded": run.done - run.failed, "left": run.total - run.done, "more": run.failed - len(run.failures),
            "may_stop": run.status in BulkRun.OPEN and self._may_stop(request, run),
        }  # fmt: skip

    @display(description=gettext_lazy("What"))
    def what(self, run: BulkRun) -> str:
        """The deed, in words."""
        try:
            return f"{bulk.find(run.deed).title} ({run.deed.partition('.')[0]})"
        except LookupError:
            return run.deed

    @display(description=gettext_lazy("Progress"))
    def progress(self, run: BulkRun) -> str:
        """How many are done, of how many, and how many failed."""
        said = f"{run.done} / {run.total}"
        return said + (f", {gettext('failed')}: {run.failed}" if run.failed else "")

    @display(description=gettext_lazy("State"), label={str(status): colour for status, colour in COLOURS.items()})
    def state(self, run: BulkRun) -> tuple[str, str]:
        """How far it is."""
        return run.status, run.get_status_display()
