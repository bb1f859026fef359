"""The files on a meter's card: folders listed, files read, folders as ZIP archives, all as streams of bounded memory.

Blocking, for threads; ``in_thread`` is the way in from a loop. A meter is not trusted: names that lead elsewhere are left out.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from devices.drivers.base import Target
from devices.drivers.ftp import Ftp
from devices.drivers.nl43_zip import zipped
from devices.errors import Busy, DeviceError, FileProblem

T = TypeVar("T")
PATH_LENGTH, NAME_LENGTH, LINE_LENGTH = 500, 200, 500
ENTRIES: Final = 5000
"""Most entries of one folder; a meter begins a new one after 1000 files."""
THREADS: Final = 8
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENTRY: Final = re.compile(
    r"(?P<kind>[-d])[-rwxsStT]{9}[.+@]? +\d{1,6} +\S{1,64}(?: +\S{1,64})? +(?P<size>\d{1,15}) +(?P<month>[A-Za-z]{3}) +(?P<day>\d{1,2})"
    r" +(?:(?P<hour>\d{1,2}):(?P<minute>\d\d)|(?P<year>\d{4})) (?P<name>.{1,200})",
    re.A,
)
_free = threading.BoundedSemaphore(THREADS)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder. ``changed_at`` is as the meter's clock in its zone says, to the minute or to the day; None: unreadable."""

    name: str
    folder: bool
    size: int
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Download:
    """What comes: ``size`` in bytes where it is known beforehand. ``chunks`` raises FileProblem when it breaks off."""

    name: str
    kind: Literal["file", "zip"]
    size: int | None
    chunks: Iterator[bytes]


def checked(path: object) -> str:
    """``path`` in its plain form: absolute, no step up, nothing that a server could read as more than a path. Raises FileProblem."""
    if not isinstance(path, str) or len(path) > PATH_LENGTH or not path.startswith("/"):
        raise FileProblem("not_allowed", "write the path from the root of the meter's card, for example /NL-43/Auto_0001")
    parts = [part for part in path.split("/") if part]
    if not all(_is_name(part) for part in parts):
        raise FileProblem("not_allowed", "the path holds a part that is no name of a file or a folder")
    return "/" + "/".join(parts)


def entry(line: str, *, zone: str, near: datetime) -> Entry | None:
    """One line of a listing; None for what is no file and no folder, or has no proper name. A date without a year is the last such."""
    match = _ENTRY.fullmatch(line) if len(line) <= LINE_LENGTH else None
    if match is None or not _is_name(match["name"]):
        return None
    return Entry(match["name"], match["kind"] == "d", int(match["size"]), _changed(match, zone, near))


def listed(ftp: Ftp, path: str, *, zone: str, near: datetime) -> list[Entry]:
    """The folder ``path``, folders first, then by name. Raises FileProblem."""
    ftp.enter(checked(path))
    found = [each for line in ftp.listing() if (each := entry(line, zone=zone, near=near)) is not None]
    if len(found) > ENTRIES:
        raise FileProblem("not_allowed", f"the folder holds more than {ENTRIES} files; take the card out to read them")
    return sorted(found, key=lambda each: (not each.folder, each.name))


def opened(ftp: Ftp, path: str, *, zone: str, near: datetime) -> Download:
    """The file ``path``, or the folder as an archive. Raises FileProblem, also while it comes."""
    path = checked(path)
    folder, _, name = path.rpartition("/")
    if not name:
        return _archive(ftp, "/", "card", zone, near)
    found = next((each for each in listed(ftp, folder or "/", zone=zone, near=near) if each.name == name), None)
    if found is None:
        raise FileProblem("not_found", "the meter has no such file or folder")
    if found.folder:
        return _archive(ftp, path, name, zone, near)
    return Download(name, "file", found.size, ftp.retrieve(name))


def greet(ftp: Ftp) -> None:
    """See whether the FTP server answers. Raises FileProblem."""
    ftp.greet()
    ftp.close()


async def probe_ftp(target: Target) -> bool:
    """Whether the meter's FTP server shows its banner. Nothing is sent, and the control port is left alone. Raises nothing."""
    try:
        await in_thread(lambda: greet(Ftp(target)))
    except DeviceError:
        return False
    return True


async def in_thread(call: Callable[[], T]) -> T:
    """What ``call`` returns or raises, done in a thread of its own that keeps no process alive. Raises Busy when too many are at work."""
    if not _free.acquire(blocking=False):
        raise Busy("too many files are being fetched from meters; wait until some are done")
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def work() -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = call()
        except Exception as raised:
            error = raised
        finally:
            _free.release()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, done, result, error)

    threading.Thread(target=work, name="meter-files", daemon=True).start()
    return await done


def _settle(done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


def _archive(ftp: Ftp, path: str, name: str, zone: str, near: datetime) -> Download:
    def folder(where: str) -> list[tuple[str, bool, datetime | None]]:
        return [(each.name, each.folder, each.changed_at) for each in listed(ftp, where, zone=zone, near=near)]

    return Download(f"{name}.zip", "zip", None, zipped(path, folder, ftp.retrieve))


def _is_name(name: str) -> bool:
    """A name that is nothing but a name: no step up, no separator, no control character."""
    return bool(name) and len(name) <= NAME_LENGTH and name not in {".", ".."} and name.isprintable() and not set(name) & set('/\\:*?"<>|')


def _changed(match: re.Match[str], zone: str, near: datetime) -> datetime | None:
    here = near.astimezone(ZoneInfo(zone))
    try:
        month, day = _MONTHS.index(match["month"].lower()) + 1, int(match["day"])
        if match["year"]:
            return datetime(int(match["year"]), month, day, tzinfo=here.tzinfo)
        hour, minute = int(match["hour"]), int(match["minute"])
    except ValueError:
        return None
    for year in range(here.year + 1, here.year - 5, -1):  # five years back: a 29 February
        try:
            at = datetime(year, month, day, hour, minute, tzinfo=here.tzinfo)
        except ValueError:
            continue
        if at <= here + timedelta(days=1):  # the meter's clock may be ahead
            return at
    return None
