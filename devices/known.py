"""The last thing known about each device, for whoever begins to look: what the hub heard lately, else what is stored."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from devices import frames
from devices.models import DeviceStatus
from devices.viewing import Said

FRESH_SECONDS: Final = 15.0
"""A frame older than this is handed over as stale."""


class Known:
    """What was heard, by slug: the last frame, and what was said about the connection since."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[float, list[Said]]] = {}

    def hear(self, said: Said, now: float) -> None:
        """Keep ``said``. ``now`` is any clock that only goes forward."""
        before = self._heard.get(said.slug, (now, []))[1] if said.is_status else []
        self._heard[said.slug] = now, [each for each in before if not each.is_status] + [said]

    def lately(self, now: float) -> dict[str, list[Said]]:
        """What was heard lately, by slug, in order."""
        return {slug: list(said) for slug, (heard, said) in self._heard.items() if now - heard <= FRESH_SECONDS}

    def of(self, slug: str, now: float) -> list[Said]:
        """What was heard lately about ``slug``; empty when nothing was."""
        heard, said = self._heard.get(slug, (now, []))
        return list(said) if now - heard <= FRESH_SECONDS else []

    def forget(self) -> None:
        """Nothing is heard any more."""
        self._heard.clear()


def merged(stored: Mapping[str, list[Said]], heard: Mapping[str, list[Said]]) -> dict[str, list[Said]]:
    """Of each device what was heard; if that has no values, after the values that are stored."""
    found = dict(stored)
    for slug, said in heard.items():
        if said and said[0].is_status:
            found[slug] = [each for each in stored.get(slug, ()) if not each.is_status] + said
        elif said:
            found[slug] = said
    return found


def stored(*, at: datetime, device_id: int | None = None) -> dict[str, list[Said]]:
    """What the database says at ``at`` about each device (or the one), by slug: the last frame, and that it does not answer."""
    rows = DeviceStatus.objects.select_related("device").only(
        "device__slug", "frame", "last_frame_at", "reachable", "unreachable_since", "mode", "error"
    )
    if device_id is not None:
        rows = rows.filter(device_id=device_id)
    return {row.device.slug: list(_said(row, at)) for row in rows}


def _said(row: DeviceStatus, at: datetime) -> Iterable[Said]:
    slug = row.device.slug
    if isinstance(row.frame, Mapping) and row.frame.get("type") == "frame":
        text = frames.encoded({**row.frame, "device": slug})
        is_fresh = row.last_frame_at is not None and at - row.last_frame_at <= timedelta(seconds=FRESH_SECONDS)
        yield Said(slug, text if is_fresh else frames.stale(text))
    if row.reachable is False or row.frame is None:
        since = row.unreachable_since
        text = frames.encode_status(slug, reachable=row.reachable, since=since, sent_at=at, mode=row.mode, error=row.error)
        yield Said(slug, text)
