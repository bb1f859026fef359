"""Freezing policies: an alert keeps the policy it was raised with, as an immutable PolicySnapshot shared by its digest."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from alerts import plan
from alerts.models import EscalationPolicy, PolicySnapshot, PolicyStep

PREFETCH = (
    "steps__groups", "steps__recipients", "steps__schedules", "last_resort_groups", "last_resort_recipients", "last_resort_schedules",
)  # fmt: skip
EMPTY_STEP = {"delay_seconds": 0, "label": "", "urgency": "normal", "kinds": [], "groups": [], "recipients": [], "schedules": []}
MAX_PLANS = 1000
_plans: dict[str, plan.Plan] = {}
FIELDS = (
    "name", "stops_at", "seen_hold_seconds", "min_gap_seconds", "repeat_seconds", "last_resort_after_seconds",
    "expires_after_seconds", "seen_timeout_seconds", "ack_timeout_seconds", "ack_timeout_action",
)  # fmt: skip


def document(policy: EscalationPolicy) -> dict[str, Any]:
    """The policy as JSON, with groups by slug, people and on-call schedules by id. A policy without steps gets one that tells nobody."""
    steps = [_step(step) for step in policy.steps.all()]
    return {
        **{field: getattr(policy, field) for field in FIELDS},
        "last_resort": {
            "groups": sorted(group.slug for group in policy.last_resort_groups.all()),
            "recipients": sorted(str(recipient.pk) for recipient in policy.last_resort_recipients.all()),
            "schedules": sorted(str(schedule.pk) for schedule in policy.last_resort_schedules.all()),
        },
        "steps": steps or [EMPTY_STEP],
    }


class Frozen(NamedTuple):
    """The snapshot of each policy, by policy id, and whether one of them was stored just now."""

    snapshots: dict[int, PolicySnapshot]
    stored: bool


def freeze(policies: Iterable[EscalationPolicy]) -> Frozen:
    """The snapshot of each policy as it is now; stored when it is new."""
    documents = {policy.pk: document(policy) for policy in policies}
    digests = {pk: hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest() for pk, body in documents.items()}
    known = {snapshot.digest: snapshot for snapshot in PolicySnapshot.objects.filter(digest__in=digests.values())}
    fresh = {digest: documents[pk] for pk, digest in digests.items() if digest not in known}
    if fresh:
        PolicySnapshot.objects.bulk_create(
            [PolicySnapshot(digest=digest, name=body["name"], document=body) for digest, body in fresh.items()],
            ignore_conflicts=True,
        )
        known |= {snapshot.digest: snapshot for snapshot in PolicySnapshot.objects.filter(digest__in=fresh)}
    return Frozen({pk: known[digest] for pk, digest in digests.items()}, stored=bool(fresh))


def plan_of(snapshot: PolicySnapshot) -> plan.Plan:
    """The parsed plan of a snapshot; snapshots never change, so each digest is parsed once a process."""
    known = _plans.get(snapshot.digest)
    if known is None:
        if len(_plans) >= MAX_PLANS:
            _plans.clear()
        known = _plans[snapshot.digest] = plan.parse(snapshot.document)
    return known


def _step(step: PolicyStep) -> dict[str, Any]:
    return {
        "delay_seconds": step.delay_seconds,
        "label": step.label,
        "urgency": step.urgency,
        "kinds": sorted(step.kinds),
        "groups": sorted(group.slug for group in step.groups.all()),
        "recipients": sorted(str(recipient.pk) for recipient in step.recipients.all()),
        "schedules": sorted(str(schedule.pk) for schedule in step.schedules.all()),
    }
