"""What the command palette asks for, and the page from which a test alert is raised."""

import time
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from unfold.widgets import UnfoldAdminSelectWidget

from alerts import intake, simulation, tongues
from alerts.enums import Severity
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.models import Source
from sentinel_site import palette
from sentinel_site.lib import ids
from sentinel_site.lib.permissions import caller

RAISES = ("alerts.report_alert", "alerts.view_alert")


@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The palette's list for `?s=`. Nothing of it is kept: what somebody may see, and what is there, is asked each time."""
    began = time.monotonic()
    found = palette.find(request, request.GET.get("s", ""))
    template = "unfold/helpers/command_results.html" if "extended" in request.GET else "unfold/helpers/search_results.html"
    context = {"results": found, "page_obj": {"count": len(found)}, "page_counter": 0, "execution_time": time.monotonic() - began}
    return TemplateResponse(request, template, context)


class AlarmTestForm(forms.Form):
    """Which source the test alert seems to come from, and how severe it is."""

    source = forms.ModelChoiceField(
        Source.objects.filter(enabled=True).order_by("slug"), label=gettext_lazy("Source"), to_field_name="slug", empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    severity = forms.ChoiceField(
        label=gettext_lazy("Severity"), choices=Severity.choices, initial=Severity.MEDIUM, widget=UnfoldAdminSelectWidget
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def raise_test_alert(request: HttpRequest) -> HttpResponse:
    """Says who would be told, asks, and raises it."""
    if not caller(request).has_perms(RAISES):
        raise PermissionDenied
    form = AlarmTestForm(request.POST if request.method == "POST" else None)
    found, refusal = None, ""
    if form.is_bound and form.is_valid():
        if "sure" in request.POST:
            alert_id, refusal = _raise(request, form)
            if alert_id:
                return HttpResponseRedirect(reverse("live-alert", args=[alert_id]))
        found = _foreseen(form)
    context = {**admin.site.each_context(request), "title": _("Raise a test alert"), "form": form, "found": found, "refusal": refusal}
    return TemplateResponse(request, "admin/raise_test_alert.html", context)


def _raise(request: HttpRequest, form: AlarmTestForm) -> tuple[Any, str]:
    at, user, said = timezone.now(), caller(request), form.cleaned_data
    name = user.get_full_name() or user.get_username()
    words = tongues.report(lambda: {"title": _("Test alert, raised by %(name)s") % {"name": name}})
    report = NewReport(
        source=said["source"].slug, type="test", **words, severity=said["severity"], labels={"test": "true"},
        dedup_key=f"test:{ids.uuid7(at)}",
    )  # fmt: skip
    (outcome,) = intake.accept([report], at=at, by_id=user.pk)
    return (None, str(outcome)) if isinstance(outcome, InvalidReport) else (outcome.alert_id, "")


def _foreseen(form: AlarmTestForm) -> dict[str, Any]:
    said = form.cleaned_data
    seen = simulation.simulate(
        simulation.Supposed(said["source"].slug, "test", said["severity"], labels={"test": "true"}), at=timezone.now()
    )  # fmt: skip
    first = [call for turn in seen.turns[:1] for call in turn.calls]
    return {"simulation": seen, "calls": first, "reached": any(call.ways for call in first)}
