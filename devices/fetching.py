"""Files of a device for a caller: a folder's list, or a stream that is cut off where it breaks, never passed off as the whole."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from django.contrib.auth.models import User
from django.db import connection
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from devices import asking, transfers
from devices.errors import BadArguments, Busy, FileProblem, NotWatched
from devices.models import Device
from devices.transfers import Incoming
from sentinel_site.lib import problems
from sentinel_site.lib.problems import Problem

WAITING: Final = 16
"""So many callers of one process may wait for a device's files to begin; each takes a thread."""
TYPES: Final = {"zip": "application/zip", "file": "application/octet-stream"}
_places = threading.BoundedSemaphore(WAITING)
T = TypeVar("T")


def listing(device: Device, path: str, *, by: User, at: datetime) -> dict[str, Any]:
    """The folder ``path`` of the device, folders first. Raises a Problem: 404, 409, 422, 502 or 503."""
    with _problems():
        asking.require_monitor(at=at)
        return {"path": path, "entries": _waited(lambda: transfers.listing(device, path, by=by, at=at))}


def download(device: Device, path: str, *, by: User, at: datetime) -> StreamingHttpResponse:
    """The file ``path`` of the device, or the folder as an archive, as it comes. Raises the same Problems until it begins."""
    with _problems():
        asking.require_monitor(at=at)
        incoming = _waited(lambda: transfers.begin(device, path, by=by, at=at))
    _release()  # it may take an hour, and needs no database any more
    response = StreamingHttpResponse(_whole(incoming), content_type=TYPES[incoming.kind])
    name = f"{incoming.name}.zip" if incoming.kind == "zip" and not incoming.name.endswith(".zip") else incoming.name
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    if incoming.size is not None:
        response["Content-Length"] = str(incoming.size)
    return response


async def _whole(incoming: Incoming) -> AsyncIterator[bytes]:
    """Exactly as many bytes as were announced: a file that grows meanwhile is cut there, one that ends early is an error."""
    left = incoming.size
    try:
        async for chunk in incoming.chunks:
            piece = chunk if left is None else chunk[:left]
            left = None if left is None else left - len(piece)
            if piece:
                yield piece
        if left:
            raise FileProblem("unreachable", "the file ended early")
    finally:
        await incoming.chunks.aclose()  # type: ignore[attr-defined]  # it is a generator


def _waited(call: Callable[[], T]) -> T:
    if not _places.acquire(blocking=False):
        raise Busy(_("Too many files are being waited for. Try again in a moment."))
    try:
        return call()
    finally:
        _places.release()


def _release() -> None:
    if not connection.in_atomic_block:
        connection.close()


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except BadArguments as error:
        raise problems.invalid([(("query", name), text) for name, text in error.errors]) from None
    except (Busy, NotWatched) as error:
        raise Problem(409, str(error), code="busy" if isinstance(error, Busy) else "not_watched") from None
    except FileProblem as error:
        raise Problem(404 if error.code == "not_found" else 502, str(error), code=error.code) from None
