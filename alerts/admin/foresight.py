"""The page "Who would be called": the simulation of a report, and the gaps in which a P1 would reach nobody."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from alerts import reachability, simulation
from alerts.enums import Severity
from alerts.models import Source
from sentinel_site.lib.ages import precise

VIEW = "alerts.view_escalationpolicy"
SHOWN = 50
"""So many gaps are listed; the rest is counted."""


class InstantField(forms.DateTimeField):
    """An instant that can be reckoned with, in the site's time zone; None when it is left empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, label=_("When"),
            widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}), help_text=_("Now, if empty."),
            input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs,
        )  # fmt: skip

    def clean(self, value: Any) -> datetime | None:
        """Refuse what lies too far away."""
        at: datetime | None = super().clean(value)
        if at is not None and at.year not in simulation.YEARS:
            raise forms.ValidationError(_("This lies outside of the years 2000 to 2100."))
        return at


class SupposedForm(forms.Form):
    """A report that is only supposed. Everything but the source may be left empty."""

    source = forms.ModelChoiceField(
        Source.objects.filter(enabled=True).order_by("slug"),
        to_field_name="slug",
        widget=UnfoldAdminSelectWidget,
        empty_label=None,
        label=_("Source"),
    )
    type = forms.CharField(
        label=_("Type"), max_length=80, required=False, widget=UnfoldAdminTextInputWidget, help_text=_("For example fall.")
    )
    severity = forms.ChoiceField(
        label=_("Severity"), choices=[("", _("The source's own")), *Severity.choices], required=False, widget=UnfoldAdminSelectWidget
    )
    subject = forms.CharField(
        label=_("Subject"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget, help_text=_("What or who it is about.")
    )
    labels = forms.CharField(
        label=_("Labels"),
        max_length=8000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("One a line: room=12"),
    )
    at = InstantField()

    def clean_labels(self) -> dict[str, str]:
        """The labels, or an error that names the line."""
        labels = {}
        for line in filter(str.strip, self.cleaned_data["labels"].splitlines()):
            name, equals, value = (part.strip() for part in line.partition("="))
            if not name or not equals or len(name) > 128 or len(value) > 1024:
                raise forms.ValidationError(_("“%(line)s” is not name=value.") % {"line": line.strip()[:60]})
            labels[name] = value
        if len(labels) > 64:
            raise forms.ValidationError(_("There are more than 64 labels."))
        return labels

    def supposed(self) -> simulation.Supposed:
        """The report that the form describes; only when it is valid."""
        data = self.cleaned_data
        return simulation.Supposed(
            data["source"].slug, data["type"] or "generic", data["severity"] or None, data["subject"], data["labels"]
        )


class ForesightMixin:
    """Adds the page to an admin, at ``foresight/``."""

    def get_urls(self) -> list[Any]:
        """The page, before the admin's own."""
        own = path("foresight/", self.admin_site.admin_view(foresight), name="alerts_foresight")  # type: ignore[attr-defined]
        return [own, *super().get_urls()]  # type: ignore[misc]


def foresight(request: HttpRequest) -> HttpResponse:
    """Both parts. It changes nothing, so the form is sent by GET and its address can be kept."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    now = timezone.now()
    form = SupposedForm(request.GET if "source" in request.GET else None)
    found = _simulated(form) if form.is_bound and form.is_valid() else None
    gaps = reachability.gaps(since=now, until=now + timedelta(days=reachability.DAYS))
    context = {
        **admin.site.each_context(request), "title": _("Who would be called"), "form": form, "found": found, "days": reachability.DAYS,
        "gaps": [(gap, precise(int((gap.span.until - gap.span.since).total_seconds()))) for gap in gaps[:SHOWN]],
        "more": max(0, len(gaps) - SHOWN),
    }  # fmt: skip
    return TemplateResponse(request, "admin/alerts/foresight.html", context)


def _simulated(form: SupposedForm) -> dict[str, Any]:
    at = form.cleaned_data["at"] or timezone.now()
    found = simulation.simulate(form.supposed(), at=at)
    steps = [(turn, precise(int((turn.at - found.at).total_seconds()))) for turn in found.turns]
    return {"simulation": found, "steps": steps, "reached": any(call.ways for turn in found.turns for call in turn.calls)}
