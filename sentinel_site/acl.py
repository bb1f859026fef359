"""POSIX access control lists, as far as one question needs them: let one user through a directory that is closed to others.

The format is Linux's `system.posix_acl_access`: a version, then (tag, permissions, id) in the order of the tags.
"""

import errno
import os
import stat
import struct
from pathlib import Path
from typing import Final

ATTRIBUTE: Final = "system.posix_acl_access"
VERSION: Final = 2
OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
SEARCH: Final = 0o1
NO_ID: Final = 0xFFFFFFFF
Entry = tuple[int, int, int]


def let_through(directory: Path, uid: int) -> None:
    """Give user ``uid``, and nobody else, the right to pass through ``directory``. Raises OSError where that is not possible."""
    entries = _read(directory)
    mine = next((entry for entry in entries if entry[0] == USER and entry[2] == uid), (USER, 0, uid))
    kept = [entry for entry in entries if entry != mine and entry[0] != MASK]
    kept.append((USER, mine[1] | SEARCH, uid))
    mask = 0
    for tag, permissions, _id in kept:
        if tag in {USER, GROUP, NAMED_GROUP}:
            mask |= permissions
    _write(directory, [*kept, (MASK, mask, NO_ID)])


def lets_through(directory: Path, uid: int) -> bool:
    """Whether ``uid`` may pass through ``directory``, as far as owner, other and its own entry say."""
    found = directory.stat()
    if found.st_uid == uid:
        return bool(found.st_mode & stat.S_IXUSR)
    entries = _read(directory)
    mask = next((permissions for tag, permissions, _id in entries if tag == MASK), 7)  # a chmod of the group changes it
    for tag, permissions, named in entries:
        if tag == USER and named == uid:
            return bool(permissions & mask & SEARCH)
    return bool(found.st_mode & stat.S_IXOTH)


def _read(directory: Path) -> list[Entry]:
    try:
        raw = os.getxattr(directory, ATTRIBUTE)
    except OSError as error:
        if error.errno not in {errno.ENODATA, errno.EOPNOTSUPP}:
            raise
        mode = directory.stat().st_mode
        return [(OWNER, mode >> 6 & 7, NO_ID), (GROUP, mode >> 3 & 7, NO_ID), (OTHER, mode & 7, NO_ID)]
    return [struct.unpack_from("<HHI", raw, at) for at in range(4, len(raw), 8)]  # type: ignore[misc]


def _write(directory: Path, entries: list[Entry]) -> None:
    raw = struct.pack("<I", VERSION) + b"".join(
        struct.pack("<HHI", *entry) for entry in sorted(entries, key=lambda entry: (entry[0], entry[2]))
    )
    os.setxattr(directory, ATTRIBUTE, raw)
