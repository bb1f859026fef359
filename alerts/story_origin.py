"""Where an alert came from, as a part of its story: the reports, and the route and policy that they were given."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from alerts import queries, story_record
from alerts.enums import LogKind, StoryKind, Verdict
from alerts.models import Alert, Report, Route
from alerts.story_parts import LONG_TEXT, Asked, Entry, Fact, Part

MOST: Final = 60
"""So many reports are told: the first half and the last half of more."""
RANK: Final = 10
VIEW_REPORT: Final = "alerts.view_report"
STEP: Final = ("delay_seconds", "label", "urgency", "kinds", "groups")


def part(asked: Asked) -> Part:
    """Each report, the first one word by word for who may read reports."""
    rows = Report.objects.filter(alert=asked.alert).select_related("reported_by")
    found, cut = story_record.ends(rows, MOST)
    raw = asked.may(VIEW_REPORT)
    entries = [_report(report, place, raw=raw and place == 0) for place, report in enumerate(found)]
    left_out = []
    if cut:
        left_out.append(_("%(n)d repeated reports in the middle are left out.") % {"n": cut})
    if found and not raw:
        left_out.append(_("What the reports said word by word is left out: you have no permission to read reports."))
    if not found:
        left_out.append(_("The reports are no longer kept."))
    return Part(entries, left_out=left_out)


def chosen(alert: Alert) -> dict[str, Any]:
    """The policy as it was frozen on the alert, and the route that chose it when it was raised. Two statements."""
    raised = queries.log(alert.pk).filter(kind=LogKind.RAISED).order_by("id").values_list("detail", flat=True).first()
    number = (raised or {}).get("route")
    route = Route.objects.select_related("source").filter(pk=number).first() if isinstance(number, int) else None
    document = alert.policy.document
    steps = [{name: step.get(name) for name in STEP} for step in document.get("steps", ())]
    return {
        "route": number, "route_today": str(route) if route else None, "policy": alert.policy.name, "policy_digest": alert.policy.digest,
        "stops_at": document.get("stops_at"), "repeat_seconds": document.get("repeat_seconds"), "steps": steps,
    }  # fmt: skip


def short(text: str) -> str:
    """The beginning of ``text``, which says so where something is cut off."""
    return text if len(text) <= LONG_TEXT else text[:LONG_TEXT] + "\n" + _("… %(n)d characters more") % {"n": len(text) - LONG_TEXT}


def _report(report: Report, place: int, *, raw: bool) -> Entry:
    by = report.reported_by
    who = (by.get_full_name() or by.get_username()) if by else ""
    text = _TEXTS[report.verdict]() if report.verdict in _TEXTS else report.get_verdict_display()
    facts = [Fact("report", _("Report"), str(report.pk))] + ([Fact("reason", _("Reason"), report.reason)] if report.reason else [])
    quoted = short(json.dumps(report.raw, indent=2, ensure_ascii=False)) if raw and report.raw else ""
    return Entry(report.received_at, StoryKind.REPORT, text, who, facts, quoted, rank=RANK, place=place)


_TEXTS: Final[Mapping[str, Callable[[], str]]] = {
    Verdict.ACCEPTED: lambda: _("A report arrived and became this alert."),
    Verdict.SUPPRESSED: lambda: _("A report arrived and became this alert, held back by a silence."),
    Verdict.FOLDED: lambda: _("It was reported again."),
    Verdict.APPLIED: lambda: _("A report answered it."),
}
