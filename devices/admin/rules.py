"""Rules of devices, with a page that tries one on the past."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html_join
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from devices import aggregates, backtest, bulk_deeds, rule_config, sentences
from devices.enums import RulePhase
from devices.errors import Busy
from devices.models import AlertRule
from sentinel_site.lib import bulk_asking
from sentinel_site.lib.ages import precise
from sentinel_site.lib.instants import instant
from sentinel_site.lib.lists import NoBulkDeleteMixin

SPANS = (
    ("1", _("The last day")),
    ("2", _("The last two days")),
    ("7", _("The last week")),
    ("31", _("The last month")),
    ("92", _("The last three months")),
)
PHASE_COLOURS = {RulePhase.QUIET: "", RulePhase.RISING: "warning", RulePhase.ACTIVE: "danger", RulePhase.FALLING: "warning", "off": ""}
SHOWN = 100
"""So many stretches are listed; the rest is counted."""


class RuleForm(forms.ModelForm):
    """A rule, checked as REST checks it."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"), choices=list(WEEKDAYS.items()), coerce=int, required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget, help_text=_("None ticked: every day. A night belongs to the day it begins on."),
    )  # fmt: skip
    aggregate = forms.CharField(
        label=_("Aggregate"), required=False, max_length=20,
        help_text=format_lazy(_("Empty: each value. Or {known}, over so many seconds."), known=_(aggregates.HELP)),
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "leq:300"}),
    )  # fmt: skip

    class Meta:
        model = AlertRule
        fields = "__all__"  # noqa: DJ007 (the admin's fieldsets choose)

    def clean(self) -> dict[str, Any]:
        """Not more of them than can be judged for every sample."""
        data = super().clean() or {}
        device = data.get("device")
        if self.instance.pk is None and device is not None and not rule_config.has_room(device):
            raise ValidationError(rule_config.FULL)
        return data

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                rule_config.check(self.instance)
            except ValidationError as error:
                self._update_errors(error)


class TryForm(forms.Form):
    """What to try: the rule, over how long, and with other limits if wanted."""

    days = forms.ChoiceField(choices=SPANS, label=_("Over"), widget=UnfoldAdminSelectWidget)
    threshold = forms.FloatField(
        label=_("Threshold"), widget=UnfoldAdminTextInputWidget, min_value=-rule_config.MAX_LEVEL, max_value=rule_config.MAX_LEVEL
    )
    sustained_seconds = forms.IntegerField(label=_("Sustained (seconds)"), widget=UnfoldAdminTextInputWidget, min_value=0, max_value=86_400)
    hysteresis = forms.FloatField(label=_("Hysteresis"), widget=UnfoldAdminTextInputWidget, min_value=0, max_value=rule_config.MAX_LEVEL)

    def draft(self, rule: AlertRule) -> AlertRule:
        """The rule with these limits, not saved."""
        for name in ("threshold", "sustained_seconds", "hysteresis"):
            setattr(rule, name, self.cleaned_data[name])
        return rule


