"""Whether a backup can be unpacked, as far as it can be told without a restore: evidence for people, never a verdict.

Everything is unpacked in small pieces and thrown away; time, memory and the number of files are bounded, so a bomb costs what a backup
costs. What was not looked at to its end is said to be so.
"""

import os
import resource
import shutil
import struct
import subprocess
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, NamedTuple

SECONDS: Final = 20.0
"""So long one file is looked at."""
PIECE: Final = 256 * 1024
MAX_FILES: Final = 10_000
MAX_DIRECTORY_BYTES: Final = 16 * 1024 * 1024
"""A ZIP's list of files is read into memory; a longer one is not."""
MAX_WINDOW_BYTES: Final = 32 * 1024 * 1024
"""What a zstd stream may ask for: everything without `--ultra` and `--long` needs 8 MiB at the most."""
TOOL_MEMORY_BYTES: Final = 1024 * 1024 * 1024
_LISTED_BYTES: Final = 5
_BOUNDED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_TOOL_TOO_OLD: Final = b"unsupported version"


class Looked(NamedTuple):
    """What was found. ``readable`` None: it cannot be told. ``whole``: to its end. ``why``: what is wrong, or left out."""

    kind: str
    readable: bool | None
    whole: bool = True
    why: str = ""
    unpacked_bytes: int | None = None

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: value for name, value in self._asdict().items() if value not in ("", None) or name == "readable"}


class _Damaged(Exception):
    pass


class _LeftOut(Exception):
    pass


