"""When rules held, and would have held, as REST shows it."""

from datetime import datetime
from typing import Annotated, Any, Final

from django.db.models import QuerySet
from pydantic import AfterValidator, AwareDatetime, BaseModel

from alerts import describe
from devices.backtest import Found
from devices.models import Device, RuleEvent

YEARS: Final = range(2000, 2101)


def _near(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError("lies outside of the years 2000 to 2100")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_near)]


class EventFilter(BaseModel):
    """``open``: only those that last (true), or are over (false). ``since`` and ``until`` bound the onset."""

    rule: int | None = None
    open: bool | None = None
    since: Instant | None = None
    until: Instant | None = None


class EventShape(BaseModel):
    """From an onset to its clear. ``rule`` is null when it was deleted; ``rule_document`` is the rule as it was then."""

    id: str
    rule: int | None
    name: str
    metric: str
    onset_at: str
    clear_at: str | None
    closing: str | None
    value: float
    peak: float
    alert: str | None
    rule_document: dict[str, Any]


def events(device: Device, wanted: EventFilter) -> QuerySet[RuleEvent]:
    """The events of ``device`` that are ``wanted``."""
    rows = RuleEvent.objects.filter(device=device)
    if wanted.rule is not None:
        rows = rows.filter(rule=wanted.rule)
    if wanted.open is not None:
        rows = rows.filter(clear_at__isnull=wanted.open)
    if wanted.since is not None:
        rows = rows.filter(onset_at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(onset_at__lt=wanted.until)
    return rows


def describe_event(event: RuleEvent) -> dict[str, Any]:
    """An event as api.md shows it."""
    return {
        "id": str(event.pk),
        "rule": event.rule_id,
        "name": event.rule_document.get("name", ""),
        "metric": event.metric,
        "onset_at": describe.instant(event.onset_at),
        "clear_at": describe.instant(event.clear_at),
        "closing": event.closing or None,
        "value": event.value,
        "peak": event.peak,
        "alert": str(event.alert_id) if event.alert_id else None,
        "rule_document": event.rule_document,
    }


def describe_found(found: Found) -> dict[str, Any]:
    """What a back-test found, as api.md shows it."""
    return {
        "since": describe.instant(found.since),
        "judged_until": describe.instant(found.judged_until),
        "raw_since": describe.instant(found.raw_since),
        "complete": found.complete,
        "samples": found.samples,
        "minutes": found.minutes,
        "minutes_by": found.minutes_by,
        "events": [
            {
                "since": describe.instant(held.since), "onset_at": describe.instant(held.onset_at), "value": held.value,
                "peak": held.peak, "clear_at": describe.instant(held.clear_at), "closing": held.closing,
            }
            for held in found.held
        ],
    }  # fmt: skip
