"""Looking at one staged file: is it there, is it whole, is it what the agent says. Reads it once, and copies what it reads.

May run in threads: touches no database and reads no clock. SHA-256 is OpenSSL's, fed with pieces large enough to let other threads run.
"""

import errno
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from typing import Any, Final

from django.conf import settings

from backups import archives, backup_phrases, deposit, storage
from backups.deposit import is_moving
from backups.enums import BackupVerdict, ReportedBy
from backups.matching import Work
from backups.storage import Folder, RefusedError, StoreError, check_name

PIECE: Final = 256 * 1024
SMALL: Final = 96 * 1024
"""A file below that is read at once."""
LARGE: Final = 16 * 1024 * 1024
ON_ITS_WAY: Final = (".part", ".filepart", ".partial", ".tmp", ".upload")
_AT_ONCE: Final[int | None] = getattr(os, "RWF_NOWAIT", None)
"""Read what lies in memory, and nothing that a disk would have to bring. None: this system cannot be asked for that."""
_NOT_ITS_FAULT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""This machine is short of something, or the file is locked by who writes it: no verdict about a backup."""
_buffers: Final = threading.local()
_few_large: Final = threading.BoundedSemaphore(max(2, min(4, os.cpu_count() or 2)))
"""So many large files are read at once; a disk that turns likes no more."""


@dataclass(slots=True)
class Looked:
    """What was found about one database of one report. ``verdict`` None: it may be on its way still, and is looked at again.

    ``copy`` is the name of the verified copy among the copies in the making; empty: there is none.
    """

    work: Work
    verdict: BackupVerdict | None
    message: str = ""
    digest: str = ""
    size: int | None = None
    copy: str = ""
    not_stored: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """The deposit, and where copies are made; None: nowhere. ``at`` is the scan's clock. Once ``stop`` is set, no file is read on."""

    deposit: Folder
    copies: Folder | None
    at: datetime
    stop: threading.Event = field(default_factory=threading.Event)

    def copies_of(self, work: Work) -> Folder | None:
        """Where a copy of its file is made; None: it is not to be stored."""
        return self.copies if work.job.final_storage_path_template else None


class _Moving(Exception):
    pass


class _Later(Exception):
    """It has to be waited for."""


class StoppedError(Exception):
    """Nobody wants to know any more what is in the file."""


def glance(works: Sequence[Work], places: Places) -> tuple[list[Looked], list[Work]]:
    """`look`, at what is done at once: small files that lie in memory, are no archives and are not copied. The second are the others."""
    looked: list[Looked] = []
    later: list[Work] = []
    if _AT_ONCE is None or all(_waits(work, places) for work in works):
        return looked, list(works)
    try:
        with deposit.files(places.deposit, works[0].found.folder) as folders:
            for work in works:
                try:
                    looked.append(_judged(work, folders, places, at_once=True))
                except _Later:
                    later.append(work)
    except (OSError, RefusedError):
        return [], list(works)
    return looked, later


def _waits(work: Work, places: Places) -> bool:
    """Whether it is known already that a disk is waited for."""
    return (work.database.size or 0) >= SMALL or places.copies_of(work) is not None


def look(works: Sequence[Work], places: Places) -> list[Looked]:
    """Judge reports about files of one agent's folder, in their order. Raises StoppedError, and MemoryError."""
    looked: list[Looked] = []
    try:
        with deposit.files(places.deposit, works[0].found.folder) as folders:
            for work in works:
                looked.append(_judged(work, folders, places))
    except (OSError, RefusedError) as error:
        looked += [_said(work) or _unreadable(work, error) for work in works[len(looked) :]]
    return looked


