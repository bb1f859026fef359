"""What was done to devices, and when their rules held: rows nobody edits."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from devices import sentences
from devices.admin.words import COMMAND_COLOURS
from devices.enums import COMMAND_OPEN
from devices.models import DeviceCommand, RuleEvent
from sentinel_site.lib import figures
from sentinel_site.lib.ages import length
from sentinel_site.lib.lists import BornFilter, LargeListMixin, ReadOnlyMixin
from sentinel_site.lib.underway import UnderwayMixin


@admin.register(DeviceCommand)
class DeviceCommandAdmin(UnderwayMixin, ReadOnlyMixin, LargeListMixin):
    """Every command that somebody gave to a device, with what became of it."""

    list_display = ("asked", "device", "command", "judged", "asked_by", "took", "error")
    list_select_related = ("device", "asked_by")
    list_filter = (("device", AutocompleteSelectFilter), ("status", ChoicesDropdownFilter), ("asked_at", BornFilter))
    fieldsets = ((_("Command"), {"fields": (
        "device", "command", "with_arguments", "status", "asked_by", "asked_at", "started_at", "finished_at", "code", "error", "answer"
    )}),)  # fmt: skip
    readonly_fields = ("with_arguments", "answer")

    def underway(self, command: DeviceCommand) -> str:
        """Its status, while the device has not answered."""
        return str(command.get_status_display()) if command.status in COMMAND_OPEN else ""

    def at_its_end(self, command: DeviceCommand) -> str:
        """What became of it."""
        return str(command.get_status_display())

    @display(description=_("Asked"))
    def asked(self, command: DeviceCommand) -> str:
        """When."""
        return f"{timezone.localtime(command.asked_at):%Y-%m-%d %H:%M:%S}"

    @display(description=_("Result"), label=COMMAND_COLOURS)
    def judged(self, command: DeviceCommand) -> tuple[str, str]:
        """What became of it."""
        return command.status, command.get_status_display()

    @display(description=_("Took"))
    def took(self, command: DeviceCommand) -> str:
        """From asking to its end."""
        return length(command.finished_at - command.asked_at) if command.finished_at else "–"

    @display(description=_("Arguments"))
    def with_arguments(self, command: DeviceCommand) -> str:
        """As they were given."""
        return json.dumps(command.arguments, ensure_ascii=False) if command.arguments else "–"

    @display(description=_("Reply"))
    def answer(self, command: DeviceCommand) -> str:
        """What the device answered."""
        return _raw(command.reply) if command.reply is not None else "–"


@admin.register(RuleEvent)
class RuleEventAdmin(ReadOnlyMixin, LargeListMixin):
    """When each rule held: from the onset to the clear, with the worst value."""

    list_display = ("began", "device", "rule_name", "state", "at_onset", "worst", "lasted", "see")
    list_select_related = ("device",)
    list_filter = (("device", AutocompleteSelectFilter), ("closing", ChoicesDropdownFilter), ("onset_at", BornFilter))
    fieldsets = (
        (_("Event"), {"fields": ("device", "rule_name", "metric", "onset_at", "value", "peak", "clear_at", "closing", "see", "was")}),
    )
    readonly_fields = ("rule_name", "see", "was")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the rows' alerts: their id is enough."""
        return super().get_queryset(request).select_related("device")

    @display(description=_("Onset"))
    def began(self, event: RuleEvent) -> str:
        """When it began."""
        return f"{timezone.localtime(event.onset_at):%Y-%m-%d %H:%M:%S}"

    @display(description=_("Rule"))
    def rule_name(self, event: RuleEvent) -> str:
        """The rule's name as it was then."""
        return str(event.rule_document.get("name", "–"))

    @display(description=_("State"), label={"active": "danger", "over": ""})
    def state(self, event: RuleEvent) -> tuple[str, str]:
        """Whether it goes on, else why it ended."""
        return ("over", event.get_closing_display()) if event.clear_at else ("active", gettext("Active"))

    @display(description=_("At the onset"))
    def at_onset(self, event: RuleEvent) -> str:
        """The value that began it."""
        return f"{sentences.of_metric(event.metric)} {figures.number(event.value, 1)} {sentences.unit_of(event.metric)}"

    @display(description=_("Worst"))
    def worst(self, event: RuleEvent) -> str:
        """The peak."""
        return f"{figures.number(event.peak, 1)} {sentences.unit_of(event.metric)}"

    @display(description=_("Lasted"))
    def lasted(self, event: RuleEvent) -> str:
        """From the onset to the clear, or until now."""
        return length((event.clear_at or timezone.now()) - event.onset_at)

    @display(description=_("See"))
    def see(self, event: RuleEvent) -> str:
        """The chart at that instant, and the alert."""
        chart = f"{reverse('live-device', args=[event.device.slug])}?at={event.onset_at.isoformat().replace('+00:00', 'Z')}"
        alert = reverse("live-alert", args=[event.alert_id]) if event.alert_id else ""
        links = [(chart, gettext("Chart"))] + ([(alert, gettext("Alert"))] if alert else [])
        return format_html_join(" · ", '<a class="snt-link" href="{}">{}</a>', links)

    @display(description=_("The rule as it was"))
    def was(self, event: RuleEvent) -> str:
        """Its fields at the onset."""
        return _raw(event.rule_document)


def _raw(document: Any) -> str:
    return format_html('<pre class="snt-raw" tabindex="0">{}</pre>', json.dumps(document, indent=2, ensure_ascii=False))
