"""Alerts of the past as values, made the short way."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from alerts.folding import NewReport
from alerts.models import Source
from alerts.noise.kinds import Ground, Raised
from alerts.past import Was
from sentinel_site.lib.ids import uuid7
from tests.conftest import HOUR, MINUTE, NOON

PROBE = Source(pk=1, slug="probe", name="Probe")
DAY = 24 * HOUR
PARIS = ZoneInfo("Europe/Paris")


def came(at, *, lasts=10, told=1, acked=False, resolution="recovered", priority=3, source="probe", severity="medium", **said):
    """An alert at ``at`` that ended by itself ``lasts`` minutes later (None: it is open), of which ``told`` messages told."""
    ends = None if lasts is None else at + timedelta(minutes=lasts)
    words = {"type": "disk", "title": "Disk full", "dedup_key": "disk", **said}
    was = Was(uuid7(at), 1, words["title"], priority, 1, "Calls", told, at + MINUTE if acked else None, ends)
    was.told_at, was.resolution = (at if told else None), (resolution if ends else "")
    return Raised(NewReport(source=source, severity=severity, **words), was, at)


def ground(*alerts, useful=(), sources=(PROBE,), at=NOON + 30 * DAY):
    """What proposals are made from: ``alerts`` of the 30 days before ``at``."""
    ordered = sorted(alerts, key=lambda each: each.at)
    known = {source.slug: source for source in sources}
    return Ground(ordered, frozenset(each.was.alert for each in useful), known, at - 30 * DAY, at, PARIS)