def digest(fd: int, to: int | None = None, stop: threading.Event | None = None) -> tuple[str, int, StoreError | None]:
    """SHA-256 and size of what is at ``fd`` from its beginning, which is written to ``to`` as well. Raises OSError when it cannot be read.

    What cannot be written is the third; the file is read to its end all the same. Raises StoppedError once ``stop`` is set.
    """
    view, small = _buffer()
    if to is None and (count := os.preadv(fd, [small], 0)) < SMALL:
        return hashlib.sha256(small[:count]).hexdigest(), count, None
    found, size, failed = hashlib.sha256(), 0, None
    os.lseek(fd, 0, os.SEEK_SET)
    with FileIO(fd, closefd=False) as file:
        while count := file.readinto(view):
            if stop is not None and stop.is_set():
                raise StoppedError
            piece = view[:count]
            found.update(piece)
            size += count
            if to is not None and failed is None:
                try:
                    with storage.stored():
                        storage.write(to, piece, settings.DATA_DIR)
                except StoreError as error:
                    failed = error
    return found.hexdigest(), size, failed


def _digest_at_once(fd: int, size: int) -> str:
    """SHA-256 of a small file that is no archive, if all of it lies in memory. Raises _Later."""
    _, small = _buffer()
    try:
        count = os.preadv(fd, [small], 0, _AT_ONCE or 0)
    except OSError:  # mostly EAGAIN; whatever else it is, reading with patience shows
        count = -1
    if count != size:
        with suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_WILLNEED)  # the disk may begin
        raise _Later
    content = small[:count]
    if archives.is_archive(bytes(content[:8])):
        raise _Later
    return hashlib.sha256(content).hexdigest()


def _judged(work: Work, folders: list[Folder], places: Places, *, at_once: bool = False) -> Looked:
    said = _said(work)
    if said is not None:
        return said
    if not folders and work.found.by == ReportedBy.REST:
        return Looked(work, BackupVerdict.SUCCESS, backup_phrases.NOT_HERE, evidence={"file": "not here"})
    try:
        return _look(work, folders, places, at_once=at_once)
    except _Moving:
        return Looked(work, None)
    except (OSError, RefusedError) as error:
        return _unreadable(work, error)


def _said(work: Work) -> Looked | None:
    """What the agent itself calls a failure; None: nothing."""
    fault = work.database.fault() if work.database.name else ""
    if work.report.failed_globally:
        fault = f"The agent failed as a whole. {fault}".strip()
    return Looked(work, BackupVerdict.FAILED, fault) if fault else None


def _unreadable(work: Work, error: OSError | RefusedError) -> Looked:
    if isinstance(error, OSError) and error.errno in _NOT_ITS_FAULT:
        return Looked(work, None)
    said = str(error) if isinstance(error, RefusedError) else f"{os.strerror(error.errno or 0)}."
    return Looked(work, BackupVerdict.TRANSFER_INTEGRITY_FAILED, f"The staged file cannot be read: {said}")


def _look(work: Work, folders: list[Folder], places: Places, *, at_once: bool) -> Looked:
    if at_once and _waits(work, places):
        raise _Later
    fd, before = _opened(work, folders, at=places.at, at_once=at_once)
    try:
        size = before.st_size
        fault = _size_fault(work.database.size, size)
        if fault:
            return _bad(work, BackupVerdict.TRANSFER_INTEGRITY_FAILED, fault, before, at=places.at)
        if at_once:
            if size >= SMALL:
                raise _Later
            return _verdict(work, fd, before, _digest_at_once(fd, size), size, at=places.at, is_archive=False)
        if size < LARGE:
            return _compared(work, fd, before, places)
        with _few_large:
            return _compared(work, fd, before, places)
    finally:
        os.close(fd)


def _compared(work: Work, fd: int, before: os.stat_result, places: Places) -> Looked:
    """Read the whole file, copy it if it is to be stored, and compare."""
    if before.st_size > PIECE:
        with suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    copies = places.copies_of(work)
    if copies is None:
        found, size, _ = digest(fd, stop=places.stop)
        return _verdict(work, fd, before, found, size, at=places.at)
    name = f"{work.job.pk.hex}-{work.cycle_at:%Y%m%dT%H%M%S%f}"
    with _copy(copies, name) as (to, refused):
        found, size, unwritten = digest(fd, to, places.stop)
        looked = _verdict(work, fd, before, found, size, at=places.at)
        if looked.verdict == BackupVerdict.SUCCESS:
            failed = refused or unwritten or _synced(to)
            looked.copy, looked.not_stored = name if to is not None and failed is None else "", str(failed or "")
        if not looked.copy:
            storage.discard(copies, name)
        return looked