class _Budget:
    """Counts what was unpacked, and ends it in time."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.unpacked = 0

    def took(self, size: int) -> None:
        self.unpacked += size
        if time.monotonic() > self.until:
            raise _LeftOut("There was no time to look at all of it.")


def is_archive(head: bytes) -> bool:
    """Whether what begins with ``head`` is an archive that we know."""
    return head.startswith(_MAGIC)


def look(fd: int, *, seconds: float = SECONDS) -> Looked | None:
    """Unpack the file at ``fd`` and throw it away; None for what is no archive that we know. Raises OSError when it cannot be read."""
    head = os.pread(fd, 8, 0)
    if not is_archive(head):
        return None
    known = next((kind, test) for magic, kind, test in _KINDS if head.startswith(magic))
    kind, test = known
    budget = _Budget(seconds)
    try:
        test(fd, budget)
    except _Damaged as error:
        return Looked(kind, False, why=str(error)[:300], unpacked_bytes=budget.unpacked)
    except _LeftOut as error:
        return Looked(kind, None, whole=False, why=str(error)[:300], unpacked_bytes=budget.unpacked)
    return Looked(kind, True, unpacked_bytes=budget.unpacked or None)


def _pieces(fd: int) -> Iterator[bytes]:
    offset = 0
    while piece := os.pread(fd, PIECE, offset):
        offset += len(piece)
        yield piece


def _gzip(fd: int, budget: _Budget) -> None:
    """Each member to its end, with its check sum. Zeros after the last one are padding, as gzip itself takes them."""
    member = zlib.decompressobj(31)
    try:
        for piece in _pieces(fd):
            rest = piece.lstrip(b"\0") if member.eof else piece
            while rest:
                member = zlib.decompressobj(31) if member.eof else member
                budget.took(len(member.decompress(rest, PIECE)))
                rest = member.unused_data.lstrip(b"\0") if member.eof else member.unconsumed_tail
    except zlib.error as error:
        raise _Damaged(f"It is damaged: {error}.") from None
    while not member.eof and (more := member.decompress(member.unconsumed_tail, PIECE)):
        budget.took(len(more))
    if not member.eof:
        raise _Damaged("It ends before its end: it was cut off.")


def _zstd(fd: int, budget: _Budget) -> None:
    import zstandard  # noqa: PLC0415 (5 MiB, which only a scan needs)

    context, frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES), None
    try:
        with _one_zstd:
            for rest in (piece[start : start + _ZSTD_STEP] for piece in _pieces(fd) for start in range(0, len(piece), _ZSTD_STEP)):
                while rest:
                    frame = frame if frame is not None and not frame.eof else context.decompressobj()
                    budget.took(len(frame.decompress(rest)))
                    rest = frame.unused_data if frame.eof else b""
    except zstandard.ZstdError as error:
        if "too much memory" in str(error) or "Frame requires" in str(error):
            raise _LeftOut("It needs more memory to be unpacked than is given to it.") from None
        raise _Damaged(f"It is damaged: {error}.") from None
    if frame is None or not frame.eof:
        raise _Damaged("It ends before its end: it was cut off.")


def _zip(fd: int, budget: _Budget) -> None:
    """Every file in it, with its check sum; what is encrypted, unknown to Python, or cannot be unpacked in bounds, is left out."""
    try:
        with os.fdopen(os.dup(fd), "rb") as file:
            _check_directory(file)
            with zipfile.ZipFile(file) as archive:
                _unzip(archive, budget)
    except NotImplementedError as error:
        raise _LeftOut(f"{error}.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error, OverflowError) as error:
        raise _Damaged(f"It is damaged: {error}.") from None


def _unzip(archive: zipfile.ZipFile, budget: _Budget) -> None:
    if len(archive.infolist()) > MAX_FILES:
        raise _LeftOut(f"It holds more than {MAX_FILES} files.")
    if archive.fp is not None and sum(member.compress_size for member in archive.infolist()) > archive.fp.seek(0, os.SEEK_END):
        raise _LeftOut("Its files overlap: they would be unpacked again and again.")
    for member in archive.infolist():
        if member.flag_bits & 1:
            raise _LeftOut("It is encrypted.")
        if member.compress_type not in _BOUNDED:  # one piece may become gigabytes, and LZMA asks for as much as the file says
            raise _LeftOut("It holds files packed in a way whose unpacking has no bounds (not deflate).")
        with archive.open(member) as opened:
            while piece := opened.read(PIECE):
                budget.took(len(piece))


def _check_directory(file: IO[bytes]) -> None:
    """A ZIP whose list of files is of a size that can be read, as zipfile itself will find it: there are many ways to say it twice."""
    found = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if not found:
        raise _Damaged("It has no list of its files: it was cut off.")
    if found[_LISTED_BYTES] > MAX_DIRECTORY_BYTES:
        raise _LeftOut("Its list of files is too long to be looked at.")


def _dump(fd: int, budget: _Budget) -> None:
    """PostgreSQL's own format: its table of contents, by pg_restore, in a process that may take only so much."""
    tool = shutil.which("pg_restore")
    if tool is None:
        raise _LeftOut("There is no pg_restore on this machine.")
    os.lseek(fd, 0, os.SEEK_SET)
    seconds = max(1.0, budget.until - time.monotonic())
    command = [tool, "--list"]
    bare = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    with subprocess.Popen(command, stdin=fd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=bare) as run:
        resource.prlimit(run.pid, resource.RLIMIT_AS, (TOOL_MEMORY_BYTES, TOOL_MEMORY_BYTES))
        try:
            _, said = run.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            raise _LeftOut("There was no time to look at all of it.") from None
    if _TOOL_TOO_OLD in said:
        raise _LeftOut("It was made by a newer PostgreSQL than the pg_restore on this machine.")
    if run.returncode:
        raise _Damaged(f"pg_restore --list: {said[-200:].decode(errors='replace').strip()}")


_ZSTD_STEP: Final = 512
"""So many bytes unpack to 16 MiB of zeros at the most, which are let go at once."""
_one_zstd: Final = threading.Lock()
"""One at a time: each may need its window."""
_KINDS: Final[tuple[tuple[bytes, str, Callable[[int, _Budget], None]], ...]] = (
    (b"\x1f\x8b", "gzip", _gzip), (b"\x28\xb5\x2f\xfd", "zstd", _zstd), (b"PK\x03\x04", "zip", _zip), (b"PK\x05\x06", "zip", _zip),
    (b"PGDMP", "pg_dump", _dump),
)  # fmt: skip
_MAGIC: Final = tuple(magic for magic, _, _ in _KINDS)
