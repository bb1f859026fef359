"""Looking at one staged file: is it there, is it whole, is it what the agent says. Reads it once, and copies what it reads.

Runs in threads: touches no database and reads no clock. SHA-256 is OpenSSL's, fed with pieces large enough to let other threads run.
"""

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
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

    def said(self) -> tuple[Any, ...]:
        """All but the work, in this order."""
        return self.verdict, self.message, self.digest, self.size, self.copy, self.not_stored, self.evidence


_NO_COPY: Final = nullcontext[tuple[int | None, StoreError | None]]((None, None))


class _Moving(Exception):
    pass


def look(works: Sequence[Work], root: Folder, copies: Folder | None, *, at: datetime) -> list[Looked]:
    """Judge reports about files of one agent's folder, in their order. ``copies``: where copies are made of those that are to be stored.

    Raises nothing but MemoryError.
    """
    looked: list[Looked] = []
    try:
        with deposit.files(root, works[0].found.folder) as folders:
            for work in works:
                looked.append(_judged(work, folders, copies if work.job.final_storage_path_template else None, at=at))
    except (OSError, RefusedError) as error:
        looked += [_said(work) or _unreadable(work, error) for work in works[len(looked) :]]
    return looked


def digest(fd: int, to: int | None = None) -> tuple[str, int, StoreError | None]:
    """SHA-256 and size of what is at ``fd`` from its beginning, which is written to ``to`` as well. Raises OSError when it cannot be read.

    What cannot be written is the third; the file is read to its end all the same.
    """
    view = _buffer()
    if to is None and (count := os.preadv(fd, [view[:SMALL]], 0)) < SMALL:
        return hashlib.sha256(view[:count]).hexdigest(), count, None
    found, size, failed = hashlib.sha256(), 0, None
    os.lseek(fd, 0, os.SEEK_SET)
    with FileIO(fd, closefd=False) as file:
        while count := file.readinto(view):
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


def _judged(work: Work, folders: list[Folder], copies: Folder | None, *, at: datetime) -> Looked:
    said = _said(work)
    if said is not None:
        return said
    if not folders and work.found.by == ReportedBy.REST:
        return Looked(work, BackupVerdict.SUCCESS, backup_phrases.NOT_HERE, evidence={"file": "not here"})
    try:
        return _look(work, folders, copies, at=at)
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
    said = str(error) if isinstance(error, RefusedError) else f"{os.strerror(error.errno or 0)}."
    return Looked(work, BackupVerdict.TRANSFER_INTEGRITY_FAILED, f"The staged file cannot be read: {said}")


def _look(work: Work, folders: list[Folder], copies: Folder | None, *, at: datetime) -> Looked:
    fd, before = _opened(work, folders, at=at)
    try:
        fault = _size_fault(work.database.size, before.st_size)
        if fault:
            return _bad(work, BackupVerdict.TRANSFER_INTEGRITY_FAILED, fault, before, at=at)
        if before.st_size < LARGE:
            return _compared(work, fd, before, copies, at=at)
        with _few_large:
            return _compared(work, fd, before, copies, at=at)
    finally:
        os.close(fd)


def _compared(work: Work, fd: int, before: os.stat_result, copies: Folder | None, *, at: datetime) -> Looked:
    """Read the whole file, and compare."""
    name = "" if copies is None else f"{work.job.pk.hex}-{work.cycle_at:%Y%m%dT%H%M%S%f}"
    expected = work.database.digest
    if before.st_size > PIECE:
        with suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    with _copy(copies, name) if copies is not None else _NO_COPY as (to, refused):
        found, size, unwritten = digest(fd, to)
        if size != before.st_size or not storage.unchanged(before, os.fstat(fd)):
            raise _Moving
        if expected and found != expected:
            text = backup_phrases.OTHER_CONTENT if len(expected) == 64 else backup_phrases.NO_HASH
            looked = _bad(work, BackupVerdict.HASH_MISMATCH, text, before, digest=found, at=at)
        else:
            failed = refused or unwritten or _synced(to)
            text = "" if expected else backup_phrases.UNCOMPARED
            kept = name if to is not None and failed is None else ""
            looked = Looked(work, BackupVerdict.SUCCESS, text, found, size, kept, str(failed or ""), _unpacked(fd))
        if not looked.copy and copies is not None:
            storage.discard(copies, name)
        return looked


def _unpacked(fd: int) -> dict[str, Any]:
    """What the archive test says; nothing when there was none."""
    looked = archives.look(fd)
    return {"archive": looked.document()} if looked else {}


def _bad(work: Work, verdict: BackupVerdict, message: str, status: os.stat_result, *, at: datetime, digest: str = "") -> Looked:
    """A file that is not good, unless it may still be on its way."""
    if is_moving(status, at=at):
        raise _Moving
    return Looked(work, verdict, message, digest, status.st_size)


def _size_fault(expected: int | None, size: int) -> str:
    if not size:
        return backup_phrases.EMPTY
    return "" if expected in (None, size) else backup_phrases.SIZES % {"size": size, "said": expected}


def _opened(work: Work, folders: list[Folder], *, at: datetime) -> tuple[int, os.stat_result]:
    """The staged file, which the caller closes, and what it is. Raises RefusedError, OSError, and _Moving for a report before its file."""
    name = work.database.staged_name
    if not name:
        raise RefusedError("the report names no file.")
    check_name(name)
    for folder in folders:
        try:
            return folder.opened(name)
        except FileNotFoundError:
            continue
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


def _buffer() -> memoryview:
    """This thread's own."""
    if not hasattr(_buffers, "view"):
        _buffers.view = memoryview(bytearray(PIECE))
    return _buffers.view  # type: ignore[no-any-return]