def _verdict(
    work: Work, fd: int, before: os.stat_result, found: str, size: int, *, at: datetime, is_archive: bool = True
) -> Looked:  # fmt: skip
    """What follows from its whole content, which may be an archive, unless it was written meanwhile."""
    if size != before.st_size or not storage.unchanged(before, os.fstat(fd)):
        raise _Moving
    expected = work.database.digest
    if expected and found != expected:
        text = backup_phrases.OTHER_CONTENT if len(expected) == 64 else backup_phrases.NO_HASH
        return _bad(work, BackupVerdict.HASH_MISMATCH, text, before, digest=found, at=at)
    text = "" if expected else backup_phrases.UNCOMPARED
    archive = archives.look(fd) if is_archive else None
    return Looked(work, BackupVerdict.SUCCESS, text, found, size, evidence={"archive": archive.document()} if archive else {})


def _bad(work: Work, verdict: BackupVerdict, message: str, status: os.stat_result, *, at: datetime, digest: str = "") -> Looked:
    """A file that is not good, unless it may still be on its way."""
    if is_moving(status, at=at):
        raise _Moving
    return Looked(work, verdict, message, digest, status.st_size)


def _size_fault(expected: int | None, size: int) -> str:
    if not size:
        return backup_phrases.EMPTY
    return "" if expected in (None, size) else backup_phrases.SIZES % {"size": size, "said": expected}


def _opened(work: Work, folders: list[Folder], *, at: datetime, at_once: bool) -> tuple[int, os.stat_result]:
    """The staged file, which the caller closes, and what it is. Raises RefusedError, OSError, and _Moving for a report before its file."""
    name = work.database.staged_name
    if not name:
        raise RefusedError("the report names no file.")
    for folder in folders:
        try:
            return folder.opened(name)
        except FileNotFoundError:
            continue
    check_name(name)
    if at_once:
        raise _Later  # whether it comes is a matter of looking at all that is there
    if is_moving(work.found.before, at=at) or any(_comes(folder, name, at=at) for folder in folders):
        raise _Moving
    raise RefusedError("it is not there.")


def _comes(folder: Folder, name: str, *, at: datetime) -> bool:
    """Whether the file is being written under the name that a transfer uses until it is whole (rsync, WinSCP and others)."""
    for each in folder.names():
        if each != name and (each.startswith(f".{name}.") or (each.startswith(name) and each.lower().endswith(ON_ITS_WAY))):
            with suppress(OSError):
                if is_moving(os.stat(each, dir_fd=folder.fd, follow_symlinks=False), at=at):
                    return True
    return False


@contextmanager
def _copy(copies: Folder, name: str) -> Iterator[tuple[int | None, StoreError | None]]:
    """A new file for the copy; gone again when it is not wanted. What keeps it from being made is the second."""
    to, failed = None, None
    try:
        with storage.stored():
            to = storage.begin(copies, name)
    except StoreError as error:
        failed = error
    wanted = False
    try:
        yield to, failed
        wanted = True
    finally:
        if to is not None:
            os.close(to)
            if not wanted:
                storage.discard(copies, name)


def _synced(to: int | None) -> StoreError | None:
    """The copy, if there is one, is on the disk, or why not."""
    if to is None:
        return None
    try:
        with storage.stored():
            os.fsync(to)
    except StoreError as error:
        return error
    return None


def _buffer() -> tuple[memoryview, memoryview]:
    """This thread's own, and the part of it for small files."""
    try:
        return _buffers.views  # type: ignore[no-any-return]
    except AttributeError:
        view = memoryview(bytearray(PIECE))
        _buffers.views = view, view[:SMALL]
        return _buffers.views  # type: ignore[no-any-return]
