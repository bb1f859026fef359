"""The shapes of answers, as the OpenAPI document shows them. What is answered is made by describe.py and queries.py."""

from typing import Any

from django.http import HttpRequest
from pydantic import BaseModel

from alerts import describe, images
from alerts.enums import Usefulness
from alerts.models import Alert


def alert(found: Alert, request: HttpRequest) -> dict[str, Any]:
    """``found`` for the caller of ``request``, with a link to the picture that is theirs alone."""
    return describe.alert(found, image_url=images.signed_url(found, request.user) if found.image else None)


class LinkOut(BaseModel):
    """A link that helps whoever answers."""

    href: str
    text: str


class AlertOut(BaseModel):
    """An alert."""

    id: str
    number: int
    status: str
    priority: str
    severity: str
    source: str
    source_name: str
    type: str
    title: str
    description: str
    translations: dict[str, dict[str, Any]]
    subject: str
    labels: dict[str, str]
    links: list[LinkOut]
    runbook_url: str | None
    dedup_key: str
    occurrences: int
    life_safety: bool
    group: str | None
    policy: str
    escalation_level: int
    round: int
    next_step_at: str | None
    deadline_at: str | None
    suppressed_by: list[Any]
    unanswered: bool
    created_at: str
    first_seen_at: str
    last_seen_at: str
    acknowledged_by: str | None
    acknowledged_at: str | None
    promise: str | None
    resolved_at: str | None
    resolution: str | None
    triage: dict[str, Any] | None
    image_url: str | None
    previous: str | None
    url: str


class AlertPage(BaseModel):
    """Alerts, newest first."""

    items: list[AlertOut]
    next: str | None


class BatchResult(BaseModel):
    """What became of one report of a batch: ``id`` and ``created``, or ``error``."""

    index: int
    id: str | None = None
    created: bool | None = None
    error: dict[str, Any] | None = None


class BatchOut(BaseModel):
    """One result per report, in their order."""

    results: list[BatchResult]


class LogOut(BaseModel):
    """An entry of the record."""

    seq: int
    at: str
    kind: str
    actor: str | None
    detail: dict[str, Any]


class LogPage(BaseModel):
    """The record, oldest first."""

    items: list[LogOut]
    next: str | None


class FeedbackOut(BaseModel):
    """What one person said of the alert."""

    by: str
    feedback: Usefulness
    at: str


class FeedbackPage(BaseModel):
    """What people said of the alert, oldest first."""

    items: list[FeedbackOut]


class DeliveryOut(BaseModel):
    """One message through one contact method."""

    id: str
    recipient: str
    method: str | None
    transport: str
    status: str
    reason: str
    attempts: int
    queued_at: str
    sent_at: str | None
    delivered_at: str | None
    seen_at: str | None
    provider_id: str | None
    error: str | None
    step: int | None


class DeliveryPage(BaseModel):
    """Messages, oldest first."""

    items: list[DeliveryOut]
    next: str | None


class EventOut(BaseModel):
    """A live event."""

    type: str
    id: int
    kind: str
    became: str
    at: str
    sent_at: str
    alert: AlertOut


class AlertEventPage(BaseModel):
    """Live events, oldest first; ``next`` is the ``since`` of the next page, null when there is none yet.

    ``last`` is the ``since`` to ask with the next time. ``lost`` counts events after ``since`` that are no longer kept; ``reset`` says
    that ``since`` lies ahead of the feed: the database was restored from a backup, and everything has to be loaded again.
    """

    items: list[EventOut]
    next: str | None
    last: int
    lost: int
    reset: bool


class FlappingOut(BaseModel):
    """Something that flaps; ``calm_at``: when it counts as calm if it is not raised again."""

    id: str
    source: str
    dedup_key: str
    title: str
    alert: str
    began_at: str
    opens: int
    calm_at: str


class FlappingPage(BaseModel):
    """What flaps, the latest first."""

    items: list[FlappingOut]
    next: str | None


class Times(BaseModel):
    """Seconds; null when there is nothing to count."""

    count: int
    median: float | None
    p95: float | None


class TransportOut(BaseModel):
    """Deliveries of one transport."""

    deliveries: int
    accepted: int
    delivered: int
    failed: int
    success_rate: float | None


class NoiseOut(BaseModel):
    """What people were spared."""

    reports: int
    folded: int
    suppressed: int
    rejected: int
    folded_rate: float | None


class StatsOut(BaseModel):
    """A period in numbers."""

    since: str
    until: str
    total: int
    by_status: dict[str, int]
    by_priority: dict[str, int]
    by_source: dict[str, int]
    acknowledge_seconds: Times
    resolve_seconds: Times
    deliveries: dict[str, TransportOut]
    noise: NoiseOut
