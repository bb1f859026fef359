"""The page "Who gets what": every source and severity, now or at an instant."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alerts import who_gets_what
from alerts.admin.foresight import InstantField
from alerts.enums import Severity
from sentinel_site.lib.ages import precise

VIEW = "alerts.view_escalationpolicy"
COLOURS = {1: "danger", 2: "warning", 3: "info"}


class AtForm(forms.Form):
    """When to look."""

    at = InstantField()


class WhoGetsWhatMixin:
    """Adds the page to an admin, at ``who-gets-what/``."""

    def get_urls(self) -> list[Any]:
        """The page, before the admin's own."""
        own = path("who-gets-what/", self.admin_site.admin_view(page), name="alerts_who_gets_what")  # type: ignore[attr-defined]
        return [own, *super().get_urls()]  # type: ignore[misc]


def page(request: HttpRequest) -> HttpResponse:
    """The table. It changes nothing, so the form is sent by GET and its address can be kept."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    form = AtForm(request.GET if "at" in request.GET else None)
    asked = form.cleaned_data["at"] if form.is_bound and form.is_valid() else None
    at = asked or timezone.now()
    rows = [{"source": row.source, "cells": [_cell(row, cell, asked) for cell in row.cells]} for row in who_gets_what.overview(at=at)]
    context = {
        **admin.site.each_context(request), "title": _("Who gets what"), "form": form, "at": at, "asked": asked, "rows": rows,
        "severities": [severity.label for severity in Severity],
    }  # fmt: skip
    return TemplateResponse(request, "admin/alerts/who_gets_what.html", context)


def _cell(row: who_gets_what.Row, cell: who_gets_what.Cell, asked: datetime | None) -> dict[str, Any]:
    when = {"at": f"{timezone.localtime(asked):%Y-%m-%dT%H:%M}"} if asked else {}
    query = urlencode({"source": row.source.slug, "severity": cell.severity.value, **when})
    return {
        "cell": cell, "colour": COLOURS.get(cell.priority, "calm"), "after": precise(int(cell.after.total_seconds())) if cell.after else "",
        "url": f"{reverse('admin:alerts_foresight')}?{query}",
    }  # fmt: skip
