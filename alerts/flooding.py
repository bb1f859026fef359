"""Floods: when a source raises more new alerts within a few minutes than its limit, people get one alert that says so, with numbers.

It hides nothing. Every alert of the flood is stored, listed and told as it would be: in groups, and in one message to each person
where storms allow it; one by one where lives depend.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from alerts import intake, lifecycle, tongues
from alerts.enums import OPEN, Resolution, Severity
from alerts.errors import IllegalTransition
from alerts.folding import NewReport
from alerts.models import Alert, Source
from sentinel_site.lib import figures
from sentinel_site.lib.ids import floor

TYPE: Final = "flood"
WINDOW: Final = timedelta(minutes=5)
MOST: Final = 100_000
"""The newest alerts that are counted, so that looking costs the same however large the flood is. A limit lies below."""
NAMED: Final = 3
"""So many types are named, the most frequent first."""
_COUNTS: Final = f"""
SELECT source.id, count(*) FROM (SELECT source_id FROM alerts_alert WHERE id >= %s ORDER BY id DESC LIMIT {MOST}) AS recent
JOIN alerts_source AS source ON source.id = recent.source_id
WHERE source.flood_limit > 0 AND source.slug <> %s GROUP BY source.id, source.flood_limit HAVING count(*) > source.flood_limit
"""  # noqa: S608 (our own text)


def watch(*, at: datetime) -> int:
    """Raise the alert of every source that floods at ``at``, once, and end those of floods that are over. Returns how many flood.

    Somebody who closes it while the flood goes on is not told again before a window later.
    """
    counts = _counts(at=at)
    raised = {alert.subject: alert for alert in _own().filter(status__in=OPEN)}
    known = {*raised, *_own().filter(closed_at__gt=at - WINDOW).values_list("subject", flat=True)}
    flooding = {source.slug: source for source in Source.objects.filter(pk__in=counts).order_by("slug")}
    for slug, source in flooding.items():
        if slug not in known:
            intake.accept([_report(source, counts[source.pk], at=at)], at=at)
    for slug, alert in raised.items():
        if slug not in flooding:
            _end(alert, at=at)
    return len(counts)


def _counts(*, at: datetime) -> Mapping[int, int]:
    """How many alerts each source that floods raised within the window: alerts sort by their time of birth."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [floor(at - WINDOW), intake.OWN_SOURCE])
        return dict(cursor.fetchall())


def _own() -> QuerySet[Alert]:
    return Alert.objects.filter(source__slug=intake.OWN_SOURCE, type=TYPE)


def _report(source: Source, count: int, *, at: datetime) -> NewReport:
    minutes = int(WINDOW.total_seconds() // 60)
    kinds = Alert.objects.filter(source=source, pk__gte=floor(at - WINDOW)).values_list("type").annotate(count=Count("pk"))
    most = list(kinds.order_by("-count", "type")[:NAMED])
    return NewReport(
        source=intake.OWN_SOURCE, type=TYPE, subject=source.slug, severity=Severity.HIGH, dedup_key=f"{TYPE}:{source.slug}",
        labels={"flooding_source": source.slug}, **tongues.report(lambda: _words(source, count, minutes, most)),
    )  # fmt: skip


def _words(source: Source, count: int, minutes: int, most: Sequence[tuple[str, int]]) -> dict[str, str]:
    title = _("%(source)s floods: %(count)s new alerts in %(minutes)d minutes")
    named = ", ".join(f"{kind} ({figures.number(number)})" for kind, number in most)
    lines = [
        _("Most of type %(named)s. Its limit is %(limit)s.") % {"named": named, "limit": figures.number(source.flood_limit)},
        _("Nothing is lost: each of them is stored, and told one by one, as lives depend on them.") if source.life_safety
        else _("Nothing is lost: each of them is stored, and told as its route says, together where that is allowed."),
        _("Look for what changes from report to report (a time, an id) in what its alerts are told apart by, or silence it until then."),
    ]  # fmt: skip
    return {"title": title % {"source": source.name, "count": figures.number(count), "minutes": minutes}, "description": " ".join(lines)}


def _end(alert: Alert, *, at: datetime) -> None:
    since = alert.created_at - WINDOW
    count = Alert.objects.filter(source__slug=alert.subject, pk__gte=floor(since)).count()
    said = f"{since:%Y-%m-%d %H:%M}"
    note = tongues.note(
        lambda: (
            _("The flood is over. %(count)s alerts were raised since %(since)s UTC, and are all kept.")
            % {"count": figures.number(count), "since": said}
        )
    )
    try:
        lifecycle.resolve(alert, by=None, at=at, resolution=Resolution.RECOVERED, note=note)
    except IllegalTransition:
        return  # somebody was quicker
