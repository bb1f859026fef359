"""The agents' folders: which reports lie there, read and not judged, and where they go when they are done with.

``<deposit>/<AGENT>/log/*.json`` are reports and ``<deposit>/<AGENT>/databases/`` (or ``database/``) the files they are about. Whose
folder it is, is who reports: what a report says about that must agree. Reports that come by REST lie in ``<deposit>/.rest/<agent>/``,
where no agent can write.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from backups import reports
from backups.enums import ReportedBy
from backups.reports import Report, UnreadableReportError
from backups.storage import Folder, RefusedError, take_away, walked
from sentinel_site.lib import stored_paths

REST: Final = ".rest"
LOG: Final = "log"
FILES: Final = ("databases", "database")
ARCHIVE: Final = "_archive"
ENDINGS: Final = (".json", ".jsonc")
QUIET: Final = timedelta(minutes=2)
"""What was written less long ago may be on its way still: it is not judged to be bad."""
AHEAD: Final = timedelta(days=1)
"""An agent's clock, or a zone that was set wrongly, may be ahead by so much."""
PIECE: Final = 64 * 1024
MOST_REPORTS: Final = 500
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one agent in one scan; the rest waits for the next."""
Place = tuple[str, str]
"""A folder of reports: the names that lead to it."""


@dataclass(slots=True, eq=False)
class Found:
    """One report as it lies there. Either ``report`` is there, until it is paired with its jobs, or ``fault`` says why it cannot be used.

    ``folder`` is the agent's, for its files; empty: it has none.
    """

    agent: str
    folder: str
    place: tuple[str, ...]
    name: str
    by: ReportedBy
    before: os.stat_result
    key: str = ""
    report: Report | None = None
    fault: str = ""


def places(deposit: Folder) -> dict[str, list[Place]]:
    """Where reports may lie, by whose places they are (`key`): the folder of an agent, and that of its reports by REST."""
    found: dict[str, list[Place]] = {}
    for name, is_folder in sorted(deposit.entries()):
        if is_folder and not name.startswith("."):
            found.setdefault(key(name), []).append((name, LOG))
    with suppress(FileNotFoundError, RefusedError), deposit.folder(REST) as rest:
        for name, is_folder in sorted(rest.entries()):
            if is_folder:
                found.setdefault(name, []).append((REST, name))
    return found


def agents(places: Iterable[Place]) -> dict[str, str]:
    """The agents' folders, by their names in small letters. Of two that differ in nothing else the last one counts for files."""
    return {name.casefold(): name for name, log in places if name != REST}


def collect(
    deposit: Folder, places: Sequence[Place], *, at: datetime, refused: Callable[[Place], None] | None = None
) -> Iterator[Found]:  # fmt: skip
    """Every report that lies in these places and is whole, one at a time; all ``places`` of an agent belong together.

    An agent that keeps Sentinel out of its folder stops nobody else: ``refused`` is told the place. Raises OSError when the disk cannot
    be read, or this machine is short of something.
    """
    known = agents(places)
    for place in places:
        try:
            yield from _listed(deposit, place, known if place[0] == REST else {place[0].casefold(): place[0]}, at=at)
        except PermissionError:
            if refused is not None:
                refused(place)


def are_many(deposit: Folder, places: Iterable[Place], *, reports: int) -> bool:
    """Whether there may be so many reports in these places, or more."""
    found = 0
    for place in places:
        with suppress(OSError, RefusedError), walked(deposit, place) as log, os.scandir(log.fd) as entries:
            found += sum(1 for each in entries if each.name.lower().endswith(ENDINGS))
        if found >= reports:
            return True
    return False


def key(agent: str) -> str:
    """What all folders of one agent have in common: its own, however its letters are written, and that of its reports by REST."""
    return stored_paths.short(stored_paths.safe(agent.casefold()))


def _reports(log: Folder) -> list[str]:
    return [name for name in log.names() if name.lower().endswith(ENDINGS) and not name.startswith(".")][:MOST_REPORTS]


@contextmanager
def files(deposit: Folder, folder: str) -> Iterator[list[Folder]]:
    """The folders in which an agent stages its files; none when there is none. Raises OSError when one of them cannot be opened."""
    found: list[Folder] = []
    with ExitStack() as opened:
        with suppress(FileNotFoundError, RefusedError), walked(deposit, [folder or "."]) as own:
            for name in FILES:
                with suppress(FileNotFoundError, RefusedError):
                    found.append(opened.enter_context(own.folder(name)))
        yield found


