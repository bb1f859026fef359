"""How far the fetching of a device's files is: a short note in Redis, one per device, for pages. Nothing depends on it.

The monitor writes it, at most twice a second; it is forgotten two minutes after its last change, and where Redis is down there is none.
"""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import redis
from django.conf import settings

KEEP_SECONDS: Final = 120
EVERY_SECONDS: Final = 0.5
NONE: Final = {"state": "none", "path": "", "bytes": 0, "size": None, "error": "", "begun_at": None}


class Note:
    """The writing end: of one file or folder. ``told``: whether anybody is to see it."""

    def __init__(self, client: "redis.Redis", slug: str, path: str, *, told: bool) -> None:
        self._client, self._key, self._told, self._written = client, _key(slug), told, 0.0
        self._says: dict[str, Any] = {**NONE, "state": "asking", "path": path, "begun_at": datetime.now(UTC).isoformat()}
        self._write()

    def sending(self, size: int | None) -> None:
        """It begins to come, ``size`` bytes as far as that is known."""
        self._says |= {"state": "sending", "size": size}
        self._write()

    def moved(self, count: int) -> None:
        """So many bytes more came."""
        self._says["bytes"] += count
        if time.monotonic() - self._written > EVERY_SECONDS:
            self._write()

    def ended(self, error: str = "") -> None:
        """It came whole, or broke off."""
        self._says |= {"state": "failed" if error else "done", "error": error}
        self._write()

    def _write(self) -> None:
        if self._told:
            self._written = time.monotonic()
            with suppress(redis.RedisError):
                self._client.set(self._key, json.dumps(self._says), ex=KEEP_SECONDS)


def read(slug: str) -> dict[str, Any]:
    """The note about the device: state (none, asking, sending, done, failed), path, bytes, size (None: not known), error and begun_at."""
    with suppress(redis.RedisError), redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3) as client:
        raw: Any = client.get(_key(slug))
        if raw:
            return {**NONE, **json.loads(raw)}
    return dict(NONE)


def _key(slug: str) -> str:
    return f"sentinel:transfer-progress:{slug}"
