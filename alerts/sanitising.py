"""Making pictures harmless: a picture is never stored as it came.

It is decoded and encoded again as a small JPEG, which drops metadata (where the camera stands), hidden payloads and
second pictures. Apart from images.py, so that processes that only keep or remove pictures need not load a decoder.
"""

import io
import threading
import warnings
from typing import Final

from django.conf import settings
from PIL import Image, ImageOps

from alerts.errors import ImageRefused

FORMATS: Final = ("JPEG", "PNG", "WEBP")
EDGE_PIXELS: Final = 1280
JPEG_QUALITY: Final = 85
PLAIN_MODES: Final = ("L", "LA", "RGB", "RGBA", "CMYK")
"""Modes that can be made smaller as they are; others are turned into RGB first."""

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
