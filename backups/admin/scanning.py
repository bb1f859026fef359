"""“Scan now”, on the list of scans."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm

from backups import scans


class ScanNowMixin:
    """A button that asks for a scan. Whoever presses it while one waits already gets that one."""

    actions_list: ClassVar = ["scan_now"]

    def has_ask_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whether the user may ask for scans. (A permission named by its path would have `manage.py check` ask the database.)"""
        return bool(request.user.has_perm("backups.add_scan"))

    @action(
        description=_("Scan now"), url_path="scan-now", permissions=["ask"], icon="search", variant=ActionVariant.PRIMARY,
        dialog={"title": _("Scan now"),
                "description": _("A worker looks at the agents' folders: what is reported there is verified, stored and judged."),
                "form_class": BaseDialogForm, "form_submit_text": _("Scan")},
    )  # fmt: skip
    def scan_now(self, request: HttpRequest, _form: BaseDialogForm, **_kwargs: Any) -> HttpResponse:
        """Ask for one."""
        scan = scans.request(scans.ASKED, at=timezone.now())
        messages.success(request, _("A scan was asked for. Load this page again to see how far it is."))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:backups_scan_change", args=[scan.pk])})
