"""The page of the dashboards. Its numbers come from REST, for the same permissions."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from alerts.models import Source
from notifications.models import Recipient
from sentinel_site.dashboard_charts import CHARTS, PRESETS, SENTENCES, WORDS, Chart
from sentinel_site.lib.pages import shown_to


@shown_to()
def page(request: HttpRequest) -> HttpResponse:
    """Every chart that the reader may see."""
    charts = [_described(chart) for chart in CHARTS if request.user.has_perms(chart.permissions)]
    data = {
        "charts": charts, "words": {name: _(text) for name, text in WORDS.items()}, "zone": _zone(request.user),
        "sentences": {name: _(text) for name, text in SENTENCES.items()},
    }  # fmt: skip
    filters = any(chart["filters"] for chart in charts)
    sources = Source.objects.order_by("name").values_list("slug", "name") if filters else ()
    presets = [(days, _(name)) for days, name in PRESETS]
    return render(
        request, "live/dashboards.html", {"data": data, "charts": charts, "sources": sources, "filters": filters, "presets": presets}
    )


def _described(chart: Chart) -> dict[str, Any]:
    figures = [
        {"id": each.id, "title": _(each.title), "kind": each.kind, "says": _(each.says) if each.says else ""} for each in chart.figures
    ]
    return {
        "id": chart.id, "title": _(chart.title), "url": f"/api/v1/stats/{chart.id}", "figures": figures, "filters": chart.filters,
        "tables": [{"id": name, "title": _(title)} for name, title in chart.tables.items()],
    }  # fmt: skip


def _zone(user: User | AnonymousUser) -> str:
    """By whose clock a day begins: the reader's own, where they are a recipient."""
    return Recipient.objects.filter(user__pk=user.pk or 0).values_list("time_zone", flat=True).first() or settings.TIME_ZONE
