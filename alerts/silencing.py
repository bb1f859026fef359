"""Which alerts a silence holds back.

Silences are kept parsed in memory. Each time only their version is asked for, which every change raises, in whatever way it was
made (a trigger): what is answered is what is committed.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from alerts import standing
from alerts.models import Silence
from alerts.standing import Standing
from alerts.subjects import Found, Subject
from sentinel_site.lib import matchers, prepared

_VERSION: Final = "SELECT value, xmin::text FROM alerts_eventcounter WHERE id = 2"
"""With the transaction that wrote it: a number that was rolled back may be given again."""
_KEEP_STILL: Final = "SELECT value FROM alerts_eventcounter WHERE id = 2 FOR SHARE SKIP LOCKED"
_HELD: Final = """
INSERT INTO alerts_silencehold (silence_id, alert_id, held_at)
SELECT silence.id, held.alert, %s
FROM unnest(%s::uuid[], %s::uuid[]) AS held (silence, alert) JOIN alerts_silence AS silence ON silence.id = held.silence
ORDER BY silence.id, held.alert ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Every silence that ends after ``since``, as of a version."""

    version: tuple[int, str]
    since: datetime
    index: matchers.Index[Standing]


_lock = threading.Lock()
_kept: _Kept | None = None


def find(subjects: Sequence[Subject], *, at: datetime) -> Mapping[UUID, list[Found]]:
    """The silences of ``at`` that match each of ``subjects``, by the alert's id."""
    index = in_force(at=at)
    found = {}
    for subject in subjects:
        holding = [(each, until) for each in index.find(subject.labels) if (until := each.until(subject.alert.priority, at=at))]
        if holding:
            found[subject.alert.pk] = [_found(silence, until) for silence, until in holding]
    return found


def in_force(*, at: datetime) -> matchers.Index[Standing]:
    """Every silence that holds at ``at`` or later (and maybe some that are over), by its matchers."""
    global _kept
    kept, rows = _kept, prepared.run(_VERSION, [])
    version = rows[0] if rows else None
    if kept is not None and kept.version == version and kept.since <= at:
        return kept.index
    with _lock:
        index = standing.index_of(Silence.objects.filter(ends_at__gt=at))
        if version is not None:
            _kept = _Kept(version, at, index)
    return index


def keep_still() -> bool:
    """Let nobody change a silence before this transaction ends. False: somebody is doing so, and nobody is waited for."""
    return bool(prepared.run(_KEEP_STILL))


def remember(held: Sequence[tuple[str, UUID]], *, at: datetime) -> None:
    """Write down which silence (its id) holds which alert back, each once. In the caller's transaction."""
    if held:
        prepared.run(_HELD, [at, [silence for silence, _ in held], [alert for _, alert in held]])


def _found(silence: Standing, until: datetime) -> Found:
    return Found({"kind": "silence", "id": silence.id, "reason": silence.reason, "until": until.isoformat()}, until)
