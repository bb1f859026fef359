"""Devices: what they are, how they are, and what may be done with several at once."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanWidget

from devices import board, bulk_deeds, config
from devices.admin.words import MODE_COLOURS, REACH_COLOURS, last_value, reach, status_of
from devices.enums import DriverKind
from devices.models import Device
from sentinel_site.lib import bulk_asking
from sentinel_site.lib.field_checks import FieldCheck, FieldChecksMixin
from sentinel_site.lib.lists import NoBulkDeleteMixin

KINDS: Final = {DriverKind.NL43: "NL-43", DriverKind.SIMULATED: _("Simulated"), DriverKind.PUSH: _("Pushes")}


LISTS: Final = (
    (_("Rules"), "alertrule"), (_("Events"), "ruleevent"), (_("Commands"), "devicecommand"), (_("Notes"), "techniciannote"),
)  # fmt: skip


class DeviceForm(forms.ModelForm):
    """A device. Its password can be set and never read: left empty, it stays."""

    password = forms.CharField(
        required=False, label=_("FTP password"), widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted and never shown again; leave it empty to keep the one there is. Rion's default is 0000."),
    )  # fmt: skip

    forget_password = forms.BooleanField(
        required=False, label=_("Forget the password"), widget=UnfoldBooleanWidget,
        help_text=_("Tick it and save: what is stored is deleted."),
    )  # fmt: skip

    class Meta:
        model = Device
        fields = "__all__"  # noqa: DJ007 (the admin's fieldsets choose)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("password", None)

    def clean_time_zone(self) -> str:
        """Known time zones only."""
        name = str(self.cleaned_data["time_zone"]).strip()
        if name not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone. Write an IANA name, for example Europe/Paris."))
        return name

    def clean(self) -> dict[str, Any]:
        """Keep the password that is there, unless it is forgotten. One that belongs to another address is not sent to a new one unseen."""
        data = super().clean() or {}
        if data.get("forget_password"):
            data["password"] = ""
        elif not data.get("password"):
            data["password"] = self.instance.password
            if data["password"] and not {"host", "ftp_port"}.isdisjoint(self.changed_data):
                self.add_error("password", _("It is stored for another address: write it again, or have it forgotten."))
        if not {"driver", "host", "port", "ftp_port"}.isdisjoint(self.changed_data) and data.get("port") and data.get("ftp_port"):
            wrong = config.address_errors(data.get("driver", ""), data.get("host", ""), data["port"], data["ftp_port"])
            for name, text in wrong.items():
                self.add_error(name, text)
        return data


class ReachFilter(admin.SimpleListFilter):
    """The devices that somebody should look after."""

    title, parameter_name = _("reachable"), "reach"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The questions."""
        return [("no", gettext("Unreachable")), ("yes", gettext("Reachable"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        """The devices of which it is true."""
        return queryset.filter(enabled=True, status__reachable=self.value() == "yes") if self.value() in {"yes", "no"} else queryset


@admin.register(Device)
class DeviceAdmin(FieldChecksMixin, NoBulkDeleteMixin, ModelAdmin):
    """Everything that measures. A running monitor follows a change within two seconds."""

    form = DeviceForm
    field_checks: ClassVar = {"host": FieldCheck(("driver", "port", "ftp_port"))}
    list_before_template = "admin/devices/device/first.html"
    list_display = ("name", "reachable_now", "last_value", "mode_now", "place", "kind", "rules_now")
    list_filter = (
        ReachFilter, ("driver", ChoicesDropdownFilter), ("enabled", BooleanRadioFilter), ("keepalive", BooleanRadioFilter)
    )  # fmt: skip
    list_filter_submit = True
    search_fields = ("slug", "name", "place", "host")
    search_help_text = _("Name, slug, place or host")
    autocomplete_fields = ("source",)
    prepopulated_fields: ClassVar = {"slug": ["name"]}
    readonly_fields = ("how_it_is", "more")
    actions: ClassVar = [
        bulk_asking.action(deed, "change") for deed in (bulk_deeds.ENABLE, bulk_deeds.DISABLE, bulk_deeds.KEEP, bulk_deeds.RELEASE)
    ]
    fieldsets = (
        (_("Device"), {"fields": (("name", "slug"), ("place", "time_zone"), "driver")}),
        (_("How to reach it"), {
            "fields": (("host", "port"), ("ftp_port",), ("username", "password"), "forget_password"),
            "description": _("For a meter. A device that pushes its readings needs none of this: it posts to /api/v1/devices/…/readings."),
            "classes": ("snt-if-polled",),
        }),
        (_("How it is watched"), {"fields": ("enabled", "keepalive", ("poll_seconds", "silent_after_seconds"))}),
        (_("Its alerts"), {"fields": ("source",)}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """With how they are, at once."""
        return board.readable(at=timezone.now()).annotate(rule_count=Count("rules", filter=Q(rules__enabled=True)))

    def get_fieldsets(self, request: HttpRequest, obj: Device | None = None) -> Any:
        """A device that is there begins with how it is. Its password is no matter of those who may only look."""
        if obj is None:
            return self.fieldsets
        secret = () if self.has_change_permission(request, obj) else ("password", "forget_password")
        return ((_("Now"), {"fields": ("how_it_is", "more")}), *(_without(fieldset, secret) for fieldset in self.fieldsets))

    def get_readonly_fields(self, request: HttpRequest, obj: Device | None = None) -> tuple[str, ...]:
        """The slug is what programs and alerts know it by, and stays."""
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Device | None = None) -> dict[str, list[str]]:
        """The slug follows the name until it is saved."""
        return {} if obj else dict(self.prepopulated_fields)

    def view_on_site(self, device: Device) -> str:
        """Its live page."""
        return reverse("live-device", args=[device.slug])

    @display(description=_("Reachable"), label=REACH_COLOURS)
    def reachable_now(self, device: Device) -> tuple[str, str]:
        """Whether it answers."""
        return reach(device, at=timezone.now())

    @display(description=_("Mode"), label=MODE_COLOURS)
    def mode_now(self, device: Device) -> tuple[str, str] | str:
        """What the monitor does with it."""
        status = status_of(device)
        return (status.mode, status.get_mode_display()) if device.is_polled and device.enabled else "–"

    @display(description=_("Kind"), ordering="driver")
    def kind(self, device: Device) -> str:
        """What it is, in a word or two."""
        return str(KINDS[DriverKind(device.driver)])

    @display(description=_("Last value"))
    def last_value(self, device: Device) -> str:
        """What it measured last."""
        return last_value(device, at=timezone.now())

    @display(description=_("Rules"))
    def rules_now(self, device: Any) -> str:
        """How many of its rules are on."""
        return str(device.rule_count or gettext("none"))

    @display(description=_("Now"))
    def how_it_is(self, device: Device) -> str:
        """One line: reachable, mode, last value, who has it, and what went wrong."""
        status, at = status_of(device), timezone.now()
        parts = [reach(device, at=at)[1], status.get_mode_display() if device.is_polled else "", last_value(device, at=at)]
        parts += [
            gettext("held by a monitor on %(host)s") % {"host": status.holder.partition("/")[0]} if status.holder else "",
            status.error,
        ]
        return " · ".join(part for part in parts if part and part != "–")

    @display(description=_("See"))
    def more(self, device: Device) -> str:
        """Where the rest of it is."""
        links = [(gettext("Live page and readings"), reverse("live-device", args=[device.slug]))]
        for title, name in LISTS:
            links += _listed(str(title), name, device)
        return format_html("{}", format_html_join(" · ", '<a class="snt-link" href="{1}">{0}</a>', links))


def _without(fieldset: tuple[Any, dict[str, Any]], names: Iterable[str]) -> tuple[Any, dict[str, Any]]:
    """A fieldset without some of its fields."""
    title, options = fieldset
    rows = [row if isinstance(row, tuple) else (row,) for row in options["fields"]]
    kept = [tuple(name for name in row if name not in names) for row in rows]
    return title, {**options, "fields": tuple(row for row in kept if row)}


def _listed(title: str, model: str, device: Device) -> list[tuple[str, str]]:
    try:
        return [(title, f"{reverse(f'admin:devices_{model}_changelist')}?device__id__exact={device.pk}")]
    except NoReverseMatch:
        return []
