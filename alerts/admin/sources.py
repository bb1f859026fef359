"""Sources, and the reports they sent."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from alerts import calming
from alerts.admin.forms import SourceForm
from alerts.admin.linting import LintedMixin
from alerts.admin.prefilled import PrefilledMixin
from alerts.admin.replays import ReplaysMixin
from alerts.enums import Verdict
from alerts.incoming import signatures
from alerts.models import Flapping, ForeignAlert, Report, Source, WebhookSecret
from sentinel_site.lib.ages import ago
from sentinel_site.lib.lists import BornFilter, LargeListMixin, NoBulkDeleteMixin, ReadOnlyMixin

VERDICT_COLOURS = dict.fromkeys(Verdict, "") | {Verdict.ACCEPTED: "success", Verdict.SUPPRESSED: "warning", Verdict.REJECTED: "danger"}


@admin.register(Source)
class SourceAdmin(PrefilledMixin, LintedMixin, NoBulkDeleteMixin, ModelAdmin):
    """Who may report. A source with alerts cannot be deleted; switch it off."""

    form = SourceForm
    prefilled = ("flap_opens", "flap_calm_opens", "flap_window_seconds")
    list_display = ("name", "slug", "kind", "severity", "life_safety", "triage", "policy", "enabled")
    list_filter = (("kind", ChoicesDropdownFilter), ("enabled", BooleanRadioFilter), ("life_safety", BooleanRadioFilter))
    list_select_related = ("policy",)
    list_filter_submit = True
    search_fields = ("slug", "name")
    search_help_text = _("Name or slug")
    autocomplete_fields = ("policy",)
    prepopulated_fields: ClassVar = {"slug": ["name"]}
    fieldsets = (
        (_("Source"), {"fields": (("name", "slug"), ("kind", "severity"), "enabled")}),
        (_("What its reports mean"), {"fields": ("life_safety", "triage", "policy")}),
        (
            _("Repeats and groups"),
            {
                "fields": ("dedup_attributes", "group_attributes", ("group_window_seconds", "group_max"), "flood_limit"),
                "classes": ("collapse",),
            },
        ),
        (_("What comes and goes"), {"fields": (("flap_opens", "flap_calm_opens"), "flap_window_seconds"), "classes": ("collapse",)}),
        (_("Webhooks"), {"fields": (("signed", "webhook_secret"), "forget_webhook_secret")}),
    )
    readonly_fields = ("signed",)

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        """Only a source that never raised an alert."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.alerts.exists())

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        """The slug is what programs know it by, and stays."""
        return ("slug", "signed") if obj else ("signed",)

    @display(description=_("Messages must be signed"), boolean=True)
    def signed(self, source: Source) -> bool:
        """Whether there is a secret; it is never shown."""
        return source.pk is not None and WebhookSecret.objects.filter(pk=source.pk).exists()

    def save_model(self, request: HttpRequest, obj: Source, form: SourceForm, change: bool) -> None:
        """The source, and its secret where one is given or forgotten. What its new limits no longer hold back is told."""
        super().save_model(request, obj, form, change)
        calming.reconsider(obj, at=timezone.now())
        if form.cleaned_data.get("webhook_secret") or form.cleaned_data.get("forget_webhook_secret"):
            signatures.set_secret(obj, form.cleaned_data["webhook_secret"])

    def get_fieldsets(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """Whoever may only look sees whether there is a secret, and no field for it."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        return (*self.fieldsets[:-1], (_("Webhooks"), {"fields": ("signed",)}))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Source | None = None) -> dict[str, list[str]]:
        """The slug follows the name until it is saved."""
        return {} if obj else dict(self.prepopulated_fields)


@admin.register(Report)
class ReportAdmin(ReplaysMixin, ReadOnlyMixin, LargeListMixin):
    """Every message from outside, as it came, with what became of it; rejected ones with the reason."""

    list_display = ("received", "judged", "source_slug", "alert", "reported_by", "reason")
    list_select_related = ("alert", "reported_by")
    list_filter = (("verdict", ChoicesDropdownFilter), ("source", AutocompleteSelectFilter), ("received_at", BornFilter))
    fieldsets = ((_("Report"), {"fields": (
        "received_at", "verdict", "reason", "source_slug", "source", "alert", "reported_by", "pretty"
    )}),)  # fmt: skip
    readonly_fields = ("pretty",)

    @display(description=_("Received"))
    def received(self, report: Report) -> str:
        """When, and how long ago."""
        at = f"{timezone.localtime(report.received_at):%Y-%m-%d %H:%M:%S}"
        return format_html('<span>{}<span class="snt-muted snt-below">{}</span></span>', at, ago(report.received_at, at=timezone.now()))

    @display(description=_("Verdict"), label=VERDICT_COLOURS)
    def judged(self, report: Report) -> tuple[str, str]:
        """The verdict, coloured."""
        return report.verdict, report.get_verdict_display()

    @display(description=_("As it came"))
    def pretty(self, report: Report) -> str:
        """The raw message, indented."""
        return format_html('<pre class="snt-raw" tabindex="0">{}</pre>', json.dumps(report.raw, indent=2, ensure_ascii=False))


@admin.register(ForeignAlert)
class ForeignAlertAdmin(ReadOnlyMixin, LargeListMixin):
    """What Prometheus and its like say of their own alerts: what fires, and until when if it is not sent again."""

    list_display = ("name", "source", "fires", "starts_at", "ends_at", "updated_at")
    list_select_related = ("source",)
    list_filter = (("source", AutocompleteSelectFilter),)
    fieldsets = ((_("Activity"), {"fields": (
        "source", "label_hash", "labels", "annotations", "generator_url", "starts_at", "ends_at", "timed_out", "ended_at", "updated_at"
    )}),)  # fmt: skip

    @display(description=_("Name"))
    def name(self, row: ForeignAlert) -> str:
        """Its alertname and where."""
        return " ".join(filter(None, (row.labels.get("alertname", ""), row.labels.get("instance", "")))) or row.label_hash

    @display(description=_("Fires"), label={"fires": "danger", "over": "success"})
    def fires(self, row: ForeignAlert) -> tuple[str, str]:
        """Whether it still fires."""
        return ("over", gettext("over")) if row.ended_at else ("fires", gettext("fires"))


@admin.register(Flapping)
class FlappingAdmin(ReadOnlyMixin, LargeListMixin):
    """What comes and goes again and again: told once, held back, and told again when it is calm."""

    list_display = ("title", "source", "state", "began_at", "opens", "calm_at", "ended_at")
    list_select_related = ("source",)
    list_filter = (("source", AutocompleteSelectFilter),)
    fieldsets = ((None, {"fields": ("title", "source", "dedup_key", "alert_id", "began_at", "opens", "calm_at", "ended_at")}),)

    @display(description=_("State"), label={"flaps": "warning", "calm": "success"})
    def state(self, row: Flapping) -> tuple[str, str]:
        """Whether its alerts are held back."""
        return ("calm", gettext("calm")) if row.ended_at else ("flaps", gettext("flaps"))