@admin.register(AlertRule)
class AlertRuleAdmin(NoBulkDeleteMixin, ModelAdmin):
    """When a device raises an alert. A running monitor judges by a change within two seconds."""

    form = RuleForm
    list_display = ("name", "device", "says", "phase_now", "severity", "enabled")
    list_select_related = ("device", "state")
    list_filter = (("device", AutocompleteSelectFilter), ("severity", ChoicesDropdownFilter), ("enabled", BooleanRadioFilter))
    list_filter_submit = True
    search_fields = ("name", "device__name", "device__slug")
    search_help_text = _("Rule or device")
    autocomplete_fields = ("device",)
    readonly_fields = ("says", "warned", "more")
    actions: ClassVar = [bulk_asking.action(bulk_deeds.RULES_ON, "change"), bulk_asking.action(bulk_deeds.RULES_OFF, "change")]
    fieldsets = (
        (_("Rule"), {"fields": (("device", "name"), ("severity", "enabled"))}),
        (_("When it holds"), {"fields": (
            ("metric", "aggregate"), ("comparison", "threshold"), ("sustained_seconds", "hysteresis"), "cooldown_seconds",
        )}),
        (_("Only in these hours"), {"fields": (("window_from", "window_until"), "weekdays"),
            "description": _("In the device's own zone.")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the list shows."""
        return super().get_queryset(request).select_related("device", "state")

    def get_fieldsets(self, request: HttpRequest, obj: AlertRule | None = None) -> Any:
        """A rule that is there begins with what it means."""
        return self.fieldsets if obj is None else ((_("What it means"), {"fields": ("says", "warned", "more")}), *self.fieldsets)

    def get_readonly_fields(self, request: HttpRequest, obj: AlertRule | None = None) -> tuple[str, ...]:
        """A rule stays with its device."""
        return (*self.readonly_fields, "device") if obj else self.readonly_fields

    def get_urls(self) -> list[Any]:
        """The page that tries a rule, before the admin's own."""
        own = path("<int:pk>/try/", self.admin_site.admin_view(self.try_view), name="devices_alertrule_try")
        return [own, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: AlertRule, form: Any, change: bool) -> None:
        """By the one door; what will disappoint is said."""
        rule_config.save(obj)
        for warning in rule_config.warnings(obj):
            messages.warning(request, warning)

    @display(description=_("Holds when"))
    def says(self, rule: AlertRule) -> str:
        """The rule in one line."""
        return sentences.of_rule(rule)

    @display(description=_("Now"), label=PHASE_COLOURS)
    def phase_now(self, rule: AlertRule) -> tuple[str, str]:
        """How far it is."""
        if not rule.enabled or not rule.device.enabled:
            return "off", gettext("Off")
        phase = RulePhase(rule_config.phase(rule))
        return phase.value, str(phase.label)

    @display(description=_("Mind"))
    def warned(self, rule: AlertRule) -> str:
        """What it will not do."""
        return " ".join(rule_config.warnings(rule)) or "–"

    @display(description=_("See"))
    def more(self, rule: AlertRule) -> str:
        """Where the rest of it is."""
        links = (reverse("admin:devices_alertrule_try", args=[rule.pk]), reverse("live-device", args=[rule.device.slug]))
        return format_html_join(
            " · ",
            '<a class="snt-link" href="{}">{}</a>',
            zip(links, (gettext("Try it on the past"), gettext("Live values and chart")), strict=True),
        )

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """When the rule would have held. It changes nothing, so the form is sent by GET and its address can be kept."""
        if not (request.user.has_perm("devices.view_alertrule") and request.user.has_perm("devices.view_reading")):
            raise PermissionDenied
        rule = AlertRule.objects.select_related("device").filter(pk=pk).first()
        if rule is None:
            raise Http404
        form = TryForm(request.GET if "days" in request.GET else None, initial={**forms.model_to_dict(rule), "days": "1"})
        found = _tried(form, rule) if form.is_bound and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request), "title": _("Try “%(rule)s” on the past") % {"rule": rule}, "opts": self.opts,
            "original": rule, "rule": rule, "form": form,
            "says": sentences.of_rule(rule), "unit": sentences.unit_of(rule.metric), "found": found,
        }  # fmt: skip
        return TemplateResponse(request, "admin/devices/alertrule/try.html", context)


def _tried(form: TryForm, rule: AlertRule) -> dict[str, Any] | None:
    """What the back-test found, for the page; None, said on the form, while too many others run."""
    until = timezone.now()
    try:
        found = backtest.run(form.draft(rule), since=until - timedelta(days=int(form.cleaned_data["days"])), until=until)
    except Busy as error:
        form.add_error(None, str(error))
        return None
    rows = [
        {"held": held, "at": instant(held.onset_at), "length": _length(held), "why": sentences.of_closing(held.closing or "")}
        for held in found.held[-SHOWN:][::-1]
    ]
    return {"found": found, "rows": rows, "hidden": max(0, len(found.held) - SHOWN), "until": until}


def _length(held: backtest.Held) -> str:
    return precise(int((held.clear_at - held.onset_at).total_seconds())) if held.clear_at else ""
