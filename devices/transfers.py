"""Files from a device to a web process: the monitor, which alone talks to devices, puts them piece by piece into a short list in Redis.

The list is bounded: the monitor waits for the reader, and so does the meter. Either end may die: the other gives up after a while,
and what is left in Redis expires. A reader that goes away says so. The command's row is the record of who fetched what.
"""

import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import uuid4

import redis
import redis.asyncio
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from devices import commands
from devices.commands import Outcome
from devices.drivers import Target
from devices.drivers import nl43_files as files
from devices.drivers.ftp import Ftp
from devices.enums import COMMAND_OPEN, CommandStatus
from devices.errors import Busy, DeviceError, FileProblem
from devices.models import Device, DeviceCommand
from devices.progress import Note

PIECE_BYTES: Final = 64 * 1024
HELD_PIECES: Final = 16
"""So many pieces lie in Redis at most: a megabyte per transfer."""
LISTING_BYTES: Final = 4 * 1024 * 1024
ROOM_SECONDS: Final = 0.03
READER_SECONDS: Final = 30.0
"""How long the monitor waits for a reader that takes nothing, before it gives up."""
WRITER_SECONDS: Final = 90.0
"""How long a reader waits for the next piece: the meter may be listing a folder of thousands of files."""
EXPIRE_SECONDS: Final = 120
_HEAD, _DATA, _END, _FAILURE = b"H", b"D", b"Z", b"E"
_busy: set[str] = set()
"""Slugs of devices whose FTP is in use by this process; a meter serves one session well, and not two."""


@dataclass(slots=True)
class Incoming:
    """What comes: ``name`` for the reader's disk, ``kind`` file or zip, ``size`` in bytes where it is known.

    ``chunks`` is to be closed (``aclose``) by whoever does not read it to its end. It raises FileProblem when it breaks off; what
    came until then is not the whole.
    """

    name: str
    kind: str
    size: int | None
    chunks: AsyncIterator[bytes] = field(repr=False)


# --- The web's side ---------------------------------------------------------------------------------------------------


def listing(device: Device, path: str, *, by: User | None, at: datetime) -> list[dict[str, Any]]:
    """The folder ``path`` of the device: dicts with name, folder, size, changed_at (ISO, or None). Blocks until it is there.

    Raises FileProblem, Busy, NotWatched, BadArguments.
    """
    with _client() as client:
        key, _ = _asked(client, device, "list_files", path, by=by, at=at)
        found = b""
        for piece in _pieces(client, key):
            found += piece
            if len(found) > LISTING_BYTES:
                raise FileProblem("not_allowed", "the folder is too big to be listed")
    return cast("list[dict[str, Any]]", json.loads(found))


def begin(device: Device, path: str, *, by: User | None, at: datetime) -> Incoming:
    """The file ``path`` of the device, or the folder as a ZIP archive, as soon as it begins to come. Blocks until then; raises the same."""
    with _client() as client:
        key, head = _asked(client, device, "send_file", path, by=by, at=at)
    return Incoming(head["name"], head["kind"], head["size"], _stream(key))


def _asked(client: "redis.Redis", device: Device, command: str, path: str, *, by: User | None, at: datetime) -> tuple[str, dict[str, Any]]:
    """Give the command and wait for the head of what comes."""
    transfer = uuid4().hex
    row = commands.ask(device, command, {"path": path, "transfer": transfer}, by=by, at=at)
    key = _key(transfer)
    while True:
        raw = cast("tuple[bytes, bytes] | None", client.blpop([key], timeout=1))
        if raw is not None:
            return key, json.loads(_expected(raw[1], _HEAD))
        row = commands.wait(row.pk, 0)
        if row.status not in COMMAND_OPEN and not client.exists(key):
            raise _why(row)


def _why(row: DeviceCommand) -> DeviceError:
    text = row.error or "the monitor gave no reason"
    if row.code == "busy":
        return Busy(_(text))
    known = row.code if row.code in {"not_found", "not_allowed", "off"} else "unreachable"
    return FileProblem(known, text)  # type: ignore[arg-type]


def _pieces(client: "redis.Redis", key: str) -> Iterator[bytes]:
    while True:
        raw = cast("tuple[bytes, bytes] | None", client.blpop([key], timeout=WRITER_SECONDS))
        if raw is None:
            raise FileProblem("unreachable", "the monitor stopped sending the file")
        if raw[1][:1] == _END:
            return
        yield _expected(raw[1], _DATA)


async def _stream(key: str) -> AsyncIterator[bytes]:
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=WRITER_SECONDS + 5)
    try:
        while True:
            raw = await cast("Awaitable[Any]", client.blpop([key], timeout=WRITER_SECONDS))
            if raw is None:
                raise FileProblem("unreachable", "the monitor stopped sending the file")
            if raw[1][:1] == _END:
                return
            yield _expected(raw[1], _DATA)
    except redis.RedisError as error:
        raise FileProblem("unreachable", f"Redis does not answer ({type(error).__name__})") from None
    finally:
        with suppress(redis.RedisError):
            await client.set(_gone(key), 1, ex=EXPIRE_SECONDS)
            await client.delete(key)
        await client.aclose()


def _expected(raw: bytes, kind: bytes) -> bytes:
    if raw[:1] == kind:
        return raw[1:]
    if raw[:1] == _FAILURE:
        told = json.loads(raw[1:])
        raise FileProblem(told["code"], told["text"])
    raise FileProblem("unreachable", "the monitor sent something else than a file")


