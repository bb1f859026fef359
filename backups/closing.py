"""Ending the alerts of jobs that nobody expects any more: switched off, or deleted."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from alerts import lifecycle
from alerts.enums import OPEN, Resolution
from alerts.models import Alert
from alerts.record import By

PREFIXES: Final = ("backup:", "backup-odd:", "backup-unrestored:")
"""How the dedup keys of alerts about a job begin; its id follows."""


def close(job_ids: Collection[UUID], note: str, *, by: By, at: datetime) -> int:
    """Resolve what is open about these jobs. Call it as the last of a transaction. Returns how many alerts that were."""
    about = Q()
    for job_id in job_ids:
        for prefix in PREFIXES:
            about |= Q(dedup_key__startswith=f"{prefix}{job_id}")
    if not about:
        return 0
    found = Alert.objects.filter(about, status__in=OPEN, type__startswith="backup-")
    return lifecycle.resolve_all([(alert, note) for alert in found], by=by, at=at, resolution=Resolution.AUTO)
