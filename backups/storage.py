"""Files and folders of backups. Names come from agents, so every one of them is opened relative to a folder that is open already.

One name at a time, never a path; no link is followed; what was opened is judged by its descriptor, not by what the name meant a moment
ago. A copy becomes visible under its name only when it is whole, verified and on the disk.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

MAX_NAME_BYTES: Final = 255
INCOMING: Final = ".incoming"
"""In the store: copies in the making. Whatever a crash leaves there is worth nothing."""
RESERVE_BYTES: Final = 512 * 1024 * 1024
"""So much of the disk on which Sentinel's own data lies, or a twentieth of a small one, is not filled: a database without room stops."""
SPARSE_FROM, SPARSE_RATIO = 256 * 1024 * 1024, 100
"""A file of this size or more of which so little lies on the disk holds nothing, and would keep a scan reading for hours."""
_BLOCK: Final = 512
_USUAL_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class RefusedError(Exception):
    """What stands under this name is not opened; the text says why, without the place's path."""


class StoreError(Exception):
    """The store cannot be written: full, read-only, or not there. Nothing was lost; the text says what to do."""


def check_name(name: str) -> str:
    """``name`` if it is one plain name of a folder's entry. Raises RefusedError."""
    if _USUAL_NAME.fullmatch(name):
        return name
    if not name or name in {".", ".."}:
        raise RefusedError("The name is empty." if not name else f"“{name}” is no file's name.")
    if "/" in name or "\\" in name:
        raise RefusedError("The name holds a separator.")
    if _CONTROL.search(name):
        raise RefusedError("The name holds a control character.")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise RefusedError(f"The name is longer than {MAX_NAME_BYTES} bytes.")
    return name


class Folder:
    """A folder by its descriptor: stays the same one whatever becomes of its name. Close it, or use it in a `with`."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._status: os.stat_result | None = None

    @classmethod
    def root(cls, path: Path, *, make: bool = False) -> Self:
        """One of our own places (its path may lead over links: it is set by the operator). Raises FileNotFoundError and OSError."""
        if make:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self.fd)

    def again(self) -> "Folder":
        """The same folder, opened once more: what is left of a listing is shared by all descriptors that were made from one, forks' too."""
        return Folder(os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.fd))

    def folder(self, name: str, *, make: bool = False) -> "Folder":
        """The folder ``name`` in this one. Raises RefusedError for a link or a file, FileNotFoundError."""
        check_name(name)
        try:
            return Folder(os.open(name, _FOLDER, dir_fd=self.fd))
        except FileNotFoundError:
            if not make:
                raise
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=self.fd)
                os.fsync(self.fd)
            return self.folder(name)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise RefusedError(f"“{name}” is a link or a file, and should be a folder.") from None
            raise

    def file(self, name: str) -> int:
        """A descriptor, for reading, of the regular file ``name``. The caller closes it. Raises RefusedError and OSError."""
        return self.opened(name)[0]

    def opened(self, name: str) -> tuple[int, os.stat_result]:
        """The same, and what the descriptor says of the file."""
        check_name(name)
        try:
            fd = os.open(name, _READ, dir_fd=self.fd)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENXIO, errno.ENODEV}:
                raise RefusedError("It is a link or a device, not a file.") from None
            raise
        if self._status is None:
            self._status = os.fstat(self.fd)
        found = os.fstat(fd)
        fault = refusal(found, self._status)
        if fault:
            os.close(fd)
            raise RefusedError(fault)
        return fd, found  # that it was opened without waiting means nothing to a regular file

    def names(self, *, most: int | None = None) -> list[str]:
        """The names in it that can be names of ours, sorted, at most ``most``."""
        with os.scandir(self.fd) as found:
            return sorted(each.name for each in found if _is_name(each.name))[:most]

    def entries(self) -> Iterator[tuple[str, bool]]:
        """Each name in it, and whether it is a folder itself."""
        with os.scandir(self.fd) as found:
            yield from [(each.name, each.is_dir(follow_symlinks=False)) for each in found if _is_name(each.name)]

    def sync(self) -> None:
        """Names that were given or changed in it are on the disk on return."""
        os.fsync(self.fd)


def refusal(found: os.stat_result, folder: os.stat_result) -> str:
    """Why what was opened is not read; empty: it is a plain file of whoever owns the folder."""
    if not stat.S_ISREG(found.st_mode):
        return "It is no regular file."
    if found.st_dev != folder.st_dev:
        return "It lies on another file system than its folder."
    if found.st_nlink > 1 and found.st_uid != folder.st_uid:
        return "It is a second name (hard link) of somebody else's file."
    if found.st_size >= SPARSE_FROM and found.st_blocks * _BLOCK * SPARSE_RATIO < found.st_size:
        return "It is a sparse file: almost nothing of it was ever written."
    return ""


