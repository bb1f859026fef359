"""What is said to one open wall, message by message: the whole wall when something changed, and otherwise that nothing did."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.http import parse_cookie
from psycopg_pool import PoolTimeout

from alerts import live, wall_board, walls
from alerts.models import Wall
from sentinel_site.lib import peers
from sentinel_site.lib.instants import instant

AWAY: Final = (DatabaseError, PoolTimeout)
"""The database cannot be read."""
WHOLE_EVERY: Final = timedelta(seconds=30)
"""At least so often the wall is read anew: what changes without an event (a source's name) shows as well."""


class Talk:
    """A conversation with one screen. ``who``: the wall's id, or anything else for somebody who may see everything, in ``language``."""

    def __init__(self, who: Any, *, language: str = "") -> None:
        self._staff = wall_board.for_staff(language)
        self._wall_id = who if isinstance(who, UUID) else None
        self._wall: Wall | None = None
        self._last_event_id = -1
        self._read_at: datetime | None = None

    def next(self, changed: bool, *, at: datetime) -> str | None:
        """What to say at ``at``: the wall, or a sign of life. None: it may not be shown any more. Raises AWAY."""
        wall = walls.living(self._wall_id, at=at) if self._wall_id else self._staff
        if wall is None:
            return None
        same = self._wall is not None and wall.shows == self._wall.shows
        last = live.last_event_id()
        if same and not changed and last == self._last_event_id and self._read_at and at - self._read_at < WHOLE_EVERY:
            return json.dumps({"type": "beat", "sent_at": instant(at), "version": wall_board.version()})
        shown = wall_board.snapshot(wall, at=at)
        self._wall, self._last_event_id, self._read_at = wall, shown["last_event_id"], at
        return json.dumps({"type": "wall", "sent_at": shown["now"], **shown})


def token_in(scope: Mapping[str, Any]) -> str:
    """The wall's token in the cookies of a websocket; empty when there is none."""
    return parse_cookie(_header(scope, b"cookie")).get(settings.WALL_COOKIE_NAME, "")


def language_in(scope: Mapping[str, Any]) -> str:
    """The language that the page of somebody who is signed in was made in."""
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("language", [""])[-1]


def address_in(scope: Mapping[str, Any]) -> str:
    """Where a websocket comes from."""
    forwarded = _header(scope, b"x-forwarded-for") if settings.SECURE_PROXY_SSL_HEADER else ""
    return peers.address_of(forwarded=forwarded, peer=str((scope.get("client") or ["local"])[0]))


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    """The last header of that name: a proxy may add its own below the sender's."""
    found: bytes = dict(scope["headers"]).get(name, b"")
    return found.decode("latin-1")
