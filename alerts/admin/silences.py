"""Silences and maintenance windows. Saving and deleting go through the domain, which tells what they held."""

from datetime import datetime
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse_lazy
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from alerts import silence_preview, silences, windows
from alerts.admin.forms import LinesField
from alerts.admin.linting import LintedMixin
from alerts.admin.prefilled import PrefilledMixin
from alerts.admin.words import EXEMPT, ONE_A_LINE
from alerts.models import MaintenanceWindow, Silence
from alerts.models.suppression import check_matchers
from sentinel_site.lib import matchers
from sentinel_site.lib.field_checks import FieldChecksMixin, of_cron
from sentinel_site.lib.lists import NoBulkDeleteMixin

MATCHERS_HELP: Final = format_lazy("{}{} {}", ONE_A_LINE, EXEMPT, _("It holds a P1 for 8 hours at the most."))
PREVIEW_MATCHERS: Final = 20


def _matchers_field() -> LinesField:
    """Matchers, with how many open alerts they match now (static/admin_sentinel/silence.js)."""
    attributes = {
        "rows": 4, "data-silence-preview": reverse_lazy("admin:alerts_silence_preview"),
        "data-silence-unknown": _("How many alerts match cannot be said now."),
        "data-silence-exempt": _("(lives may depend on it: never held back)"),
    }  # fmt: skip
    return LinesField(
        label=_("Alerts that match"), help_text=MATCHERS_HELP, required=True, validators=[check_matchers],
        widget=UnfoldAdminTextareaWidget(attributes),
    )  # fmt: skip


class SilenceForm(forms.ModelForm):
    """A silence; its matchers must be readable, and there is at least one."""

    matchers = _matchers_field()

    class Meta:
        model = Silence
        fields = ("matchers", "reason", "starts_at", "ends_at")

    def clean(self) -> None:
        """What began keeps its beginning, and what ends in the past holds nothing."""
        super().clean()
        if self.cleaned_data.get("starts_at") and self.cleaned_data.get("ends_at"):
            draft = Silence(pk=self.instance.pk, starts_at=self.cleaned_data["starts_at"], ends_at=self.cleaned_data["ends_at"])
            draft._state.adding = self.instance._state.adding
            silences.check(draft, at=timezone.now())
            self.cleaned_data["starts_at"] = draft.starts_at


class WindowForm(forms.ModelForm):
    """A maintenance window: weekdays and a time, or a cron expression."""

    matchers = _matchers_field()
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"), choices=list(WEEKDAYS.items()), coerce=int, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None ticked: every day."),
    )  # fmt: skip

    class Meta:
        model = MaintenanceWindow
        fields = ("name", "matchers", "reason", "time_zone", "weekdays", "begins", "cron", "duration_minutes", "enabled")


class _Previewed:
    """Adds what the form's matchers match now."""

    class Media:
        js = ("admin_sentinel/silence.js",)


