"""Signs of life: each long-lived process writes a row now and then, and others judge by its age."""

import os
import platform
from datetime import datetime, timedelta
from typing import Final

from sentinel_site.models import ProcessBeat

KEEP: Final = timedelta(hours=1)
"""How long the row of a process that is gone is kept."""
_started_at: dict[str, datetime] = {}


def instance() -> str:
    """``host:pid`` of this process's group: the queue's child processes beat as the worker they belong to."""
    return f"{platform.node()[:60]}:{os.getpgrp()}"


def beat(role: ProcessBeat.Role, *, at: datetime) -> None:
    """Write that this process of ``role`` was alive at ``at``. Its first beat is taken as its start."""
    started_at = _started_at.setdefault(role, at)
    ProcessBeat.objects.bulk_create(
        [ProcessBeat(role=role, instance=instance(), beat_at=at, started_at=started_at)],
        update_conflicts=True, unique_fields=["role", "instance"], update_fields=["beat_at", "started_at"],
    )  # fmt: skip


def prune(*, at: datetime) -> None:
    """Delete the rows of processes that are gone, but keep the last sign of life of every role."""
    newest = ProcessBeat.objects.order_by("role", "-beat_at").distinct("role").values("pk")
    ProcessBeat.objects.filter(beat_at__lt=at - KEEP).exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
