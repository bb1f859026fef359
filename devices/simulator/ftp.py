"""The FTP server of a simulated meter: active mode only, Unix style listings in the meter's local time, files to read and no more.

Written here because what makes a meter's FTP hard (no PASV, blanks in names, its own clock) is what a library would not do.
"""

import asyncio
import contextlib
import posixpath
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, cast

from devices.simulator.card import Card

if TYPE_CHECKING:
    from devices.simulator.meter import SimulatedMeter

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
RECENT: Final = timedelta(days=180)
CONNECT_SECONDS: Final = 10.0
LONGEST_LINE: Final = 4096
PORT_FIELDS, BYTE = 6, 256


@dataclass(frozen=True, slots=True)
class Account:
    """Who may log in; these are Rion's."""

    username: str = "USER"
    password: str = field(default="0000", repr=False)


def listing(card: Card, folder: str, now: datetime) -> str:
    """What LIST says about a folder at the meter's local time ``now``."""
    lines = []
    for path in card.children(folder):
        name, is_folder = posixpath.basename(path), path in card.folders
        size = 0 if is_folder else len(card.files[path].content)
        at = card.folders[path] if is_folder else card.files[path].changed_at
        when = f"{at:%H:%M}" if abs(now - at) < RECENT else f" {at:%Y}"
        rights = "drwxrwxrwx" if is_folder else "-rw-rw-rw-"
        lines.append(f"{rights}   1 owner    group {size:12d} {MONTHS[at.month - 1]} {at.day:2d} {when} {name}\r\n")
    return "".join(lines)


class FtpSession(asyncio.Protocol):
    """One control connection."""

    where: str = "/"
    """The folder it is in."""

    def __init__(self, meter: "SimulatedMeter") -> None:
        self._meter = meter
        self._card = meter.instrument.card
        self._buffer = b""
        self._user = ""
        self._in = False
        self._data: tuple[str, int] | None = None
        self._transfer: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.transport = cast("asyncio.Transport", transport)
        self._meter.ftp_sessions.add(self)
        self._say("220 NL-43 FTP server ready.")

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget it, and what it was reading."""
        self._meter.ftp_sessions.discard(self)
        if self._transfer:
            self._transfer.cancel()

    def close(self) -> None:
        """End it at once."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take whole lines."""
        self._buffer = (self._buffer + data)[-LONGEST_LINE:]
        while b"\r\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            self._take(line.decode("utf-8", "replace"))

    def _say(self, text: str) -> None:
        self.transport.write(text.encode() + b"\r\n")

    def _take(self, line: str) -> None:
        word, _, argument = line.partition(" ")
        word = word.upper()
        if word not in _OPEN and not self._in:
            self._say("530 Not logged in.")
        elif word in _COMMANDS:
            _COMMANDS[word](self, argument)
        else:
            self._say("502 Command not implemented.")

    # --- log in and look around ---
    def _username(self, argument: str) -> None:
        self._user, self._in = argument, False
        self._say("331 Password required.")

    def _password(self, argument: str) -> None:
        account = self._meter.account
        self._in = (self._user, argument) == (account.username, account.password)
        self._say("230 User logged in." if self._in else "530 Login incorrect.")

    def _quit(self, _argument: str) -> None:
        self._say("221 Goodbye.")
        self.transport.close()

    def _folder(self, argument: str) -> None:
        path = self._path(argument)
        if not self._card.is_folder(path):
            self._say("550 No such directory.")
            return
        self.where = path
        self._say("250 Directory changed.")

    def _size(self, argument: str) -> None:
        file = self._card.files.get(self._path(argument))
        self._say(f"213 {len(file.content)}" if file else "550 No such file.")

    def _path(self, argument: str) -> str:
        return "/" + posixpath.normpath(posixpath.join(self.where, argument or ".")).strip("/")

    # --- transfers ---
    def _port(self, argument: str) -> None:
        fields = argument.split(",")
        if len(fields) != PORT_FIELDS or not all(each.strip().isdigit() and int(each) < BYTE for each in fields):
            self._say("501 Syntax error in parameters.")
            return
        host, port = ".".join(each.strip() for each in fields[:4]), int(fields[4]) * BYTE + int(fields[5])
        self._aim(host, port)

    def _aim(self, host: str, port: int) -> None:
        """Only the client itself may be sent to."""
        if host != self.transport.get_extra_info("peername")[0]:
            self._say("500 Illegal PORT command.")
            return
        self._data = (host, port)
        self._say("200 PORT command successful.")

    def _list(self, argument: str) -> None:
        path = self._path("" if argument.startswith("-") else argument)
        if not self._card.is_folder(path):
            self._say("550 No such directory.")
            return
        self._send(lambda: listing(self._card, path, self._meter.instrument.local(time.time())).encode())

    def _names(self, argument: str) -> None:
        names = "".join(posixpath.basename(path) + "\r\n" for path in self._card.children(self._path(argument)))
        self._send(names.encode)

    def _retrieve(self, argument: str) -> None:
        file = self._card.files.get(self._path(argument))
        if file is None:
            self._say("550 No such file.")
            return
        self._send(lambda: file.content)

    def _send(self, content: Callable[[], bytes]) -> None:
        if self._data is None:
            self._say("425 Use PORT first.")
            return
        where, self._data = self._data, None
        self._say("150 Opening data connection.")
        self._transfer = asyncio.get_running_loop().create_task(self._deliver(where, content))
        self._meter.transfers.add(self._transfer)
        self._transfer.add_done_callback(self._meter.transfers.discard)

    async def _deliver(self, where: tuple[str, int], content: Callable[[], bytes]) -> None:
        """Connect to the client and send. Contents are written in a thread: an hour of levels takes a while."""
        try:
            data = await asyncio.to_thread(content)
            async with asyncio.timeout(CONNECT_SECONDS):
                _reader, writer = await asyncio.open_connection(*where)
        except OSError:
            self._say("425 Cannot open data connection.")
            return
        try:
            await self._pour(writer, data)
        except OSError:
            self._say("426 Connection closed; transfer aborted.")
            return
        except asyncio.CancelledError:
            writer.transport.abort()  # or it would wait for the client to take what it will never take
            raise
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self._say("226 Transfer complete.")

    async def _pour(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if self._meter.ftp_stalls:
            writer.write(data[: len(data) // 2])
            await asyncio.Event().wait()
        writer.write(data)
        await writer.drain()


_OPEN: Final = frozenset({"USER", "PASS", "QUIT", "NOOP", "SYST"})
_COMMANDS: Final[dict[str, Callable[[FtpSession, str], None]]] = {
    "USER": FtpSession._username,
    "PASS": FtpSession._password,
    "QUIT": FtpSession._quit,
    "NOOP": lambda session, _argument: session._say("200 OK."),
    "SYST": lambda session, _argument: session._say("215 UNIX Type: L8"),
    "TYPE": lambda session, _argument: session._say("200 Type set."),
    "PWD": lambda session, _argument: session._say(f'257 "{session.where}" is the current directory.'),
    "CWD": FtpSession._folder,
    "CDUP": lambda session, _argument: session._folder(".."),
    "SIZE": FtpSession._size,
    "PORT": FtpSession._port,
    "LIST": FtpSession._list,
    "NLST": FtpSession._names,
    "RETR": FtpSession._retrieve,
}
