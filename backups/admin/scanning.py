"""Looks at the agents' folders: the record of them, and “Scan now”, whose page follows the scan to its end."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from backups import scans
from backups.admin.words import shown
from backups.enums import BackupVerdict
from backups.models import Scan
from sentinel_site.lib.ages import length
from sentinel_site.lib.lists import LargeListMixin, ReadOnlyMixin
from sentinel_site.lib.underway import UnderwayMixin, bar

TRIGGERS: Final[Mapping[str, Any]] = {
    scans.SCHEDULE: _("by the clock"), scans.ASKED: _("somebody asked"), scans.REPORT: _("a report by REST"), scans.WATCHDOG: "watchdog",
}  # fmt: skip
STAGES: Final[Mapping[str, tuple[str, Any]]] = {
    scans.WAITING: ("info", _("Waits for a worker")), "begin": ("info", pgettext_lazy("scan", "Begins")),
    "collect": ("info", _("Reads the reports")), "verify": ("info", _("Checks the files")),
    "done": ("success", pgettext_lazy("scan", "Done")), "failed": ("danger", _("Failed")),
}  # fmt: skip
COUNTED: Final[Mapping[str, Any]] = {
    "reports": _("reports"), "databases": _("databases in them"), **{str(each): each.label for each in BackupVerdict},
    "waiting": _("not there yet, looked at again later"), "unexpected": _("databases that nobody expects"), "known": _("known already"),
    "superseded": _("replaced by a newer report"), "too_old": _("bad news about runs long past"), "not_stored": _("could not be stored"),
    "quarantined": _("put into quarantine"), "archived": _("reports put away"), "bytes": _("read"), "errors": _("errors"),
}  # fmt: skip
"""What a scan counts, in the order in which people want to know."""


@admin.register(Scan)
class ScanAdmin(UnderwayMixin, ReadOnlyMixin, LargeListMixin):
    """Looks at the agents' folders: one begins every 15 minutes. Whoever asks while one waits already gets that one."""

    list_display = ("began", "asked_by", "how_far", "took", "found", "error")
    fields = ("how_far", "found", "error", "asked_by", "started_at", "finished_at", "after")
    readonly_fields = ("how_far", "found", "asked_by", "after")
    actions_list: ClassVar = ["scan_now"]

    def underway(self, scan: Scan) -> str:
        """Its stage, while it goes on."""
        return "" if scan.finished_at else str(_stage(scan)[1])

    def at_its_end(self, scan: Scan) -> str:
        """Its last stage."""
        return str(_stage(scan)[1])

    def has_ask_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whether the user may ask for scans. (A permission named by its path would have `manage.py check` ask the database.)"""
        return bool(request.user.has_perm("backups.add_scan"))

    @action(
        description=_("Scan now"), url_path="scan-now", permissions=["ask"], icon="frame_inspect", variant=ActionVariant.PRIMARY,
        dialog={"title": _("Scan now"),
                "description": _("A worker looks at the agents' folders: what is reported there is verified, stored and judged."),
                "form_class": BaseDialogForm, "form_submit_text": _("Scan")},
    )  # fmt: skip
    def scan_now(self, request: HttpRequest, _form: BaseDialogForm, **_kwargs: Any) -> HttpResponse:
        """Ask for one, and go to its page."""
        scan = scans.request(scans.ASKED, at=timezone.now())
        return HttpResponse(headers={"HX-Redirect": reverse("admin:backups_scan_change", args=[scan.pk])})

    @display(description=_("Began"))
    def began(self, scan: Scan) -> str:
        """When it was asked for."""
        return shown(scan.started_at)

    @display(description=_("Why"))
    def asked_by(self, scan: Scan) -> str:
        """Who or what asked for it."""
        return str(TRIGGERS.get(scan.trigger, scan.trigger))

    @display(description=_("Is at"))
    def how_far(self, scan: Scan) -> str:
        """What it does, and how much of it is done."""
        colour, stage = _stage(scan)
        done, of = scan.progress.get("done"), scan.progress.get("of")
        said = gettext(" %(done)s of %(of)s") % {"done": done, "of": of} if done and of else f" {done}" if done else ""
        shown_bar = bar(done, of, gettext("Progress")) if done and of else ""
        return format_html('<span class="snt-label snt-{}">{}</span>{}{}', colour, stage, said, shown_bar)

    @display(description=_("Took"))
    def took(self, scan: Scan) -> str:
        """From asking to its end."""
        return length(scan.finished_at - scan.started_at) if scan.finished_at else "–"

    @display(description=_("Found"))
    def found(self, scan: Scan) -> str:
        """What it counted."""
        names = [*(name for name in COUNTED if scan.counts.get(name)), *(name for name in scan.counts if name not in COUNTED)]
        return ", ".join(f"{COUNTED.get(name, name)}: {_figure(name, scan.counts[name])}" for name in names) or "–"

    @display(description=_("See"))
    def after(self, _scan: Scan) -> str:
        """Where what it found stands."""
        return format_html('<a class="snt-link" href="{}">{}</a>', reverse("live-backups"), gettext("Live page"))


def _stage(scan: Scan) -> tuple[str, Any]:
    what = scan.progress.get("what", "begin")
    return STAGES.get(what, ("info", what))


def _figure(name: str, count: Any) -> str:
    return filesizeformat(count) if name == "bytes" else str(count)
