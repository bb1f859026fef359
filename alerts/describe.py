"""An alert in the words of api.md: what REST answers, the live feed carries, and templates may use."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from alerts.enums import TriageMode
from alerts.models import Alert, TriageOpinion
from sentinel_site.lib.instants import instant as instant

RELATED = ("source", "policy", "group")
"""What to select_related before describing many alerts; prefetch ``opinions`` as well."""


def readable() -> QuerySet[Alert]:
    """Alerts with everything describing them needs."""
    return Alert.objects.select_related(*RELATED).defer("policy__document").prefetch_related("opinions")


def alert(alert: Alert, *, image_url: str | None = None) -> dict[str, Any]:
    """``alert`` as JSON values. ``image_url``: a signed link for the reader, when there is a picture and a reader.

    ``translations``: its words in other languages, by language; empty unless Sentinel wrote them itself.
    """
    return {
        "id": str(alert.pk),
        "number": alert.number,
        "status": alert.status,
        "priority": f"P{alert.priority}",
        "severity": alert.severity,
        "source": alert.source.slug,
        "source_name": alert.source.name,
        "type": alert.type,
        "title": alert.title,
        "description": alert.description,
        "translations": alert.translations,
        "subject": alert.subject,
        "labels": alert.labels,
        "links": alert.links,
        "runbook_url": alert.runbook_url or None,
        "dedup_key": alert.dedup_key,
        "occurrences": alert.occurrences,
        "life_safety": alert.life_safety,
        "group": str(alert.group_id) if alert.group_id else None,
        "policy": alert.policy.name,
        "escalation_level": alert.step,
        "round": alert.round,
        "next_step_at": instant(alert.next_step_at),
        "deadline_at": instant(alert.deadline_at),
        "suppressed_by": alert.suppressed_by,
        "unanswered": alert.unanswered,
        "created_at": instant(alert.created_at),
        "first_seen_at": instant(alert.first_seen_at),
        "last_seen_at": instant(alert.last_seen_at),
        "acknowledged_by": alert.acknowledged_by or None,
        "acknowledged_at": instant(alert.acknowledged_at),
        "promise": alert.promise or None,
        "resolved_at": instant(alert.closed_at),
        "resolution": alert.resolution or None,
        "triage": triage(alert),
        "image_url": image_url,
        "previous": str(alert.previous_id) if alert.previous_id else None,
        "url": url(alert),
    }


def triage(alert: Alert) -> dict[str, Any] | None:
    """The newest AI opinion, or None. One that failed says so in ``state`` and ``reason``."""
    opinions = sorted(alert.opinions.all(), key=lambda opinion: opinion.pk, reverse=True)
    return _opinion(opinions[0]) if opinions else None


def url(alert: Alert) -> str:
    """The alert's live page."""
    return f"{settings.SENTINEL_BASE_URL}/live/alerts/{alert.pk}"


def _opinion(opinion: TriageOpinion) -> dict[str, Any]:
    body: dict[str, Any] = {"state": opinion.state, "model": opinion.model_name or None, "at": instant(opinion.done_at)}
    if opinion.state == TriageMode.DONE:
        fields = ("is_fall", "confidence", "people", "posture", "severity", "description", "latency_ms", "tokens")
        return body | {name: getattr(opinion, name) for name in fields}
    return body | {"reason": opinion.reason}
