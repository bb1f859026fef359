"""Mappings: expressions for JSON that Sentinel does not know, tried on what came last while they are written."""

from typing import Any, ClassVar

from csp.constants import NONE, SELF
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from alerts import mappings
from alerts.admin.forms import LinesField
from alerts.incoming import contract, expressions, mapped
from alerts.incoming.contract import FormatError
from alerts.incoming.mapped import Mapped
from alerts.models import ReportMapping, Source
from alerts.models.mapping import EXPRESSIONS
from sentinel_site.lib.field_checks import FieldCheck, FieldChecksMixin

MAX_SAMPLE = 100_000


class ReportMappingForm(forms.ModelForm):
    """A mapping; its expressions must be readable."""

    words = LinesField(
        label=_("Words"), help_text=_("What its words for action and severity mean, one to a line: 5=critical, ok=resolve, true=trigger.")
    )

    class Meta:
        model = ReportMapping
        fields = ("slug", "source", "enabled", *EXPRESSIONS, "words")
        widgets: ClassVar = {
            name: UnfoldAdminTextareaWidget(attrs={"rows": 1, "spellcheck": "false", "class": "font-mono"}) for name in EXPRESSIONS
        }

    def clean(self) -> dict[str, Any]:
        """Each expression and each word as they are applied."""
        data = super().clean() or {}
        for name in EXPRESSIONS:
            if data.get(name):
                try:
                    expressions.check(data[name])
                except expressions.ExpressionError as error:
                    self.add_error(name, _("This %(error)s.") % {"error": error})
        try:
            mapped.meanings(data.get("words") or [])
        except ValueError as error:
            self.add_error("words", str(error))
        return data


@admin.register(ReportMapping)
class ReportMappingAdmin(FieldChecksMixin, ModelAdmin):
    """Any JSON, read by expressions."""

    form = ReportMappingForm
    field_checks: ClassVar = {name: FieldCheck() for name in (*EXPRESSIONS, "words")}
    list_display = ("slug", "source", "address", "enabled", "changed_at")
    list_filter = (("source", AutocompleteSelectFilter), ("enabled", BooleanRadioFilter))
    list_filter_submit = True
    list_select_related = ("source",)
    search_fields = ("slug",)
    search_help_text = _("Slug")
    autocomplete_fields = ("source",)
    fieldsets = (
        (_("Mapping"), {"fields": (("slug", "source"), "enabled")}),
        (_("What is wrong"), {"fields": ("items", "title", "description", ("type", "subject"), "labels", "link")}),
        (_("How bad it is, and when it is over"), {"fields": ("action", "severity", "words", "dedup_key")}),
    )
    change_form_after_template = "admin/alerts/reportmapping/preview.html"

    class Media:
        js = ("admin_sentinel/mapping.js",)

    def get_urls(self) -> list[URLPattern]:
        """With the preview."""
        return [path("preview/", self.admin_site.admin_view(self.preview), name="alerts_reportmapping_preview"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the preview in a frame."""
        response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        response._csp_replace = {"frame-src": [SELF]}  # type: ignore[attr-defined]
        return response

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the typed expressions make of a typed message, or of the source's last ones. Stores nothing."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and request.user.has_perm("alerts.view_report")):
            raise PermissionDenied
        response = TemplateResponse(request, "admin/alerts/reportmapping/shown.html", _preview(request))
        response["X-Frame-Options"] = "SAMEORIGIN"
        response._csp_replace = {"frame-ancestors": [SELF], "script-src": [NONE], "form-action": [NONE]}  # type: ignore[attr-defined]
        return response

    @display(description=_("Messages are sent to"))
    def address(self, mapping: ReportMapping) -> str:
        """Its path."""
        return mappings.path_of(mapping.slug)


def _preview(request: HttpRequest) -> dict[str, Any]:
    typed, at = request.POST, timezone.now()
    source = Source.objects.filter(pk=typed["source"]).first() if typed.get("source", "").isdecimal() else None
    sample = typed.get("sample", "").strip()[:MAX_SAMPLE]
    mapping = Mapped(
        source.slug if source else "", words=LinesField().to_python(typed.get("words")),
        **{name: typed.get(name, "").strip()[: expressions.MAX_LENGTH + 1] for name in EXPRESSIONS},
    )  # fmt: skip
    if not mapping.title:
        return {"problem": _("Write an expression for the title: without one there is no alert.")}
    if sample:
        try:
            body = contract.read_json(sample.encode("utf-8", "replace"))
        except FormatError as error:
            return {"problem": _("Your message: %(error)s") % {"error": error}}
        return {"found": [{"name": _("Your message"), "raw": "", **mappings.preview(mapping, body, at=at)}]}
    if source is None:
        return {"problem": _("Choose a source, to see what the expressions make of its last messages; or write a message of your own.")}
    found = [
        {
            "name": f"{timezone.localtime(report.received_at):%Y-%m-%d %H:%M:%S}", "raw": mappings.texts(body),
            **mappings.preview(mapping, body, at=at),
        }
        for report, body in mappings.samples(source.slug)
    ]  # fmt: skip
    return {
        "found": found,
        "problem": ""
        if found
        else _("Nothing has come from %(source)s yet. Send something, or write a message of your own.") % {"source": source},
    }
