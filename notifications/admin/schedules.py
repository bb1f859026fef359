"""On-call schedules with their layers and members, over a calendar of who is on call when."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from notifications import duty, ical_import, outlook, public_holidays
from notifications.admin.calendars import ImportForm
from notifications.models import OnCallSchedule, Rotation, RotationMember
from notifications.models.oncall import WEEKDAYS
from notifications.walltime import shown
from sentinel_site.lib.crud import uses
from sentinel_site.lib.lists import NoBulkDeleteMixin

YEARS = range(2000, 2100)
IMPORT = "notifications.add_oncalloverride"


class RotationForm(forms.ModelForm):
    """A layer; its weekdays are ticked, and its country has a calendar."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("Only on"), required=False, coerce=int, choices=WEEKDAYS, widget=UnfoldAdminSelect2MultipleWidget,
        help_text=_("Empty: every day. Outside of its days and hours the layers beneath it count."),
    )  # fmt: skip

    class Meta:
        model = Rotation
        fields = "__all__"  # noqa: DJ007 (the inline's fields choose)

    def clean_holiday_country(self) -> str:
        """Known calendars only."""
        country = str(self.cleaned_data["holiday_country"]).strip().upper()
        if country and not public_holidays.is_known(country):
            raise forms.ValidationError(_("There is no calendar of that name. Write a country such as FR, or a part of one such as DE-BY."))
        return country


class ScheduleForm(forms.ModelForm):
    """A schedule in a time zone that is there."""

    class Meta:
        model = OnCallSchedule
        fields = "__all__"  # noqa: DJ007 (the admin's fieldsets choose)

    def clean_time_zone(self) -> str:
        """Known time zones only."""
        name = str(self.cleaned_data["time_zone"]).strip()
        if name not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone. Write an IANA name, for example Europe/Paris."))
        return name


class MemberInline(TabularInline):
    """Who takes turns, in their order."""

    model = RotationMember
    fields = ("position", "recipient")
    autocomplete_fields = ("recipient",)
    extra = 0
    ordering_field = "position"
    hide_ordering_field = True


class RotationInline(StackedInline):
    """The layers of a schedule."""

    model = Rotation
    form = RotationForm
    fields = (
        ("name", "position"), ("length", "kind"), ("handoff_time", "handoff_weekday"), "starts_on",
        ("hours_from", "hours_until"), "weekdays", ("holiday_rule", "holiday_country"),
    )  # fmt: skip
    inlines = (MemberInline,)
    extra = 0


@admin.register(OnCallSchedule)
class OnCallScheduleAdmin(NoBulkDeleteMixin, ModelAdmin):
    """Who is on call: policies name schedules, and tell whoever is on call when a step is taken."""

    form = ScheduleForm
    inlines = (RotationInline,)
    list_display = ("name", "now", "until", "following", "time_zone", "handoff_notices")
    search_fields = ("name",)
    search_help_text = _("Name")
    fieldsets = ((pgettext_lazy("on call", "Schedule"), {"fields": ("name", ("time_zone", "handoff_notices"))}),)
    change_form_outer_before_template = "admin/notifications/oncallschedule/calendar.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        """With layers and members, at once."""
        return duty.schedules()

    def get_urls(self) -> list[URLPattern]:
        """And the page that imports a calendar file."""
        view = self.admin_site.admin_view(self.import_view)
        return [path("<path:object_id>/import/", view, name="notifications_oncallschedule_import"), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: OnCallSchedule | None = None) -> bool:
        """Not one that a policy names."""
        used = obj is not None and bool(uses(obj, parts=("rotations", "overrides", "feeds")))
        return super().has_delete_permission(request, obj) and not used

    @display(description=_("On call now"))
    def now(self, schedule: OnCallSchedule) -> str:
        """The name."""
        name = _outlook(schedule).now
        return name or format_html('<strong class="snt-error">{}</strong>', gettext("Nobody"))

    @display(description=_("Until"))
    def until(self, schedule: OnCallSchedule) -> str:
        """In the schedule's own zone."""
        until = _outlook(schedule).until
        return date_format(until, "D j N, H:i") if until else "–"

    @display(description=_("Then"))
    def following(self, schedule: OnCallSchedule) -> str:
        """Who is next."""
        changes = _outlook(schedule).changes
        return (changes[0].on or gettext("nobody")) if changes else "–"

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """The form, under the calendar of the schedule as it was saved."""
        schedule = self.get_object(request, unquote(object_id))
        context: dict[str, Any] = {}
        if isinstance(schedule, OnCallSchedule):
            at = timezone.now()
            first_day = _month(request.GET.get("month", ""), shown(at, duty.zone(schedule.time_zone)).date())
            context = {
                "schedule": schedule, "outlook": outlook.of(schedule, at=at), "month": outlook.month(schedule, first_day, at=at),
                "may_import": request.user.has_perm(IMPORT), "weekdays": [name for _day, name in WEEKDAYS],
            }  # fmt: skip
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def import_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a calendar file, and make overrides of its events."""
        schedule = self.get_object(request, unquote(object_id))
        if schedule is None or not (self.has_view_permission(request, schedule) and request.user.has_perm(IMPORT)):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                file, person = form.cleaned_data["file"], form.cleaned_data["recipient"]
                count = ical_import.take(file.read(), schedule, recipient=person, at=timezone.now())
            except ical_import.CalendarRefused as error:
                form.add_error("file", str(error))
            else:
                messages.success(request, _("Overrides made from the file: %(count)d.") % {"count": count})
                return redirect("admin:notifications_oncallschedule_change", schedule.pk)
        context = {**self.admin_site.each_context(request), "title": _("Import a calendar into %(schedule)s") % {"schedule": schedule},
                   "form": form, "opts": self.opts,
                   "schedule": schedule}  # fmt: skip
        return TemplateResponse(request, "admin/notifications/oncallschedule/import.html", context)


def _outlook(schedule: Any) -> outlook.Outlook:
    """The outlook of a row of the list, worked out once for all its columns."""
    if not hasattr(schedule, "outlook"):
        schedule.outlook = outlook.of(schedule, at=timezone.now())
    found: outlook.Outlook = schedule.outlook
    return found


def _month(text: str, today: date) -> date:
    """The first day of the month that ``text`` (2026-03) names; of today's month when it names none."""
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        found = today
    return (found if found.year in YEARS else today).replace(day=1)
