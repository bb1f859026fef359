"""Messages that name themselves are taken once. The only writer of SeenEvent."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from alerts.models import SeenEvent

KEEP: Final = timedelta(days=30)


def key(source: str, event: str, *, user_id: int) -> str:
    """Where it is noted that the user's key brought ``event`` for ``source``; nobody takes the name of another one's message away."""
    return hashlib.sha256(f"{user_id}\0{source}\0{event}".encode()).hexdigest()


def claim(keys: Iterable[str], *, at: datetime) -> set[str]:
    """Those of ``keys`` that were not seen before, noted now. Whoever claims the same ones waits until the caller's transaction ends."""
    wanted = sorted(set(keys))
    if not wanted:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO alerts_seenevent (key, seen_at) SELECT key, %s FROM unnest(%s::text[]) AS key"
            " ON CONFLICT DO NOTHING RETURNING key",
            [at, wanted],
        )
        return {each for (each,) in cursor.fetchall()}


def release(keys: Iterable[str]) -> None:
    """They were not taken after all: sent again, they shall be."""
    SeenEvent.objects.filter(pk__in=list(keys)).delete()


def forget(*, at: datetime, limit: int) -> int:
    """Delete what was seen long ago, ``limit`` at the most. Returns how many."""
    old = SeenEvent.objects.filter(seen_at__lt=at - KEEP).order_by("seen_at").values_list("pk", flat=True)[:limit]
    deleted, _ = SeenEvent.objects.filter(pk__in=list(old)).delete()
    return deleted
