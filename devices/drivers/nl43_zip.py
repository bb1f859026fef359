"""A folder of the meter's card as a ZIP archive that is made while it is sent: nothing is kept but its table of contents."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from devices.errors import FileProblem

DEPTH, FILES, BYTES = 8, 20_000, 16 * 1024**3
EARLIEST: Final = 1980
"""The first year that an archive can name."""
MISSING: Final = "not-fetched.txt"
Listing = Callable[[str], Sequence[tuple[str, bool, datetime | None]]]
"""Path → (name, is a folder, changed at), raising FileProblem; the session is in that folder afterwards."""


class Sink:
    """A file that can be written only; ``take`` gives what was written since it was last called."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Part of a file."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Part of a file."""

    def take(self) -> bytes:
        """What was written since."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def zipped(path: str, listing: Listing, retrieve: Callable[[str], Iterator[bytes]], *, most: int = FILES) -> Iterator[bytes]:
    """The folder ``path`` with all below it. A file that cannot be read is named in not-fetched.txt within.

    Raises FileProblem when the folder cannot be listed, is too big, or the meter is gone.
    """
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo  # noqa: PLC0415 (a megabyte that the monitor needs seldom)

    sink, missing, files, total = Sink(), [], 0, 0
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=1) as archive:  # type: ignore[call-overload]
        for name, changed_at in _below(path, listing):
            files += 1
            if files > most:
                raise FileProblem("not_allowed", f"the folder holds more than {most} files and folders; fetch its folders one by one")
            if name.endswith("/"):
                archive.writestr(ZipInfo(name), b"")
                continue
            info = ZipInfo(name, _date(changed_at))
            info.compress_type = ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as into:
                try:
                    for chunk in retrieve(name.rpartition("/")[2]):
                        total += len(chunk)
                        if total > BYTES:
                            raise FileProblem("not_allowed", "the folder is too big for one archive; fetch its folders one by one")
                        into.write(chunk)
                        yield sink.take()
                except FileProblem as problem:
                    if problem.code != "not_found":
                        raise
                    missing.append(name)
            yield sink.take()
        if missing:
            archive.writestr(MISSING, "The meter refused to give these files; they may be in use:\r\n" + "\r\n".join(missing) + "\r\n")
    yield sink.take()


def _below(path: str, listing: Listing) -> Iterator[tuple[str, datetime | None]]:
    """Names below ``path``, folders with a / at their end. The session stands in a file's folder when its name is given."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        if folder.count("/") > DEPTH:
            raise FileProblem("not_allowed", "the folders are nested too deep; fetch them one by one")
        found = listing(f"{path.rstrip('/')}/{folder}".rstrip("/") or "/")
        if folder:
            yield folder, None
        yield from ((folder + name, changed_at) for name, is_folder, changed_at in found if not is_folder)
        waiting += [f"{folder}{name}/" for name, is_folder, _ in reversed(found) if is_folder]
        if len(waiting) > FILES:
            raise FileProblem("not_allowed", f"there are more than {FILES} folders; fetch them one by one")


def _date(at: datetime | None) -> tuple[int, int, int, int, int, int]:
    if at is None or at.year < EARLIEST:
        return EARLIEST, 1, 1, 0, 0, 0
    return at.year, at.month, at.day, at.hour, at.minute, at.second