def archive(deposit: Folder, found: Found) -> bool:
    """Put a report that is done with into its archive. False: it was written or replaced since it was read, and is read again.

    Raises RefusedError and OSError when it cannot be moved.
    """
    with walked(deposit, found.place) as folder, folder.folder(ARCHIVE, make=True) as kept:
        try:
            return take_away(folder, found.name, found.before, kept)
        except FileNotFoundError:
            return True


def is_moving(status: os.stat_result, *, at: datetime) -> bool:
    """Whether a file was written so shortly before ``at`` that more may come. No agent can set this time back."""
    return status.st_ctime > (at - QUIET).timestamp()


def _listed(deposit: Folder, place: Place, folders: Mapping[str, str], *, at: datetime) -> Iterator[Found]:
    """The reports in one folder, the oldest names first."""
    size = 0
    try:
        with walked(deposit, place) as log:
            for name in _reports(log):
                with suppress(FileNotFoundError, BlockingIOError):  # it is gone, or its agent writes it and holds it locked
                    found = _read(log, place, name, folders, at=at)
                    if found:
                        yield found
                        size += found.before.st_size
                if size > MOST_BYTES:
                    return
    except (FileNotFoundError, RefusedError):
        return


def _read(log: Folder, place: Place, name: str, folders: Mapping[str, str], *, at: datetime) -> Found | None:
    """The report ``name``; None when it may still be on its way."""
    by = ReportedBy.REST if place[0] == REST else ReportedBy.AGENT
    before = os.stat(name, dir_fd=log.fd, follow_symlinks=False)
    own, key = place[1] if by == ReportedBy.REST else place[0], ""
    try:
        before, body = _bytes(log, name)
        key = report_key(own, body)
        report = reports.read(body, name=name)
        fault = _fault(report, own, by, at=at)
    except UnreadableReportError as error:
        if is_moving(before, at=at):
            return None
        report, fault = None, str(error)
    except (RefusedError, PermissionError) as error:
        report, fault = None, str(error) if isinstance(error, RefusedError) else "Sentinel's user may not read it."
    agent = report.agent if report and by == ReportedBy.REST else own
    key = report_key(agent, body) if report and agent != own else key
    return Found(agent, folders.get(agent.casefold(), ""), place, name, by, before, key, None if fault else report, fault)


def body(deposit: Folder, found: Found) -> bytes:
    """What the report says, once more; nothing when it could not be read. Raises RefusedError and OSError."""
    if not found.key:
        return b""
    with walked(deposit, found.place) as log:
        return _bytes(log, found.name)[1]


def report_key(agent: str, body: bytes) -> str:
    """The identity of a report: whose it is, and what it says."""
    return f"{agent.casefold()[:40]}:{hashlib.sha256(body).hexdigest()}"


def _bytes(log: Folder, name: str) -> tuple[os.stat_result, bytes]:
    fd = log.file(name)
    try:
        before = os.fstat(fd)
        if before.st_size > reports.MAX_BYTES:
            raise RefusedError(f"It is larger than {reports.MAX_BYTES} bytes.")
        body = piece = os.read(fd, before.st_size + 1)
        while piece and len(body) <= reports.MAX_BYTES:  # until its end, although a folder of another machine may give less at once
            piece = os.read(fd, PIECE)
            body += piece
        return before, body
    finally:
        os.close(fd)


def _fault(report: Report, folder: str, by: ReportedBy, *, at: datetime) -> str:
    """Why a report that can be read is not used."""
    if by == ReportedBy.AGENT and not _same_agent(folder, report.agent):
        return f"It says that it comes from “{report.agent}”, and lies in the folder of “{folder}”."
    if reports.aware(report.ended_at, at.tzinfo) > at + AHEAD:
        return f"It ended in the future ({report.ended_at:%Y-%m-%d %H:%M}). Set the agent's clock."
    return ""


def _same_agent(folder: str, said: str) -> bool:
    """Letters may differ in case; some agents have a part more here than there (COMPANY_CITY_NEIGHBORHOOD_x)."""
    one, other = sorted((folder.casefold(), said.casefold()), key=len)
    return one == other or (other.startswith(f"{one}_") and "_" in one and "_" not in other[len(one) + 1 :])


def root(path: Path, *, make: bool = True) -> Folder:
    """One of our places, opened, and made when it is not there. Raises OSError."""
    return Folder.root(path, make=make)
