"""Who may look at a wall: its token, checked in constant time, counted when it is wrong, and dead the moment it is revoked.

A token is ``wall_<prefix>_<secret>``. It opens the wall's page, its snapshot and its socket, and nothing else: no other door
of Sentinel knows what a wall is.
"""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from alerts.models import Wall
from sentinel_site.lib import configuration, crypto, tries

PURPOSE: Final = "wall"
SEEN_EVERY: Final = timedelta(minutes=1)
_FORM: Final = re.compile(r"wall_([0-9a-f]{8})_[A-Za-z0-9_-]{43}", re.A)


class TooManyTries(Exception):
    """So many wrong tokens came from one address that no further one is looked at for a minute."""


def issue(**fields: Any) -> tuple[Wall, str]:
    """A new wall, and its address, which nobody can read again."""
    prefix = secrets.token_hex(4)
    token = f"wall_{prefix}_{secrets.token_urlsafe(32)}"
    wall = Wall(**fields, prefix=prefix, digest=crypto.digest(token, purpose=PURPOSE))
    wall.full_clean()
    wall.save()
    return wall, f"{settings.SENTINEL_BASE_URL}{reverse('wall-enter', args=[token])}"


def of_token(token: str, *, address: str, at: datetime) -> Wall | None:
    """The wall that ``token`` opens at ``at``; None when it opens none, which is counted against ``address``.

    Notes where it was seen, at most once a minute. Raises TooManyTries for a wrong one after too many; a right one is never refused.
    """
    found = _FORM.fullmatch(token)
    wall = Wall.objects.filter(prefix=found.group(1)).first() if found else None
    mine = crypto.digest(token if found else "", purpose=PURPOSE)
    if not hmac.compare_digest(mine, wall.digest if wall else "0" * len(mine)):
        if tries.are_too_many("wall", address):
            raise TooManyTries
        return None
    if wall is None or wall.state(at) != "works":
        return None
    _note_seen(wall, address=address, at=at)
    return wall


def living(key: UUID, *, at: datetime) -> Wall | None:
    """The wall as it is at ``at``; None when it is revoked, expired or gone."""
    wall = Wall.objects.filter(pk=key).first()
    return wall if wall is not None and wall.state(at) == "works" else None


def revoke(wall: Wall, *, at: datetime) -> None:
    """Let it show nothing any more, for good. Its open screens go blank within seconds. Again: nothing happens."""
    living = Wall.objects.filter(pk=wall.pk, revoked_at=None)
    with configuration.changing(living):
        living.update(revoked_at=at)


def _note_seen(wall: Wall, *, address: str, at: datetime) -> None:
    old = Q(last_seen_at=None) | Q(last_seen_at__lte=at - SEEN_EVERY) | ~Q(last_seen_address=address[:64])
    Wall.objects.filter(old, pk=wall.pk).update(last_seen_at=at, last_seen_address=address[:64])
