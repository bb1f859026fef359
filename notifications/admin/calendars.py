"""Overrides, and the calendars that others read by a secret address."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from notifications import feeds, ical_import
from notifications.models import CalendarFeed, OnCallOverride, Recipient
from sentinel_site.lib.lists import OfferedMixin


class ImportForm(forms.Form):
    """A calendar file, and whose it is."""

    file = forms.FileField(
        label=_("Calendar file"), widget=UnfoldAdminFileFieldWidget,
        help_text=_("An .ics file of at most 256 KB and 500 events in the coming year. Events may repeat by day, week, month or year."),
    )  # fmt: skip
    recipient = forms.ModelChoiceField(
        label=_("On call for all of it"), queryset=Recipient.objects.filter(active=True), required=False, widget=UnfoldAdminSelectWidget,
        empty_label=_("whoever each event is named after"),
    )  # fmt: skip

    def clean_file(self) -> Any:
        """Small enough to be read."""
        file = self.cleaned_data["file"]
        if file.size > ical_import.MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(most)d KB. Export a shorter time.") % {"most": ical_import.MAX_BYTES // 1024}
            )
        return file


@admin.register(OnCallOverride)
class OnCallOverrideAdmin(ModelAdmin):
    """Somebody is on call whatever the layers say; the one made later wins."""

    list_display = ("schedule", "recipient", "starts_at", "ends_at", "state", "made")
    list_filter = (("schedule", AutocompleteSelectFilter), ("recipient", AutocompleteSelectFilter), ("ends_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("schedule", "recipient")
    list_per_page = 50
    ordering = ("-ends_at", "-id")
    search_fields = ("schedule__name", "recipient__name")
    search_help_text = _("Schedule or person")
    autocomplete_fields = ("schedule", "recipient")
    fieldsets = ((_("Override"), {"fields": ("schedule", "recipient", "starts_at", "ends_at")}),)

    @display(description=_("State"), label={"active": "warning", "planned": "info", "over": ""})
    def state(self, override: OnCallOverride) -> tuple[str, str]:
        """Whether it counts now."""
        at = timezone.now()
        if override.ends_at <= at:
            return "over", gettext("over")
        return ("planned", gettext("planned")) if override.starts_at > at else ("active", pgettext("silence", "active"))

    @display(description=_("Made"))
    def made(self, override: OnCallOverride) -> str:
        """By hand or from a file."""
        return gettext("from a calendar file") if override.uid else gettext("by hand")


@admin.register(CalendarFeed)
class CalendarFeedAdmin(OfferedMixin, ModelAdmin):
    """Secret addresses of calendars; each is shown once, and works until it is revoked."""

    list_display = ("__str__", "label", "created_at", "state")
    list_select_related = ("schedule", "recipient")
    search_fields = ("label", "schedule__name", "recipient__name")
    search_help_text = _("Label, schedule or person")
    autocomplete_fields = ("schedule", "recipient")
    fieldsets = ((_("Calendar of one schedule or of one person"), {"fields": (("schedule", "recipient"), "label")}),)
    actions_detail: ClassVar = ["revoke"]

    def get_readonly_fields(self, request: HttpRequest, obj: CalendarFeed | None = None) -> tuple[str, ...]:
        """What an address shows stays."""
        return ("schedule", "recipient") if obj else ()

    def idle_actions(self, object_id: Any) -> set[str]:
        """What was revoked is not revoked again."""
        return set() if CalendarFeed.objects.filter(pk=object_id, revoked_at=None).exists() else {"revoke"}

    @display(description=_("State"), label={"works": "success", "revoked": "danger"})
    def state(self, feed: CalendarFeed) -> tuple[str, str]:
        """Whether it can be read."""
        return ("revoked", gettext("revoked")) if feed.revoked_at else ("works", gettext("works"))

    def save_model(self, request: HttpRequest, obj: CalendarFeed, form: Any, change: bool) -> None:
        """Save a changed label, or make a new calendar and keep its address for the answer to this one request."""
        if change:
            super().save_model(request, obj, form, change)
            return
        made, request.issued_url = feeds.issue(schedule=obj.schedule, recipient=obj.recipient, label=obj.label)  # type: ignore[attr-defined]
        obj.pk, obj.token_digest, obj.created_at = made.pk, made.token_digest, made.created_at
        obj._state.adding = False

    def response_add(self, request: HttpRequest, obj: CalendarFeed, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the address, this once."""
        context = {**self.admin_site.each_context(request), "title": _("A new calendar"), "feed": obj, "opts": self.opts,
                   "url": request.issued_url}  # type: ignore[attr-defined]  # fmt: skip
        return TemplateResponse(request, "admin/notifications/calendarfeed/issued.html", context, headers={"Cache-Control": "no-store"})

    @action(
        description=_("Revoke"), permissions=["change"], icon="link_off", variant=ActionVariant.DANGER,
        dialog={"title": _("Revoke this address"), "description": _("Calendar programs that use it get nothing any more, for good."),
                "form_class": BaseDialogForm, "form_submit_text": _("Revoke")},
    )  # fmt: skip
    def revoke(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Revoke one address."""
        if not request.user.has_perm("notifications.change_calendarfeed"):
            raise PermissionDenied
        feed = get_object_or_404(CalendarFeed, pk=object_id)
        feeds.revoke(feed, at=timezone.now())
        messages.success(request, _("Revoked."))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:notifications_calendarfeed_change", args=[feed.pk])})
