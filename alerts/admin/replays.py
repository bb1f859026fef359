"""The pages “Replay”: one report, or a stretch of time, against today's configuration."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from alerts import replays
from alerts.enums import ReplayState
from alerts.models import Replay, Report, Source
from sentinel_site.lib.moments import YEARS
from sentinel_site.lib.permissions import caller
from sentinel_site.lib.problems import Problem

VIEW = "alerts.view_report"
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
EARLIER = 10
"""So many earlier replays are listed."""
WORDS = {
    "verdict": _("other verdict"), "priority": _("priority"), "policy": _("policy"), "route": _("route"), "held": _("held back"),
    "told": _("when told"), "people": _("who is told"),
}  # fmt: skip


def _moment(**fields: Any) -> forms.DateTimeField:
    return forms.DateTimeField(input_formats=FORMATS, widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}), **fields)


class ReplayForm(forms.Form):
    """Which stretch of the past."""

    since = _moment(label=_("From"))
    until = _moment(label=pgettext_lazy("span", "To"))
    source = forms.ModelChoiceField(
        Source.objects.order_by("slug"),
        to_field_name="slug",
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label=_("All of them"),
        label=_("Source"),
    )
    as_now = forms.BooleanField(
        required=False, label=_("As if it came now"), widget=UnfoldBooleanSwitchWidget,
        help_text=_("Ask silences, hours and on-call schedules about now, and not about when it came."),
    )  # fmt: skip

    def clean_since(self) -> datetime:
        """An instant that can be reckoned with."""
        return self._near("since")

    def clean_until(self) -> datetime:
        """An instant that can be reckoned with."""
        return self._near("until")

    def _near(self, name: str) -> datetime:
        at: datetime = self.cleaned_data[name]
        if at.year not in YEARS:
            raise forms.ValidationError(_("This lies outside of the years 2000 to 2100."))
        return at


class ReplaysMixin:
    """Adds both pages to the admin of reports."""

    actions_detail = ("replay_one",)
    actions_list = ("replay_many",)

    def get_urls(self) -> list[Any]:
        """The pages, before the admin's own."""
        view = self.admin_site.admin_view
        own = [
            path("replay/", view(stretch), name="alerts_report_replay"),
            path("<uuid:pk>/replay/", view(one), name="alerts_report_replay_one"),
        ]
        return [*own, *super().get_urls()]

    @action(description=_("Replay"), url_path="to-replay", icon="replay")
    def replay_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What this report would lead to today."""
        return HttpResponseRedirect(reverse("admin:alerts_report_replay_one", args=[object_id]))

    @action(description=_("Replay a stretch of time"), url_path="to-replay", icon="replay")
    def replay_many(self, request: HttpRequest) -> HttpResponse:
        """What the reports of some days would lead to today."""
        return HttpResponseRedirect(reverse("admin:alerts_report_replay"))


def one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One report, as it was and as it would be."""
    _require(request)
    report = get_object_or_404(Report, pk=pk)
    as_now = "as_now" in request.GET
    found = replays.one(report, at=timezone.now(), as_now=as_now)
    context = {
        **admin.site.each_context(request), "title": _("Replay of %(what)s") % {"what": found["title"] or report},
        "report": report, "as_now": as_now,
        "item": _item(found), "steps": [{**step, "when": datetime.fromisoformat(step["at"])} for step in found["steps"]],
    }  # fmt: skip
    return TemplateResponse(request, "admin/alerts/report/replay_one.html", context)


def stretch(request: HttpRequest) -> HttpResponse:
    """A form, how far the replay is, and what it found. A long one is a job; the page looks again until it is done."""
    _require(request)
    now = timezone.localtime()
    shown = {"since": f"{now - timedelta(days=7):%Y-%m-%dT%H:%M}", "until": f"{now:%Y-%m-%dT%H:%M}"}
    form = ReplayForm(request.POST if request.method == "POST" else None, initial=shown)
    if request.method == "POST" and form.is_valid() and (row := _asked(request, form)):
        return HttpResponseRedirect(f"{reverse('admin:alerts_report_replay')}?id={row.pk}")
    row = _row(request)
    context = {
        **admin.site.each_context(request), "title": _("Replay"), "form": form, "row": row,
        "found": _found(row) if row and row.state == ReplayState.DONE else None,
        "waits": bool(row and row.state in (ReplayState.QUEUED, ReplayState.RUNNING)),
        "earlier": Replay.objects.exclude(pk=row.pk if row else None)[:EARLIER],
    }  # fmt: skip
    return TemplateResponse(request, "admin/alerts/report/replay.html", context)


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied


def _asked(request: HttpRequest, form: ReplayForm) -> Replay | None:
    """The replay that the form asks for; None, with an error on the form, when it is too much."""
    data = form.cleaned_data
    source = data["source"].slug if data["source"] else ""
    try:
        return replays.ask(
            since=data["since"], until=data["until"], source=source, as_now=data["as_now"], by=caller(request), at=timezone.now()
        )
    except Problem as problem:
        form.add_error(None, problem.detail)
        return None


def _row(request: HttpRequest) -> Replay | None:
    try:
        return Replay.objects.filter(pk=UUID(request.GET["id"])).first() if "id" in request.GET else None
    except ValueError:
        return None


def _found(row: Replay) -> dict[str, Any]:
    answer = row.answer
    pairs = [(word, answer["was"][name], answer["would"][name]) for name, word in COUNTED.items()]
    before, after = answer["was"]["by_priority"], answer["would"]["by_priority"]
    pairs += [
        (gettext("of them %(priority)s") % {"priority": name}, before.get(name, 0), after.get(name, 0))
        for name in sorted({*before, *after})
    ]
    return {
        **answer, "pairs": pairs, "items": [_item(item) for item in answer["items"]], "more": answer["different"] - len(answer["items"]),
        "reasons": [(WORDS.get(name, name), count) for name, count in answer["by_difference"].items()],
    }  # fmt: skip


COUNTED = {
    "alerts": _("Alerts"), "told": _("of which people are told"), "held": _("held back for a while or for good"),
    "grouped": _("told together with others"),
}  # fmt: skip


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """A replayed report with instants, and both sides as rows of a table: (name, was, would, whether they differ)."""
    was, would, unlike = item["was"], item["would"], set(item["differences"])
    rows = [(gettext("Verdict"), was["verdict"], would["verdict"], "verdict" in unlike)]
    for name in ("priority", "policy", "route"):
        rows.append((str(WORDS[name]).capitalize(), was.get(name) or "–", would.get(name) or "–", name in unlike))
    rows += [
        (gettext("Held back by"), _reasons(was), _reasons(would), "held" in unlike),
        (gettext("First told"), _when(was), _when(would), "told" in unlike),
        (gettext("Told"), ", ".join(was.get("people", ())) or "–", ", ".join(would.get("people", ())) or "–", "people" in unlike),
    ]  # fmt: skip
    words = [WORDS.get(name, name) for name in item["differences"]]
    return {**item, "came": datetime.fromisoformat(item["received_at"]), "rows": rows, "words": words}


def _reasons(side: dict[str, Any]) -> str:
    return ", ".join(f"{reason['kind']} “{reason['reason']}”" for reason in side.get("held", ())) or "–"


def _when(side: dict[str, Any]) -> str:
    at = side.get("told_at")
    return date_format(timezone.localtime(datetime.fromisoformat(at)), "D j N, H:i:s") if at else gettext("nobody")
