"""UUIDv7 (RFC 9562): ids that sort by their time of birth, so that "newest first" is the primary key backwards."""

import os
import threading
import time
from datetime import datetime
from uuid import UUID, SafeUUID

_lock = threading.Lock()
_last = 0


def uuid7(at: datetime | None = None) -> UUID:
    """A new UUIDv7 for the instant ``at`` (now when None).

    Ids made in one process for the same or an earlier millisecond go on increasing when ``at`` is None: the
    12 bits after the version count up inside a millisecond. With ``at`` given, those bits are random.
    """
    global _last
    if at is not None:
        stamp = (int(at.timestamp() * 1000) << 12) | int.from_bytes(os.urandom(2), "big") >> 4
    else:
        with _lock:
            _last = stamp = max(_last + 1, int(time.time() * 1000) << 12)
    return _compose(stamp, int.from_bytes(os.urandom(8), "big"))


def several(size: int) -> list[UUID]:
    """``size`` new UUIDv7 for now, in increasing order, also after those that `uuid7` made: a third of what those cost."""
    global _last
    with _lock:
        first = max(_last + 1, int(time.time() * 1000) << 12)
        _last = first + size - 1
    noise = os.urandom(8 * size)
    return [_compose(first + n, int.from_bytes(noise[8 * n : 8 * n + 8], "big")) for n in range(size)]


def texts(size: int, at: datetime) -> list[str]:
    """``size`` new UUIDv7 for the instant ``at``, in increasing order, as 32 hexadecimal digits: for rows on their way to PostgreSQL.

    A fifth of what UUID objects cost. 72 bits are random.
    """
    head = f"{int(at.timestamp() * 1000):012x}7"
    noise = os.urandom(9 * size).hex()
    return sorted(f"{head}{noise[n : n + 3]}8{noise[n + 3 : n + 18]}" for n in range(0, 18 * size, 18))


def floor(at: datetime) -> UUID:
    """The smallest UUIDv7 of the millisecond of ``at``: a lower bound for "since" on the primary key."""
    return _compose(int(at.timestamp() * 1000) << 12, 0)


def _compose(stamp: int, tail: int) -> UUID:
    millis, count = stamp >> 12, stamp & 0xFFF
    found = object.__new__(UUID)  # its constructor looks for mistakes that there are none of here, and takes longer than all of this
    object.__setattr__(found, "int", (millis << 80) | (0x7 << 76) | (count << 64) | (0b10 << 62) | (tail & ((1 << 62) - 1)))
    object.__setattr__(found, "is_safe", SafeUUID.unknown)
    return found
