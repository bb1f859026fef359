"""`manage.py alert watch`: what happens, as it happens.

At a terminal the open alerts and the last events, elsewhere a line for each event.
"""

import contextlib
import json
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from psycopg_pool import PoolTimeout

from alerts import board, live
from alerts.management import alert_printing
from sentinel_site.lib import spans
from sentinel_site.lib.shell import Call
from sentinel_site.lib.terminal import Cell, Screen

if TYPE_CHECKING:
    from rich.console import RenderableType

LOOK_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 2.0
PAGE: Final = 500
SHOWN: Final = 8
"""So many events are shown below the alerts."""
AROUND: Final = 6
"""Lines besides alerts and events."""
EVENTS: Final = ("when", "no.", "prio", "what", "source", "title")
AWAY: Final = (DatabaseError, InterfaceError, PoolTimeout)
Event = dict[str, Any]
Found = Event | str | None


def run(call: Call) -> None:
    """Follow the feed until ``--count`` events were seen, or Ctrl-C, which is a good end."""
    since = call["since"] if call["since"] is not None else live.last_event_id()
    follow = _live if call.screen.terminal and not call.json else _lines
    with contextlib.suppress(KeyboardInterrupt):
        follow(call, _counted(events(since), call["count"]))


def events(since: int) -> Iterator[Found]:
    """Every event after ``since`` as REST answers it, for ever. None: nothing is new at this moment. Text: a notice for people.

    A database that is away is waited for. Sleeps in between.
    """
    away = False
    while True:
        try:
            page = json.loads(live.page(after=since, limit=PAGE))
        except AWAY:
            connection.close()
            yield None if away else "The database does not answer; waiting for it."
            away = True
            time.sleep(PAUSE_SECONDS)
            continue
        if away or page["reset"] or page["lost"]:
            yield _notice(page)
        away, since = False, page["last"]
        yield from page["items"]
        if page["next"] is None:
            yield None
            time.sleep(LOOK_SECONDS)


def row(event: Event) -> list[Any]:
    """An event on a line: when, what, and its alert."""
    alert = event["alert"]
    what = f"{event['kind']} {event['became']}".strip()
    return [alert_printing.instant(event["at"]), what, alert["number"], alert["priority"], alert["status"], alert["source"], alert["title"]]


def picture(screen: Screen, alerts: Sequence[Event], last: Sequence[Event], notice: str, *, at: datetime) -> "RenderableType":
    """What a terminal shows at ``at``: as many open alerts as fit, the most urgent first, and the last events."""
    from rich.console import Group  # noqa: PLC0415 (only what prints on a terminal needs it)
    from rich.text import Text  # noqa: PLC0415 (as above)

    room = max(3, screen.console.height - SHOWN - AROUND)
    more = f", {len(alerts) - room} of them not shown" if len(alerts) > room else ""
    head = Text(f"{len(alerts)} open{more}   {screen.moment(at)}   Ctrl-C ends this", style="bold")
    heads = (*alert_printing.HEADS, "next step")
    rows = [
        [*cells, _next(alert, at=at)] for alert, cells in zip(alerts[:room], alert_printing.rows(alerts[:room], at=at), strict=True)
    ]  # fmt: skip
    parts: list[RenderableType] = [head, Text(notice, style="bold red"), screen.grid(heads, rows, wide=("title",), cut=True)]
    if last:
        parts += [Text("\nLast events", style="bold"), screen.grid(EVENTS, map(_short, last), wide=("title",), heads=False, cut=True)]
    return Group(*parts)


def _lines(call: Call, found: Iterator[Found]) -> None:
    for each in found:
        if isinstance(each, str):
            sys.stderr.write(f"sentinel: {each}\n")
        elif each is not None:
            call.screen.item(each) if call.json else call.screen.table((), [row(each)])
        else:
            call.screen.flush()


def _live(call: Call, found: Iterator[Found]) -> None:
    from rich.live import Live  # noqa: PLC0415 (only what prints on a terminal needs it)

    last, notice, stale, alerts = deque[Event](maxlen=SHOWN), "", False, board.snapshot(at=call.at)["open"]
    with Live(console=call.screen.console, auto_refresh=False) as shown:
        for each in found:
            if isinstance(each, str):
                notice = each
            elif each is not None:
                last.append(each)
                stale = True
                continue
            if stale:
                with contextlib.suppress(*AWAY):  # what is shown stays; the next look says that it is away
                    alerts, stale, notice = board.snapshot(at=timezone.now())["open"], False, ""
            shown.update(picture(call.screen, alerts, last, notice, at=timezone.now()), refresh=True)


def _counted(found: Iterator[Found], count: int | None) -> Iterator[Found]:
    """``found`` until there were so many events, and a last None."""
    seen = 0
    for each in found:
        yield each
        seen += isinstance(each, dict)
        if count is not None and seen >= count:
            yield None
            return


def _short(event: Event) -> list[Any]:
    """An event on a line of a terminal."""
    at, what, number, priority, _, source, title = row(event)
    return [
        f"{timezone.localtime(at):%H:%M:%S}",
        Cell(number, "bold"),
        Cell(priority, alert_printing.PRIORITY[priority]),
        what,
        source,
        title,
    ]


def _next(alert: Event, *, at: datetime) -> Cell:
    due = alert_printing.instant(alert["next_step_at"])
    if due is None:
        return Cell("")
    return Cell(spans.until(due, at=at), "red" if due < at else "")


def _notice(page: Event) -> str:
    if page["reset"]:
        return "The feed began anew: this is another database, or one restored from a backup."
    return f"{page['lost']} events are no longer kept." if page["lost"] else "The database answers again."
