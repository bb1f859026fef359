"""A small FTP client for meters: active mode only, every wait and every size bounded, and the data taken from the meter alone.

Blocking; for threads. The standard library's client waits without end for a server that drips, keeps answers of any length,
and takes data from whoever connects first.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from devices import addresses
from devices.drivers.base import Target
from devices.errors import FileProblem, Unreachable

LINE_BYTES: Final = 2048
REPLY_LINES: Final = 100
CHUNK_BYTES: Final = 64 * 1024
LIST_BYTES: Final = 2 * 1024 * 1024
ENCODING: Final = "latin-1"
"""Each byte is a character, so that a name goes back as it came."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the meter may take, in seconds."""

    connect: float = 5.0
    reply: float = 10.0
    data: float = 15.0
    """Until the data connection is there, and between two pieces of data."""
    listing: float = 60.0
    transfer: float = 3600.0
    """One file, from its first byte to its last."""


class Ftp:
    """One session: ``with Ftp(target) as ftp``. Raises FileProblem, and NotAllowed for a forbidden address."""

    def __init__(self, target: Target, *, patience: Patience | None = None) -> None:
        self._target, self._patience = target, patience or Patience()
        self._sock: socket.socket | None = None
        self._buffer = b""
        self._kind = ""

    def __enter__(self) -> Self:
        self.greet()
        try:
            self._log_in()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            with suppress(OSError, FileProblem):  # it is over anyway
                self._connected().settimeout(1.0)
                self._connected().sendall(b"QUIT\r\n")
        self.close()

    def close(self) -> None:
        """End the session, also from another thread: what waits in it fails."""
        sock, self._sock = self._sock, None
        if sock is not None:
            with suppress(OSError):  # not connected any more
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def greet(self) -> None:
        """Connect and hear the server's banner. Nothing else is sent."""
        try:
            self._sock = addresses.dial_blocking(self._target.host, self._target.ftp_port, seconds=self._patience.connect)
        except Unreachable as error:
            if error.refused:
                raise FileProblem("off", "FTP is off: switch it on with the command ftp_enable; it takes up to 30 seconds") from None
            raise FileProblem("unreachable", str(error)) from None
        try:
            code, text = self._reply()
        except BaseException:
            self.close()
            raise
        if code != "220":
            self.close()
            raise FileProblem("unreachable", f"the meter's FTP server is not ready ({text[:80]})")

    def enter(self, path: str) -> None:
        """Go into the folder ``path``, an absolute one."""
        self._expect(f"CWD {path}", "2")

    def listing(self) -> list[str]:
        """The lines about the present folder."""
        found = bytearray()
        for chunk in self._transfer("LIST", self._patience.listing, kind="A"):
            found += chunk
            if len(found) > LIST_BYTES:
                raise FileProblem("not_allowed", "the folder is too big to be listed")
        return found.decode(ENCODING).splitlines()

    def retrieve(self, name: str) -> Iterator[bytes]:
        """The content of the file ``name`` of the present folder, in pieces."""
        return self._transfer(f"RETR {name}", self._patience.transfer, kind="I")

    def _log_in(self) -> None:
        code, _ = self._ask(f"USER {self._target.username}")
        if code.startswith("3"):
            code, _ = self._ask(f"PASS {self._target.password}")
        if not code.startswith("2"):
            raise FileProblem("not_allowed", "the meter refuses the user name or the password; correct them at the device")

    def _transfer(self, command: str, seconds: float, *, kind: str) -> Iterator[bytes]:
        """What ``command`` sends, as text (A) or as it is (I)."""
        if kind != self._kind:
            self._expect(f"TYPE {kind}", "2")
            self._kind = kind
        until = time.monotonic() + seconds
        with self._listen() as listener:
            self._expect(command, "1")
            with self._accept(listener) as data:
                yield from self._pieces(data, until)
        code, text = self._reply()
        if not code.startswith("2"):
            raise FileProblem("unreachable", f"the meter broke the transfer off ({text[:80]})")

    def _listen(self) -> socket.socket:
        control = self._connected()
        here = control.getsockname()[0]
        listener = socket.create_server((here, 0), family=control.family, backlog=1)
        try:
            port = listener.getsockname()[1]
            if control.family == socket.AF_INET6:
                self._expect(f"EPRT |2|{here.partition('%')[0]}|{port}|", "2")
            else:
                self._expect(f"PORT {here.replace('.', ',')},{port >> 8},{port & 255}", "2")
        except BaseException:
            listener.close()
            raise
        return listener

    def _accept(self, listener: socket.socket) -> socket.socket:
        """The connection that the meter opens; anybody else's is closed."""
        until, meter = time.monotonic() + self._patience.data, self._connected().getpeername()[0]
        while (left := until - time.monotonic()) > 0:
            listener.settimeout(left)
            try:
                data, peer = listener.accept()
            except OSError:
                break
            if peer[0] == meter:
                return data
            data.close()
        raise FileProblem("unreachable", "the meter opened no connection for the data: it must be able to reach this machine (active FTP)")

    def _pieces(self, data: socket.socket, until: float) -> Iterator[bytes]:
        while (left := until - time.monotonic()) > 0:
            data.settimeout(min(self._patience.data, left))
            try:
                chunk = data.recv(CHUNK_BYTES)
            except OSError:
                if time.monotonic() >= until:
                    break
                raise FileProblem("unreachable", "the meter stopped sending in the middle of a file") from None
            if not chunk:
                return
            yield chunk
        raise FileProblem("unreachable", "the meter sends too slowly")

    def _expect(self, command: str, kind: str) -> None:
        code, text = self._ask(command)
        if code.startswith(kind):
            return
        if code == "530":
            raise FileProblem("not_allowed", "the meter refuses the user name or the password; correct them at the device")
        if code in {"425", "426"}:
            raise FileProblem("unreachable", "the meter cannot open a connection to this machine for the data (active FTP)")
        if code == "550":
            raise FileProblem("not_found", "the meter has no such file or folder")
        raise FileProblem("unreachable", f"the meter's FTP server refuses ({text[:80]})")

    def _ask(self, command: str) -> tuple[str, str]:
        if any(char in command for char in "\r\n\0"):
            raise FileProblem("not_allowed", "names hold no line ends")
        try:
            raw = f"{command}\r\n".encode(ENCODING)
            sock = self._connected()
            sock.settimeout(self._patience.reply)
            sock.sendall(raw)
        except UnicodeEncodeError:
            raise FileProblem("not_found", "the meter has no such file or folder") from None
        except OSError:
            raise FileProblem("unreachable", "the meter closed the FTP connection") from None
        return self._reply()

    def _reply(self) -> tuple[str, str]:
        """The server's code and text; of a reply of many lines the last."""
        until = time.monotonic() + self._patience.reply
        first = self._line(until)
        last = first
        for _ in range(REPLY_LINES):
            if first[3:4] != "-" or (last[:3] == first[:3] and last[3:4] == " "):
                break
            last = self._line(until)
        else:
            raise FileProblem("unreachable", "the meter's FTP server answers without an end")
        if not (first[:3].isascii() and first[:3].isdigit()):
            raise FileProblem("unreachable", "what answers there is no FTP server")
        text = "".join(char for char in last if char.isprintable())
        return first[:3], text.replace(self._target.password, "…") if self._target.password else text

    def _line(self, until: float) -> str:
        sock = self._connected()
        while b"\n" not in self._buffer:
            if len(self._buffer) > LINE_BYTES:
                raise FileProblem("unreachable", "what answers there is no FTP server")
            sock.settimeout(max(0.01, until - time.monotonic()))
            try:
                more = sock.recv(LINE_BYTES)
            except OSError:
                raise FileProblem("unreachable", "the meter's FTP server does not answer in time") from None
            if not more:
                raise FileProblem("unreachable", "the meter closed the FTP connection")
            self._buffer += more
        found, _, self._buffer = self._buffer.partition(b"\n")
        return found.decode(ENCODING).rstrip("\r")

    def _connected(self) -> socket.socket:
        if self._sock is None:
            raise FileProblem("unreachable", "the FTP connection is closed")
        return self._sock
