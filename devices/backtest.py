"""Back-test: when would a rule, saved or only drafted, have held, over what is stored.

Readings as they came are judged exactly as they would have been. Where only minutes are left of them, each is judged by its mean, or, for
a rule that is sustained for less than a minute, by the worst in it: it is said which. Rows are streamed, and the work is bounded.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from devices import rule_rows, rules
from devices.enums import Closing, Comparison
from devices.errors import Busy
from devices.models import AlertRule, Reading
from devices.models.reading import MINUTE
from devices.rules import Clear, Onset, Rule, State

MAX_SPAN: Final = timedelta(days=92)
MAX_SAMPLES: Final = 1_000_000
MAX_HELD: Final = 1000
BUDGET_SECONDS: Final = 20.0
AT_ONCE: Final = 2
"""In one process: each may take a processor for all of its budget, and reports must get through beside them."""
CHUNK: Final = 5000
LOOK: Final = 1000
_RAW: Final = """
SELECT at, ("values" ->> %s)::float8 FROM devices_reading
WHERE device_id = %s AND at >= %s AND at < %s AND "values" ? %s ORDER BY at LIMIT %s
"""
_MINUTES: Final = """
SELECT at, {column} FROM devices_rollup
WHERE device_id = %s AND metric = %s AND seconds = 60 AND at >= %s AND at < %s ORDER BY at LIMIT %s
"""
Sample = tuple[datetime, float]
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Held:
    """The rule would have held from ``onset_at`` (beyond since ``since``) to ``clear_at``; None: to the end of what was judged."""

    since: datetime
    onset_at: datetime
    value: float
    peak: float
    clear_at: datetime | None = None
    closing: Closing | None = None


@dataclass(slots=True)
class Found:
    """``judged_until``: earlier than what was asked when it became too much. ``raw_since``: before it, only minutes were left."""

    since: datetime
    judged_until: datetime
    raw_since: datetime
    complete: bool = True
    samples: int = 0
    minutes: int = 0
    minutes_by: str = ""
    held: list[Held] = field(default_factory=list)


def run(row: AlertRule, *, since: datetime, until: datetime, budget_seconds: float = BUDGET_SECONDS) -> Found:
    """Judge what is stored of the rule's device from ``since`` to ``until``. ``row`` need not be saved, its device must be.

    Stops after a million samples, a thousand times held, or ``budget_seconds``. Raises ValueError when the span is none or too long,
    and Busy while AT_ONCE others run.
    """
    if not since < until:
        raise ValueError("the end must lie after the beginning")
    if until - since > MAX_SPAN:
        raise ValueError(f"at most {MAX_SPAN.days} days can be tried at once")
    if not _places.acquire(blocking=False):
        raise Busy(f"{AT_ONCE} back-tests are running already. Try again in a moment.")
    try:
        return _run(row, since, until, budget_seconds)
    finally:
        _places.release()


def _run(row: AlertRule, since: datetime, until: datetime, budget_seconds: float) -> Found:
    raw_since = _raw_since(row.device_id, since, until)
    found = Found(since, until, raw_since)
    give_up = time.monotonic() + budget_seconds
    state = State()
    if since < raw_since:
        coarse, column = _by_minutes(rule_rows.rule_of(row))
        found.minutes_by = column
        minutes = _stream(_MINUTES.format(column=column), (row.device_id, coarse.metric), since, raw_since)
        state = _judge(coarse, state, ((min(at + timedelta(seconds=MINUTE), raw_since), value) for at, value in minutes), found, give_up)
        found.minutes = found.samples
    if found.complete:
        rule = rule_rows.rule_of(row)
        readings = _stream(_RAW, (rule.metric, row.device_id), max(since, raw_since), until, rule.metric)
        _judge(rule, state._replace(ring=(), intervals=()), readings, found, give_up)
    return found


def _judge(rule: Rule, state: State, samples: Iterator[Sample], found: Found, give_up: float) -> State:
    """Step through ``samples``, and write down when the rule held."""
    for at, value in samples:
        if found.samples >= MAX_SAMPLES or (found.samples % LOOK == 0 and time.monotonic() > give_up) or len(found.held) >= MAX_HELD:
            found.complete, found.judged_until = False, at
            return state
        found.samples += 1
        state, change = rules.step(rule, state, at, value)
        if isinstance(change, Onset):
            found.held.append(Held(change.since, change.at, change.value, change.peak))
        elif isinstance(change, Clear):
            found.held[-1] = replace(found.held[-1], clear_at=change.at, closing=change.closing, peak=change.peak)
    if state.active and state.peak is not None:
        found.held[-1] = replace(found.held[-1], peak=state.peak)
    return state


def _by_minutes(rule: Rule) -> tuple[Rule, str]:
    """The rule for samples that are minutes, and the column of a roll-up that it looks at."""
    coarse = replace(rule, gap_seconds=max(rule.gap_seconds, 3.0 * MINUTE + 1.0))
    if rule.aggregate is not None:
        kind, percent = rule.aggregate.kind, rule.aggregate.percent
        tenths = "l10" if percent <= 30 else "l50" if percent <= 70 else "l90"
        return coarse, {"max": "high", "min": "low", "l": tenths}.get(kind, "mean")
    if rule.sustained_seconds >= MINUTE:
        return coarse, "mean"
    return replace(coarse, sustained_seconds=0.0), "high" if rule.comparison == Comparison.ABOVE else "low"


def _raw_since(device_id: int, since: datetime, until: datetime) -> datetime:
    """From when on readings are there as they came; ``until`` when there are none."""
    first = Reading.objects.filter(device_id=device_id, at__gte=since, at__lt=until).order_by("at").values_list("at", flat=True).first()
    if first is None:
        return until
    return since if first - since < timedelta(hours=1) else first


def _stream(statement: str, what: tuple[Any, ...], since: datetime, until: datetime, *more: Any) -> Iterator[Sample]:
    """The samples in their order, some thousand at a time."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [*what, since, until, *more, CHUNK])
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < CHUNK:
            return
        since = rows[-1][0] + timedelta(microseconds=1)
