"""The story of an alert as people read it, on a page and on paper: by days, with the time that passed between, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.enums import FINAL, AlertStatus, Promise, Resolution, Severity
from alerts.models import Alert
from alerts.story import Story
from alerts.story_parts import Chart, Entry, Fact, Value
from sentinel_site.lib import given
from sentinel_site.lib.paper_text import safe
from sentinel_site.lib.spans import exact

PASSED_SECONDS: Final = 60
"""So long without an entry is said between two."""
_STATUS: Final = {
    AlertStatus.PENDING: lambda: _("Nobody is known to have it"), AlertStatus.DELIVERED: lambda: _("It reached somebody, nobody took it"),
    AlertStatus.SEEN: lambda: _("Somebody saw it, nobody took it"), AlertStatus.ACKNOWLEDGED: lambda: _("Somebody took it, it goes on"),
    AlertStatus.RESOLVED: lambda: _("Over"), AlertStatus.EXPIRED: lambda: _("Expired: nobody answered in time"),
}  # fmt: skip


class Line(NamedTuple):
    """A name and what it is, in words."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as it is shown. ``passed``: how long nothing happened before it, in words; empty when it was not long.

    ``who`` is empty where the text says it.
    """

    number: int
    clock: str
    entry: Entry
    text: str
    who: str
    facts: Sequence[Line]
    quoted: str
    passed: str


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day, by the clocks that ``title`` names."""

    title: str
    entries: Sequence[Told]


def days(story: Story) -> list[Day]:
    """The entries by days in the time zone that is switched on; a change of its offset begins a new one."""
    zone, entries = timezone.get_current_timezone(), story.entries
    passed = ["", *(_passed(earlier.at, later.at) for earlier, later in pairwise(entries))]
    told = [_told(number, entry, passed[number - 1], zone) for number, entry in enumerate(entries, 1)]
    return [Day(title, list(found)) for title, found in groupby(told, lambda each: _day(each.entry.at.astimezone(zone)))]


def summary(alert: Alert, chosen: Mapping[str, Any]) -> list[Line]:
    """The alert in a table: what it was, how it ended, and who took it."""
    return [Line(label, safe(text)) for label, text in _summary(alert, chosen) if text]


def gap_words(chart: Chart) -> list[str]:
    """Each stretch without samples in a sentence."""
    return [
        _("No samples from %(since)s to %(until)s (%(span)s).")
        % {"since": clock(gap.since), "until": clock(gap.until), "span": length((gap.until - gap.since).total_seconds())}
        for gap in chart.gaps
    ]  # fmt: skip


def marks(chart: Chart) -> list[Line]:
    """Onset, clear and limit of a chart, in words."""
    found = [(_("Onset"), chart.onset_at and moment(chart.onset_at)), (_("Over"), chart.clear_at and moment(chart.clear_at))]
    return [Line(label, text) for label, text in [*found, (_("Limit"), chart.limit_text)] if text]


def value(fact: Value) -> str:
    """A value in words."""
    if isinstance(fact, bool):
        return _("yes") if fact else _("no")
    return moment(fact) if isinstance(fact, datetime) else str(fact)


def moment(at: datetime) -> str:
    """Day, time to the second and offset, in the time zone that is switched on."""
    local = timezone.localtime(at)
    return f"{local:%Y-%m-%d %H:%M:%S} {offset(local)}"


def clock(at: datetime) -> str:
    """The time of day, in the time zone that is switched on."""
    return f"{timezone.localtime(at):%H:%M:%S}"


def offset(local: datetime) -> str:
    """``UTC+02:00``."""
    text = f"{local:%z}"
    return f"UTC{text[:3]}:{text[3:5]}"


def length(seconds: float) -> str:
    """``12 min 3 s``, with days in the reader's language."""
    return exact(round(seconds)).replace(" d", _(" d"))


def _day(local: datetime) -> str:
    return f"{date_format(local, _('l j F Y'))}, {offset(local)}"


def _passed(earlier: datetime, later: datetime) -> str:
    seconds = (later - earlier).total_seconds()
    return _("%(span)s without an entry") % {"span": length(seconds)} if seconds >= PASSED_SECONDS else ""


def _told(number: int, entry: Entry, passed: str, zone: tzinfo) -> Told:
    local = entry.at.astimezone(zone)
    clock, facts = f"{local:%H:%M:%S}.{local.microsecond // 1000:03}", [_line(fact) for fact in entry.facts if fact.label]
    who = "" if entry.who in entry.text else safe(entry.who)
    return Told(number, clock, entry, safe(entry.text), who, facts, safe(entry.quoted), passed)


def _line(fact: Fact) -> Line:
    return Line(fact.label, safe(value(fact.value)))


def _summary(alert: Alert, chosen: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    ended = moment(alert.closed_at) if alert.closed_at else _("not yet")
    how = _(str(Resolution(alert.resolution).label)) if alert.resolution in Resolution.values else ""
    yield _("State"), _STATUS[AlertStatus(alert.status)]()
    yield _("Priority"), f"P{alert.priority}" + (f", {_('lives may depend on it')}" if alert.life_safety else "")
    yield _("Severity"), _(str(Severity(alert.severity).label))
    yield _("Source"), f"{alert.source.name} ({alert.source.slug})"
    yield _("Kind"), alert.type
    yield _("Place or subject"), alert.subject
    yield _("First noticed by the source"), moment(alert.first_seen_at)
    yield _("Raised"), moment(alert.created_at)
    yield _("Reported"), ngettext("%(n)d time", "%(n)d times", alert.occurrences) % {"n": alert.occurrences}
    yield _("Policy"), given.shown(alert.policy.name)
    yield _("Route"), str(chosen.get("route_today") or "")
    yield _("Acknowledged"), _taken(alert)
    yield _("Ended"), ended + (f", {how}" if how and alert.status in FINAL else "")
    yield _("The last resort was told"), _("yes") if alert.unanswered else ""
    yield _("The alert before it"), f"#{alert.previous.number}, {moment(alert.previous.created_at)}" if alert.previous else ""
    yield _("Labels"), ", ".join(f"{name}={text}" for name, text in sorted(alert.labels.items()))


def _taken(alert: Alert) -> str:
    if alert.acknowledged_at is None:
        return _("by nobody")
    after = length((alert.acknowledged_at - alert.created_at).total_seconds())
    said = _(", saying “%(word)s”") % {"word": _(str(Promise(alert.promise).label))} if alert.promise in Promise.values else ""
    words = {"at": moment(alert.acknowledged_at), "who": alert.acknowledged_by or "?", "after": after}
    return _("%(at)s by %(who)s, %(after)s after it was raised") % words + said