@contextmanager
def walked(root: Folder, names: Iterable[str], *, make: bool = False) -> Iterator[Folder]:
    """The folder at the end of ``names``, from ``root`` down, one at a time. Raises as `Folder.folder`."""
    with ExitStack() as opened:
        folder = root
        for name in names:
            folder = opened.enter_context(folder.folder(name, make=make))
        yield folder


def incoming(store: Folder) -> Folder:
    """The store's folder for copies in the making, emptied. Only whoever holds the scanner's lock may call this."""
    folder = store.folder(INCOMING, make=True)
    for name in folder.names():
        with suppress(OSError):
            os.unlink(name, dir_fd=folder.fd)
    return folder


def begin(folder: Folder, name: str) -> int:
    """A descriptor, for writing, of a new file ``name`` (0600); one that a crash left there is replaced. Raises OSError."""
    with suppress(FileNotFoundError):
        os.unlink(check_name(name), dir_fd=folder.fd)
    return os.open(name, _WRITE, 0o600, dir_fd=folder.fd)


def write(to: int, piece: memoryview, own: Path) -> None:
    """Write ``piece`` into the copy ``to``. Raises OSError, also when the disk, on which ``own`` lies as well, would be filled by it."""
    if os.fstat(to).st_dev == own.stat().st_dev:
        disk = os.fstatvfs(to)
        reserve = min(RESERVE_BYTES, disk.f_blocks * disk.f_frsize // 20)
        if disk.f_bavail * disk.f_frsize - len(piece) < reserve:
            raise OSError(errno.ENOSPC, "what is left is for Sentinel itself")
    while piece:
        piece = piece[os.write(to, piece) :]


def discard(folder: Folder, name: str) -> None:
    """Forget a copy that is not wanted. Raises nothing."""
    with suppress(OSError):
        os.unlink(name, dir_fd=folder.fd)


def promote(copies: Folder, name: str, store: Folder, place: tuple[str, ...]) -> None:
    """Give the whole and synced copy ``name`` its ``place`` in the store. What was there before is replaced in the same instant.

    The name is not on the disk yet: `sync_folders`. Raises StoreError; then what was there before is untouched.
    """
    with stored(), walked(store, place[:-1], make=True) as folder:
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(os.stat(place[-1], dir_fd=folder.fd, follow_symlinks=False).st_mode):
                raise StoreError(f"“{'/'.join(place)}” is a folder; move it away.")
        os.rename(name, check_name(place[-1]), src_dir_fd=copies.fd, dst_dir_fd=folder.fd)


def sync_folders(store: Folder, places: Iterable[tuple[str, ...]]) -> None:
    """What was promoted to ``places`` keeps its names whatever happens now. Raises StoreError."""
    with stored():
        for parts in sorted({place[:-1] for place in places}):
            with walked(store, parts) as folder:
                folder.sync()


@contextmanager
def stored() -> Iterator[None]:
    """Failures to write in it are StoreErrors, with what to do."""
    try:
        yield
    except RefusedError as error:
        raise StoreError(f"{error} Remove it from the store.") from None
    except OSError as error:
        raise StoreError(_advice(error)) from error


def take_away(folder: Folder, name: str, before: os.stat_result, archive: Folder) -> bool:
    """Move ``name``, which was read when it was as ``before`` says, to the archive, never over another one.

    False: there is another file under that name by now, or it was written since; nothing is moved. Raises OSError.
    """
    if not _same(os.stat(name, dir_fd=folder.fd, follow_symlinks=False), before):
        return False
    new_name = name
    while _exists(archive, new_name):  # not counted: whoever fills the archive would have us look for every number
        new_name = f"{name[:60]}.{secrets.token_hex(6)}"
    os.rename(name, new_name, src_dir_fd=folder.fd, dst_dir_fd=archive.fd)
    if _same(os.stat(new_name, dir_fd=archive.fd, follow_symlinks=False), before):
        return True
    if not _exists(folder, name):
        os.rename(new_name, name, src_dir_fd=archive.fd, dst_dir_fd=folder.fd)
    return False


def write_whole(folder: Folder, name: str, body: bytes) -> None:
    """A file ``name`` with ``body``, on the disk on return, there whole or not at all. Raises OSError."""
    part = f".{name[:200]}.part"
    fd = begin(folder, part)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, check_name(name), src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
        folder.sync()
    except OSError:
        discard(folder, part)
        raise


def unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether a file was not written between the two looks at it."""
    return before.st_ctime_ns == after.st_ctime_ns and _same(before, after)


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_dev, other.st_ino, other.st_size, other.st_mtime_ns)


def _exists(folder: Folder, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except RefusedError:
        return False
    return True


def _advice(error: OSError) -> str:
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{said}. Make room in the store."
    if error.errno == errno.EXDEV:
        return f"{said}. The whole store must be on one file system."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{said}. Sentinel's user must be able to write into the store."
    return f"{said}."
