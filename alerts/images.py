"""Pictures that came with reports: kept privately, shown only to the person a link was made for.

What is stored went through sanitising.py first. Files live under MEDIA_ROOT/alerts/<year>/<month>/ and have no public URL.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core import signing

from alerts.models import Alert
from sentinel_site.lib import crypto

LINK_SECONDS: Final = 300
PURPOSE: Final = "media-link"
"""Names the key that signs links to pictures; nothing else is signed with it."""
Viewer = AbstractUser | AnonymousUser


def store(jpeg: bytes, *, at: datetime) -> str:
    """Keep ``jpeg`` for good (on disk before this returns), readable by this account alone; returns its name in MEDIA_ROOT.

    The name is random: nothing about the alert can be learnt from it. Raises OSError.
    """
    name = f"alerts/{at:%Y/%m}/{uuid4()}.jpg"
    path = path_of(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    try:
        _write(unfinished, jpeg)
        unfinished.rename(path)
        _sync_directory(path.parent)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return name


def remove(name: str) -> None:
    """Delete a stored picture; one that is gone already is fine. Raises OSError when it cannot be deleted."""
    path_of(name).unlink(missing_ok=True)


def path_of(name: str) -> Path:
    """Where the picture ``name`` lies. Raises ValueError for a name that leads out of the pictures' directory."""
    root = (Path(settings.MEDIA_ROOT) / "alerts").resolve()
    path = (Path(settings.MEDIA_ROOT) / name).resolve()
    if root not in path.parents:
        raise ValueError(f"{name!r} does not lie in {root}")
    return path


def signed_url(alert: Alert, user: Viewer | None) -> str | None:
    """A link by which ``user``, signed in, may see the alert's picture for five minutes; None without picture or permission."""
    if not alert.image or user is None or not may_see(user):
        return None
    token = signing.dumps([str(alert.pk), str(user.pk)], key=crypto.derive(PURPOSE), salt=PURPOSE)
    return f"{settings.SENTINEL_BASE_URL}/media/alerts/{token}"


def read_link(token: str, user: Viewer) -> Alert | None:
    """The alert whose picture ``token`` shows to ``user``; None when the token is wrong, too old, or another person's."""
    try:
        claims = signing.loads(token, key=crypto.derive(PURPOSE), salt=PURPOSE, max_age=LINK_SECONDS, fallback_keys=[])
    except (signing.BadSignature, ValueError):
        return None
    if claims[1:] != [str(user.pk)] or not may_see(user):
        return None
    return Alert.objects.filter(pk=claims[0]).exclude(image="").first()


def may_see(user: Viewer) -> bool:
    """Whether ``user`` may see pictures of people: whoever may see alerts."""
    return bool(user.has_perm("alerts.view_alert"))


def _write(path: Path, data: bytes) -> None:
    """Write a new file, for this account alone, that survives a power cut."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
