"""Charts of messages: by transport with the provider's time, and what each person got, and was on call for, by day and by night."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection

from notifications import load
from notifications.enums import Transport
from notifications.load import Load
from notifications.models import Recipient
from notifications.rollups import DELIVERIES, RINGS
from sentinel_site.lib import english
from sentinel_site.lib.rolling import reading
from sentinel_site.lib.rolling.answer import Answer, Figure, Series, Table
from sentinel_site.lib.rolling.asking import Range
from sentinel_site.lib.rolling.reading import Spread

SHOWN: Final = 8
"""So many people have a colour of their own; all are in the table."""
MOST_PEOPLE: Final = 200
PERSON_COLUMNS: Final = ("person", "messages", "rings", "nights", "night_rings", "hours", "night_hours")
NOT_ON_CALL: Final = Load(0, 0)
# A night is from 22 to 7 by the person's own clock, and counted for the day on which it began. OFFSET has each person's cells found by
# the primary key: the planner would rather read everybody's.
_NIGHTS: Final = """
SELECT row.recipient, count(DISTINCT (local.at - interval '7 hours')::date), sum(row.rings)
FROM notifications_recipient AS person CROSS JOIN LATERAL (
        SELECT * FROM notifications_ringrollup AS cell WHERE cell.seconds = 900 AND cell.recipient = person.id::text
            AND cell.at >= %(since)s AND cell.at < %(until)s OFFSET 0) AS row,
    LATERAL (SELECT row.at AT TIME ZONE person.time_zone AS at) AS local
WHERE person.id = ANY(%(people)s::uuid[]) AND row.rings > 0 AND extract(hour FROM local.at - interval '7 hours') >= 15
GROUP BY 1
"""


def deliveries(within: Range) -> Answer:
    """Messages by transport, how long the provider took, and how long they had waited before."""
    parts, kinds = reading.cut(DELIVERIES, within.edges), list(Transport.values)
    counted = reading.counters(DELIVERIES, parts, {"transport": kinds})
    used = [kind for kind in kinds if any(key[1] == kind for key in counted)]
    every = {key[0]: found for key, found in reading.counters(DELIVERIES, parts, {"transport": [""]}).items()}
    times = reading.spread(DELIVERIES, "provider", parts, {"transport": used})
    steps = range(len(within.edges) - 1)
    figures = [
        Figure("messages", "", [Series(kind, _name(kind), [_of(counted.get((n, kind)), "messages") for n in steps]) for kind in used]),
        Figure("provider", "s", [Series(kind, _name(kind), [_median(times.get((n, kind))) for n in steps]) for kind in used]),
        Figure("outcome", "", [Series(name, name, [_of(every.get(n), name) for n in steps]) for name in ("accepted", "proved", "failed")]),
    ]  # fmt: skip
    return Answer(within, figures, [_by_transport(used, within)])


def people(within: Range, *, at: datetime, on_call: bool) -> Answer:
    """What people got: who most, and how many of their nights it took; and, if ``on_call`` is wanted, for how long until ``at`` they were.

    None: not known. Nights need the quarters of every day; hours must not be too many to work out, see load.py.
    """
    whole = reading.cut(RINGS, [within.since, within.until])
    known = reading.known(RINGS, "recipient", since=within.since, until=within.until)
    totals = {key[1]: found for key, found in reading.counters(RINGS, whole, {"recipient": known}).items()}
    loads = load.on_call(within.since, min(within.until, at)) if on_call else None
    order = _order(totals, loads or {})
    names = {str(pk): name for pk, name in Recipient.objects.filter(pk__in=order).values_list("pk", "name")}
    known_nights = not reading.any_thin(RINGS, within.since, within.until)
    nights = _nights(order, within.since, within.until) if known_nights else dict.fromkeys(order, (None, None))
    shown, steps = [pk for pk in order if pk in totals][:SHOWN], range(len(within.edges) - 1)
    counted = reading.counters(RINGS, reading.cut(RINGS, within.edges), {"recipient": shown})
    lines = [Series(pk, names.get(pk, pk[:8]), [_of(counted.get((n, pk)), "rings") for n in steps]) for pk in shown]
    rows: list[list[Any]] = [
        [names.get(pk, pk[:8]), *(_of(totals.get(pk), name) for name in ("messages", "rings")), *nights.get(pk, (0, 0)), *_hours(loads, pk)]
        for pk in order
    ]
    return Answer(within, [Figure("rings", "", lines)], [Table("by_person", PERSON_COLUMNS, rows)])


def _order(totals: Mapping[str, Mapping[str, int]], loads: Mapping[str, Load]) -> list[str]:
    """Who has the most first: what rang, what came, how long on call."""

    def much(pk: str) -> tuple[float, ...]:
        return -_of(totals.get(pk), "rings"), -_of(totals.get(pk), "messages"), -loads.get(pk, NOT_ON_CALL).seconds

    return sorted({*totals, *loads}, key=lambda pk: (much(pk), pk))[:MOST_PEOPLE]


def _hours(loads: Mapping[str, Load] | None, pk: str) -> Iterable[float | None]:
    return (None, None) if loads is None else (round(seconds / 3600, 3) for seconds in loads.get(pk, NOT_ON_CALL))


def _nights(people: list[str], since: datetime, until: datetime) -> dict[str, tuple[int | None, int | None]]:
    """On how many nights anything rang, and how often, by the recipient's id."""
    with connection.cursor() as cursor:
        cursor.execute(_NIGHTS, {"people": people, "since": since, "until": until})
        return {pk: (nights, int(rings)) for pk, nights, rings in cursor.fetchall()}


def _by_transport(used: list[str], within: Range) -> Table:
    whole = reading.cut(DELIVERIES, [within.since, within.until])
    counted = reading.counters(DELIVERIES, whole, {"transport": used})
    times = [reading.spread(DELIVERIES, name, whole, {"transport": used}) for name in DELIVERIES.spreads]
    rows: list[list[Any]] = [
        [_name(kind), *counted[0, kind].values(), *(part for each in times for part in _summary(each.get((0, kind))))] for kind in used
    ]  # fmt: skip
    spreads = (f"{spread}_{part}_seconds" for spread in DELIVERIES.spreads for part in ("median", "p95"))
    return Table("by_transport", ("transport", *DELIVERIES.counters, *spreads), rows)


def _summary(found: Spread | None) -> list[float | None]:
    return [found.percentile(0.5), found.percentile(0.95)] if found else [None, None]


def _name(kind: str) -> str:
    return english.text(Transport(kind).label)


def _of(found: Mapping[str, int] | None, name: str) -> int:
    return found[name] if found else 0


def _median(found: Spread | None) -> float | None:
    return found.percentile(0.5) if found else None
