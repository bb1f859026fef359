"""The live page of the noise report. It is made here; its script only asks for a new one and says how far that is."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from alerts.models import NoiseReport
from alerts.noise import describing, links, making, words
from sentinel_site.lib.pages import shown_to

VIEW, ADD = "alerts.view_noisereport", "alerts.add_noisereport"
HIGH: Final = 60
STEP: Final = 10
LEVELS: Final = (1, 3, 6)
"""From so many messages on a night is shown the darker."""


@shown_to(VIEW)
def page(request: HttpRequest) -> HttpResponse:
    """The newest report, or that there is none yet."""
    row, underway = making.latest(), making.underway(at=timezone.now())
    data = {
        "can_ask": request.user.has_perm(ADD),
        "underway": underway and {"id": str(underway.pk), "state": underway.state, "done": underway.done, "total": underway.total},
    }
    shown = _shown(row, request) if row else {"headline": _("Noise")}
    return render(request, "live/noise.html", {"data": data, "report": row, **shown})


def _shown(row: NoiseReport, request: HttpRequest) -> dict[str, Any]:
    answer = row.answer
    days = (row.until - row.since).days
    return {
        "headline": words.headline(answer["totals"], days), "cut": words.cut(answer), "tiles": words.tiles(answer),
        "days": _days(answer["by_day"], row), "proposals": [_proposal(each, request) for each in answer["proposals"]],
        "nights": [_sleeper(each) for each in answer["nights"]], "lists": _lists(answer),
    }  # fmt: skip


def _proposal(found: Mapping[str, Any], request: HttpRequest) -> dict[str, Any]:
    """A proposal; its form for whoever may use it."""
    may = request.user.is_staff and request.user.has_perm(links.PERMISSIONS[found["kind"]])
    missed = found["effect"]["missed"]
    described = describing.proposal(found, at=timezone.now())
    clean = not (missed["acted"] or missed["useful"] or missed["p2"])
    return {**described, "form": described["form"] if may else None, "clean": clean, "request": describing.request(described)}


def _days(by_day: Sequence[Mapping[str, Any]], row: NoiseReport) -> dict[str, Any]:
    """A bar for each day of the period, those without alerts as well."""
    counted = {each["day"]: each for each in by_day}
    first, last = timezone.localdate(row.since), timezone.localdate(row.until)
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    most = max((each["messages"] for each in by_day), default=0) or 1
    return {"width": len(every) * STEP, "bars": [_bar(n, day, counted.get(day.isoformat()), most) for n, day in enumerate(every)]}


def _bar(place: int, day: date, counted: Mapping[str, Any] | None, most: int) -> dict[str, Any]:
    messages, alerts = (counted["messages"], counted["alerts"]) if counted else (0, 0)
    height = max(1, round(HIGH * messages / most))
    text = _("{day}: {messages} messages, {alerts} alerts").format(day=_named(day), messages=messages, alerts=alerts)
    return {"x": place * STEP + 1, "y": 64 - height, "height": height, "text": text}


def _sleeper(found: Mapping[str, Any]) -> dict[str, Any]:
    first = date.fromisoformat(found["first"])
    cells = [
        {"x": number * STEP, "level": sum(messages >= level for level in LEVELS),
         "text": _("{day}: {messages} messages").format(day=_named(first + timedelta(days=number)), messages=messages)}
        for number, messages in enumerate(found["by_night"])
    ]  # fmt: skip
    worst = _named(date.fromisoformat(found["most_on"]))
    return {"name": found["name"], "text": words.nights(found, worst), "width": len(cells) * STEP, "cells": cells}


def _lists(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lists of talkers, each with its title and its lines."""
    return [
        {"id": "top", "title": _("Who talks most"), "lines": _lines(answer["top"], "messages", words.talker)},
        {"id": "unacted", "title": _("What nobody ever acted on"), "lines": _lines(answer["unacted"], "told", words.unacted)},
        {"id": "flapping", "title": _("What comes and goes"), "lines": _lines(answer["flapping"], "times", words.flapping)},
        {"id": "folded", "title": _("What repeats most"), "lines": _lines(answer["folded"], "reports", words.folded)},
    ]


def _lines(found: Sequence[Mapping[str, Any]], by: str, said: Any) -> list[dict[str, Any]]:
    most = max((each[by] for each in found), default=0) or 1
    return [
        {"title": each["title"], "place": words.place(each), "figures": said(each), "share": max(1, round(100 * each[by] / most))}
        for each in found
    ]  # fmt: skip


def _named(day: date) -> str:
    return date_format(day, "j N")
