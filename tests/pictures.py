"""Pictures for tests, and pieces of them."""

import io
import struct
import zlib

from PIL import Image


def jpeg(size=(64, 48), color="gray") -> bytes:
    """A small whole JPEG."""
    written = io.BytesIO()
    Image.new("RGB", size, color).save(written, "JPEG")
    return written.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be of this size."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