# --- The monitor's side -----------------------------------------------------------------------------------------------


async def perform(command: str, arguments: Mapping[str, Any], place: Callable[[], Awaitable[Target]]) -> Outcome:
    """Do a command about files (drivers.FILE_COMMANDS), in a thread; it may take an hour, and the device is polled meanwhile.

    ``place`` is the driver's. Raises no DeviceError. Cancelled, the session ends and the reader is told so.
    """
    try:
        target = await place()
        if target.slug in _busy:
            raise Busy(gettext_noop("files of this device are being fetched already; wait until that is done"))
        _busy.add(target.slug)
        ftp, stop = Ftp(target), threading.Event()
        try:
            return Outcome(CommandStatus.DONE, await files.in_thread(lambda: _serve(ftp, target, command, arguments, stop)))
        finally:
            stop.set()
            _busy.discard(target.slug)
            ftp.close()
    except FileProblem as problem:
        return Outcome(CommandStatus.FAILED, code=problem.code, error=str(problem))
    except Busy as busy:
        return Outcome(CommandStatus.FAILED, code="busy", error=str(busy))
    except DeviceError as error:
        return Outcome(CommandStatus.FAILED, error=str(error))


def _serve(ftp: Ftp, target: Target, command: str, arguments: Mapping[str, Any], stop: threading.Event) -> dict[str, Any]:
    with _client() as client:
        note = Note(client, target.slug, arguments["path"], told=command == "send_file")
        outgoing = Outgoing(client, _key(arguments["transfer"]), stop, note)
        try:
            sent = _send(ftp, target, command, arguments["path"], outgoing)
            outgoing.end()
        except DeviceError as error:
            outgoing.fail(error)
            raise
        except redis.RedisError as error:
            raise FileProblem("unreachable", f"Redis does not answer ({type(error).__name__})") from None
        except Exception:
            outgoing.fail(FileProblem("unreachable", "the monitor failed while it sent the file; see its log"))
            raise
    return sent


def _send(ftp: Ftp, target: Target, command: str, path: str, outgoing: "Outgoing") -> dict[str, Any]:
    near = datetime.now(UTC)
    with ftp:
        if command == "list_files":
            found = files.listed(ftp, path, zone=target.time_zone, near=near)
            outgoing.head({})
            outgoing.data([json.dumps([_describe(each) for each in found]).encode()])
            return {"path": path, "entries": len(found)}
        download = files.opened(ftp, path, zone=target.time_zone, near=near)
        pieces = _in_pieces(download.chunks)
        first = next(pieces, b"")  # before the head: a file that is refused is refused, and not an empty one
        outgoing.head({"name": download.name, "kind": download.kind, "size": download.size}, download.size)
        count = outgoing.data([first] if first else []) + outgoing.data(pieces)
    return {"path": path, "kind": download.kind, "bytes": count}


def _describe(entry: files.Entry) -> dict[str, Any]:
    at = entry.changed_at
    return {"name": entry.name, "folder": entry.folder, "size": entry.size, "changed_at": at.isoformat() if at else None}


def _in_pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
    if held:
        yield bytes(held)


class Outgoing:
    """The writing end of one transfer. It gives up when ``stop`` is set."""

    def __init__(self, client: "redis.Redis", key: str, stop: threading.Event, note: Note) -> None:
        self._client, self._key, self._stop, self._note = client, key, stop, note

    def head(self, head: Mapping[str, Any], size: int | None = None) -> None:
        """Say what comes, ``size`` bytes as far as that is known."""
        self._push(_HEAD + json.dumps(head).encode())
        self._note.sending(size)

    def data(self, pieces: "Iterator[bytes] | list[bytes]") -> int:
        """Send ``pieces``, each when there is room for it; returns the bytes. Raises FileProblem when nobody takes them."""
        count = 0
        for piece in pieces:
            self._await_room()
            self._push(_DATA + piece)
            count += len(piece)
            self._note.moved(len(piece))
        return count

    def end(self) -> None:
        """That was all."""
        self._push(_END)
        self._note.ended()

    def fail(self, error: DeviceError) -> None:
        """It breaks off. Tells the reader if it can."""
        self._note.ended(str(error))
        code = error.code if isinstance(error, FileProblem) else "unreachable"
        with suppress(redis.RedisError):
            if not self._client.exists(_gone(self._key)):
                self._push(_FAILURE + json.dumps({"code": code, "text": str(error)}).encode())

    def _push(self, raw: bytes) -> None:
        with self._client.pipeline(transaction=True) as pipe:
            pipe.rpush(self._key, raw)
            pipe.expire(self._key, EXPIRE_SECONDS)
            pipe.execute()

    def _await_room(self) -> None:
        until = time.monotonic() + READER_SECONDS
        while True:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.exists(_gone(self._key))
                pipe.llen(self._key)
                gone, held = pipe.execute()
            if gone or time.monotonic() > until:
                self._client.delete(self._key)
                raise FileProblem("unreachable", "nobody takes the file any more")
            if held < HELD_PIECES:
                return
            if self._stop.wait(ROOM_SECONDS):
                raise FileProblem("unreachable", "the monitor stopped before the file was sent")


def _client() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=WRITER_SECONDS + 5)


def _key(transfer: str) -> str:
    return f"sentinel:transfer:{transfer}"


def _gone(key: str) -> str:
    return f"{key}:gone"
