"""What is wrong with one field of a form, said beside it before the save: the form's own rules, asked early. Nothing is written or fetched.

An admin names the fields in `field_checks`; static/admin_sentinel/field_check.js asks when somebody leaves such a field or pauses. The save
asks everything again, and nothing here holds it up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from sentinel_site.lib import cron, tries

FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 200_000
MOST_A_MINUTE: Final = 240
"""So many questions of one person; a quick writer needs one in two seconds."""
SHOWN_SLOTS: Final = 3

Hint = Callable[[HttpRequest, Mapping[str, Any]], str]
"""What to say of a value without fault, from the cleaned values of the field and of those beside it; empty: nothing."""


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """A field that is asked about: together with which others of its form, and what is said when nothing is wrong."""

    beside: tuple[str, ...] = ()
    hint: Hint | None = None


class InlineFieldChecksMixin:
    """Of an inline: the fields that `field_checks` of the model's own admin may be asked about, which answers for them."""

    field_checks: ClassVar[Mapping[str, FieldCheck]] = {}
    opts: Any

    @property
    def media(self) -> forms.Media:
        """With the script that asks."""
        own: forms.Media = super().media  # type: ignore[misc]
        return own + forms.Media(js=["admin_sentinel/field_check.js"])

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Its forms' fields are marked."""
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        self._mark(formset.form)
        return formset

    def _mark(self, form: Any) -> None:
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_field_check")
        for name, check in self.field_checks.items():
            if name in form.base_fields:
                form.base_fields[name].widget.attrs |= {
                    "data-check": address, "data-check-field": name, "data-check-beside": " ".join(check.beside),
                }  # fmt: skip


class FieldChecksMixin(InlineFieldChecksMixin):
    """Of an admin: answers for the fields that it names, to those who may save them."""

    def get_urls(self) -> list[Any]:
        """The question, before the admin's own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_field_check"
        own = path("field-check/", self.admin_site.admin_view(self.field_check_view), name=name)  # type: ignore[attr-defined]
        return [own, *super().get_urls()]  # type: ignore[misc]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Its fields are marked."""
        form = super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]
        self._mark(form)
        return form

    def field_check_view(self, request: HttpRequest) -> HttpResponse:
        """What is wrong with the field that ``_field`` names, of a new row or of the one that ``_object`` names, and a hint, as JSON."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self._row(request)
        if request.content_type != FORM:
            return HttpResponse(status=415)
        if len(request.body) > MOST_BYTES:
            return HttpResponse(status=413)
        if tries.are_too_many("field-check", str(request.user.pk), most=MOST_A_MINUTE):
            return HttpResponse(status=429)
        return JsonResponse(self._answer(request, row))

    def _row(self, request: HttpRequest) -> Any:
        """The row that is changed, or None. Raises PermissionDenied and Http404."""
        key = request.POST.get("_object", "")
        if not (self.has_change_permission(request) if key else self.has_add_permission(request)):  # type: ignore[attr-defined]
            raise PermissionDenied
        row = self.get_object(request, unquote(key)) if key and "\0" not in unquote(key) else None  # type: ignore[attr-defined]
        if key and row is None:
            raise Http404
        if key and not self.has_change_permission(request, row):  # type: ignore[attr-defined]
            raise PermissionDenied
        return row

    def _answer(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        name = request.POST.get("_field", "")
        kind = self.get_form(request, row, change=row is not None)
        if name not in self.field_checks or name not in kind.base_fields:
            raise Http404
        check = self.field_checks[name]
        asked = request.POST.copy()
        for other in set(asked) - {name, *check.beside}:
            del asked[other]
        form = kind(asked, instance=row)
        errors = [str(each) for each in form.errors.get(name, [])]
        return {"errors": errors, "hint": check.hint(request, form.cleaned_data) if check.hint and not errors else ""}


def of_cron(zone_field: str, *beside: str) -> FieldCheck:
    """Of a field ``cron`` in the zone that ``zone_field`` names: its next times. ``beside``: what else its form's rules look at."""

    def hint(_request: HttpRequest, cleaned: Mapping[str, Any]) -> str:
        try:
            return next_times(cleaned.get("cron") or "", cleaned[zone_field], at=timezone.now())
        except (cron.CronError, KeyError, ValueError, OSError):  # no expression or no zone: their own errors say so at the save
            return ""

    return FieldCheck((zone_field, *beside), hint)


def next_times(expression: str, zone: str, *, at: datetime) -> str:
    """The next three slots after ``at`` in words, in ``zone``. Raises CronError, and ValueError or OSError for a zone that is none."""
    found: list[str] = []
    while len(found) < SHOWN_SLOTS and (slot := cron.after(expression, at, ZoneInfo(zone))):
        at, local = slot, slot.astimezone(ZoneInfo(zone))
        found.append(f"{date_format(local, gettext('l j F Y'))}, {local:%H:%M}")
    return gettext("Next: %(times)s (%(zone)s).") % {"times": "; ".join(found), "zone": zone} if found else ""
