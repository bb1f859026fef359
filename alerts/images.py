"""Pictures that come with reports: made harmless, kept privately, shown only to the person a link was made for.

A picture is never stored as it came. It is decoded and encoded again as a small JPEG, which drops metadata (where the
camera stands), hidden payloads and second pictures. Files live under MEDIA_ROOT/alerts/<year>/<month>/ and have no public URL.
"""

import io
import os
import threading
import warnings
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core import signing
from PIL import Image, ImageOps

from alerts.errors import ImageRefused
from alerts.models import Alert
from sentinel_site.lib import crypto

FORMATS: Final = ("JPEG", "PNG", "WEBP")
EDGE_PIXELS: Final = 1280
JPEG_QUALITY: Final = 85
LINK_SECONDS: Final = 300
PLAIN_MODES: Final = ("L", "LA", "RGB", "RGBA", "CMYK")
"""Modes that can be made smaller as they are; others are turned into RGB first."""
PURPOSE: Final = "media-link"
"""Names the key that signs links to pictures; nothing else is signed with it."""
Viewer = AbstractUser | AnonymousUser

# As a filter of the process, because the filters of a `with` block are not safe in threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
_decoding = threading.BoundedSemaphore(2)
"""A picture of 50 megapixels takes some 300 MB while it is decoded; two at a time are enough."""


def sanitise(data: bytes) -> bytes:
    """``data`` (JPEG, PNG or WebP) as a new JPEG of at most 1280 x 1280 pixels, upright, without metadata.

    Size, type, pixel count and number of frames are checked before anything is decoded. Raises ImageRefused.
    """
    check_size(len(data))
    if not _looks_like_a_picture(data):
        raise ImageRefused("not_an_image", "This is not a JPEG, PNG or WebP picture. Send the picture itself, in one of these formats.")
    with _decoding:
        try:
            return _encode_again(data)
        except ImageRefused:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_many_pixels() from None
        except Exception as error:  # a damaged file makes decoders raise nearly anything
            text = f"The picture is damaged and cannot be read ({type(error).__name__}). Send it again, whole."
            raise ImageRefused("damaged", text) from error


def check_size(size: int) -> None:
    """Raises ImageRefused when a picture of ``size`` bytes is too large to be looked at."""
    limit = settings.SENTINEL_IMAGE_MAX_BYTES
    if size > limit:
        raise ImageRefused("too_large", f"The picture is larger than {limit // 1_048_576} MiB. Send a smaller or more compressed one.")


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


def _looks_like_a_picture(data: bytes) -> bool:
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _encode_again(data: bytes) -> bytes:
    with _open(data) as picture:
        picture.verify()
    with _open(data) as picture:  # verify() uses a picture up
        picture.draft("RGB", (EDGE_PIXELS, EDGE_PIXELS))  # lets a large JPEG be decoded small
        picture.load()
        small: Image.Image = picture if picture.mode in PLAIN_MODES else picture.convert("RGB")
        small.thumbnail((EDGE_PIXELS, EDGE_PIXELS))
        upright = ImageOps.exif_transpose(small).convert("RGB")
        upright.info.clear()
        written = io.BytesIO()
        upright.save(written, "JPEG", quality=JPEG_QUALITY, optimize=True, exif=b"")
        return written.getvalue()


def _open(data: bytes) -> Image.Image:
    """The picture, not decoded yet. Raises ImageRefused for one that is too big or moves."""
    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    if picture.width * picture.height > settings.SENTINEL_IMAGE_MAX_PIXELS:
        raise _too_many_pixels()
    # Phones put a second still (a depth or brightness map) beside the picture: MPO. Its first one is the picture.
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise ImageRefused("animated", "The picture moves. Send one single frame.")
    return picture


def _too_many_pixels() -> ImageRefused:
    limit = settings.SENTINEL_IMAGE_MAX_PIXELS // 1_000_000
    return ImageRefused("too_many_pixels", f"The picture has more than {limit} megapixels. Send a smaller one.")


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