@admin.register(Silence)
class SilenceAdmin(PrefilledMixin, LintedMixin, NoBulkDeleteMixin, _Previewed, ModelAdmin):
    """The ones that end last come first. One that ran is ended, not deleted: what it held is part of the record."""

    form = SilenceForm
    prefilled = ("matchers", "reason", "starts_at", "ends_at")
    list_display = ("conditions", "reason", "state", "starts_at", "ends_at", "made_by", "held_back")
    list_filter = ("origin",)
    search_fields = ("reason", "matchers", "author_name", "author__username")
    search_help_text = _("Reason, matcher or author")
    list_select_related = ("author", "window")
    readonly_fields = ("made_by", "held_back", "held_alerts")
    fieldsets = (
        (None, {"fields": ("matchers", "reason", "starts_at", "ends_at")}),
        (_("What became of it"), {"fields": (("made_by", "held_back"), "held_alerts")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Silence]:
        """With how many alerts each held back."""
        return super().get_queryset(request).annotate(held=Count("holds"))

    def get_urls(self) -> list[Any]:
        """The preview, before the admin's own."""
        return [path("preview/", self.admin_site.admin_view(preview), name="alerts_silence_preview"), *super().get_urls()]

    @display(description=_("Alerts that match"))
    def conditions(self, silence: Silence) -> str:
        """What must hold."""
        return gettext(" and ").join(silence.matchers)

    @display(description=_("State"), label={"active": "warning", "planned": "info", "over": ""})
    def state(self, silence: Silence) -> tuple[str, str]:
        """Whether it holds now."""
        now = timezone.now()
        if silence.ends_at <= now:
            return "over", gettext("over")
        return ("planned", gettext("planned")) if silence.starts_at > now else ("active", pgettext("silence", "active"))

    @display(description=_("Made by"))
    def made_by(self, silence: Silence) -> str:
        """The person, the maintenance window, or how another program named who did."""
        if silence._state.adding:
            return gettext("you")
        named = silence.author_name or (silence.author.get_username() if silence.author else "")
        return (
            gettext("maintenance window “%(name)s”") % {"name": silence.window}
            if silence.window
            else named or gettext("nobody who is still known")
        )

    @display(description=_("Held back"))
    def held_back(self, silence: Silence) -> int:
        """How many alerts."""
        return 0 if silence._state.adding else silence.hits

    @display(description=_("Alerts that it held back"))
    def held_alerts(self, silence: Silence) -> str:
        """The newest of them."""
        holds = [] if silence._state.adding else silence.holds.select_related("alert").order_by("-pk")[:20]
        return "\n".join(f"{hold.alert} ({hold.alert.get_status_display()})" for hold in holds) or gettext("none")

    def save_model(self, request: HttpRequest, obj: Silence, form: Any, change: bool) -> None:
        """Through the domain: the author is named, and what is no longer held back is told."""
        silences.save(obj, by=request.user, at=timezone.now())
        messages.info(request, silence_preview.preview(matchers.parse_all(obj.matchers)).sentence)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The silence alone, with what becomes of it: which alerts it held stays in the record."""
        at = timezone.now()
        names = [_fate(silence, at=at) % {"silence": silence} for silence in objs]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Silence) -> None:
        """End it now; only one that has not begun is really deleted."""
        silences.end(obj, at=timezone.now())


@admin.register(MaintenanceWindow)
class WindowAdmin(FieldChecksMixin, PrefilledMixin, NoBulkDeleteMixin, _Previewed, ModelAdmin):
    """Silences that recur. To end one occurrence alone, delete it under Silences."""

    form = WindowForm
    field_checks: ClassVar = {"cron": of_cron("time_zone", "begins", "weekdays", "duration_minutes")}
    prefilled = ("name", "matchers", "reason", "time_zone", "weekdays", "begins", "duration_minutes")
    list_display = ("name", "conditions", "begins_at", "lasts_for", "next_one", "enabled")
    list_filter = (("enabled", BooleanRadioFilter),)
    list_filter_submit = True
    search_fields = ("name", "reason", "matchers")
    search_help_text = _("Name, reason or matcher")
    readonly_fields = ("author", "next_one")
    fieldsets = (
        (None, {"fields": ("name", "matchers", "reason", "enabled")}),
        (_("When"), {"fields": ("time_zone", "weekdays", "begins", "cron", "duration_minutes", "next_one", "author")}),
    )

    @display(description=_("Alerts that match"))
    def conditions(self, window: MaintenanceWindow) -> str:
        """What must hold."""
        return gettext(" and ").join(window.matchers)

    @display(description=_("Begins"))
    def begins_at(self, window: MaintenanceWindow) -> str:
        """In words, or as cron says it."""
        days = ", ".join(str(WEEKDAYS[day]) for day in sorted(window.weekdays)) or gettext("every day")
        return f"{window.cron or f'{days}, {window.begins:%H:%M}'} ({window.time_zone})"

    @display(description=_("Lasts"))
    def lasts_for(self, window: MaintenanceWindow) -> str:
        """Hours and minutes."""
        hours, minutes = divmod(window.duration_minutes, 60)
        return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"

    @display(description=_("Now and next"))
    def next_one(self, window: MaintenanceWindow) -> str:
        """The running and the next occurrence, in the window's zone."""
        now = timezone.now()
        found = [] if window._state.adding else windows.stretches(window, at=now)
        zone = window.time_zone
        return "; ".join(
            (gettext("runs until") if each.since <= now else gettext("next"))
            + f" {windows.shown(each.until if each.since <= now else each.since, zone)}"
            for each in found
        ) or ("—" if window._state.adding else gettext("off"))  # fmt: skip

    def save_model(self, request: HttpRequest, obj: MaintenanceWindow, form: Any, change: bool) -> None:
        """Through the domain: its occurrences follow."""
        windows.save(obj, by=request.user, at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: MaintenanceWindow) -> None:
        """Through the domain: a running occurrence ends now."""
        windows.remove(obj, at=timezone.now())


def _fate(silence: Silence, *, at: datetime) -> str:
    """What `silences.end` does to it."""
    if silence.starts_at < at or silence.window_id is not None:
        return gettext("%(silence)s: it ends now, and stays in the list with what it held back.")
    return gettext("%(silence)s: it has not begun, and is deleted.")


def preview(request: HttpRequest) -> HttpResponse:
    """How many open alerts the given matchers (one to a line) match now, as JSON. Changes nothing."""
    if not request.user.has_perms(["alerts.view_silence", "alerts.view_alert"]):
        raise PermissionDenied
    lines = [line.strip() for line in request.GET.get("matchers", "").splitlines() if line.strip()]
    if not lines or len(lines) > PREVIEW_MATCHERS:
        return JsonResponse(
            {"says": gettext("Write 1 to %(most)d matchers, one to a line.") % {"most": PREVIEW_MATCHERS}, "wrong": bool(lines)}
        )
    try:
        conditions = matchers.parse_all(lines)
    except matchers.MatcherError as error:
        return JsonResponse({"says": str(error), "wrong": True})
    return JsonResponse(silence_preview.describe(silence_preview.preview(conditions), at=timezone.now()))
