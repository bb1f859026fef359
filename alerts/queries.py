"""Reading alerts: the list with its filters, one alert with what describing it needs, its record and its messages."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet
from pydantic import AwareDatetime, BaseModel, Field

from alerts import describe
from alerts.enums import OPEN, AlertStatus, Severity
from alerts.models import Alert, Flapping, LogEntry
from alerts.models.alert import SEARCH
from notifications.models import Delivery
from sentinel_site.lib import ids, problems

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


class Filters(BaseModel):
    """The filters of the list. Values of one filter are alternatives, filters add up."""

    status: list[AlertStatus] = Field(default=[])
    priority: list[Annotated[str, Field(pattern="^P[1-5]$")]] = Field(default=[])
    severity: list[Severity] = Field(default=[])
    source: list[Annotated[str, Field(max_length=60)]] = Field(default=[])
    type: list[Annotated[str, Field(max_length=80)]] = Field(default=[])
    subject: list[Annotated[str, Field(max_length=200)]] = Field(default=[])
    label: list[Annotated[str, Field(pattern="^[^=]{1,128}=", max_length=1200, description="name=value; every one must hold.")]] = Field(
        default=[]
    )
    q: Annotated[str, Field(max_length=200, description="Words in title, subject or type, or an alert's number.")] = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    open: bool | None = None
    held: Annotated[bool | None, Field(description="Whether nobody is told of it for now: see its suppressed_by.")] = None


def one(alert_id: UUID) -> Alert:
    """The alert. Raises Alert.DoesNotExist."""
    return describe.readable().get(pk=alert_id)


def named(word: str) -> Alert:
    """The alert with this number (``1042``, ``#1042``) or id. Raises Alert.DoesNotExist."""
    number = word.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        return describe.readable().get(number=int(number))
    try:
        return one(UUID(word))
    except ValueError:
        raise Alert.DoesNotExist from None


def open_by_key(source: str, dedup_key: str) -> Alert:
    """The open alert of a source with this key. Raises a 404 Problem."""
    alert = describe.readable().filter(source__slug=source, dedup_key=dedup_key, status__in=OPEN).first()
    if alert is None:
        raise problems.not_found(f"No alert of {source} with this dedup_key is open.")
    return alert


def find(filters: Filters) -> QuerySet[Alert]:
    """The alerts that ``filters`` let through; the caller orders and pages."""
    rows = describe.readable()
    wanted: dict[str, list[Any]] = {
        "status__in": list(filters.status),
        "priority__in": [int(word[1]) for word in filters.priority],
        "severity__in": list(filters.severity),
        "source__slug__in": filters.source,
        "type__in": filters.type,
        "subject__in": filters.subject,
    }
    rows = rows.filter(**{lookup: values for lookup, values in wanted.items() if values})
    for text in filters.label:
        name, _, value = text.partition("=")
        rows = rows.filter(labels__contains={name: value})
    if filters.q.strip():
        rows = _search(rows, filters.q.strip())
    if filters.open is not None:
        rows = rows.filter(status__in=OPEN) if filters.open else rows.exclude(status__in=OPEN)
    if filters.held is not None:
        held = ~Q(suppressed_by=[]) & Q(status__in=OPEN)
        rows = rows.filter(held if filters.held else ~held)
    return _between(rows, filters.since, filters.until)


def held_back(by: str = "") -> QuerySet[Alert]:
    """The open alerts of which nobody is told for now; ``by``: because of the silence, inhibition or flapping with this id."""
    held = Alert.objects.filter(~Q(suppressed_by=[]), status__in=OPEN)
    return held.filter(suppressed_by__contains=[{"id": by}]) if by else held


def describe_flapping(row: Flapping) -> dict[str, Any]:
    """Something that flaps as api.md shows it."""
    return {
        "id": str(row.pk), "source": row.source.slug, "dedup_key": row.dedup_key, "title": row.title, "alert": str(row.alert_id),
        "began_at": describe.instant(row.began_at), "opens": row.opens, "calm_at": describe.instant(row.calm_at),
    }  # fmt: skip


def log(alert_id: UUID) -> QuerySet[LogEntry]:
    """The alert's record; order it by id."""
    return LogEntry.objects.filter(alert_id=alert_id)


def deliveries(alert: Alert) -> QuerySet[Delivery]:
    """The messages about the alert: its own, and its group's bundled ones."""
    threads = [alert.thread, f"group:{alert.group_id}"] if alert.group_id else [alert.thread]
    rows = Delivery.objects.filter(notification__thread__in=threads)
    return rows.select_related("notification__recipient", "notification__group", "method")


def describe_entry(entry: LogEntry) -> dict[str, Any]:
    """A log entry as api.md shows it."""
    return {"seq": entry.pk, "at": describe.instant(entry.at), "kind": entry.kind, "actor": entry.actor or None, "detail": entry.detail}


def describe_delivery(delivery: Delivery) -> dict[str, Any]:
    """A delivery as api.md shows it; the address stays masked."""
    told = delivery.notification
    return {
        "id": str(delivery.pk),
        "recipient": str(told.recipient or told.group or ""),
        "method": delivery.method.masked if delivery.method else None,
        "transport": delivery.transport,
        "status": delivery.status,
        "reason": told.reason,
        "attempts": delivery.attempts,
        "queued_at": describe.instant(delivery.queued_at),
        "sent_at": describe.instant(delivery.sent_at),
        "delivered_at": describe.instant(delivery.delivered_at),
        "seen_at": describe.instant(delivery.seen_at),
        "provider_id": delivery.provider_id or None,
        "error": delivery.error or None,
        "step": told.step,
    }


def _search(rows: QuerySet[Alert], words: str) -> QuerySet[Alert]:
    found = Q(search=SearchQuery(words, config="simple"))
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        found |= Q(number=int(number))
    return rows.alias(search=SEARCH).filter(found)


def _between(rows: QuerySet[Alert], since: datetime | None, until: datetime | None) -> QuerySet[Alert]:
    """By ``created_at``; ids are born with it, so the primary key narrows the search first."""
    if since is not None:
        since = min(max(since, EPOCH), LATEST)
        rows = rows.filter(created_at__gte=since, id__gte=ids.floor(since))
    if until is not None:
        until = min(max(until, EPOCH), LATEST)
        rows = rows.filter(created_at__lt=until, id__lt=ids.floor(until + timedelta(milliseconds=1)))
    return rows
