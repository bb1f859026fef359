"""The bytes of one control connection: lines in, commands out, and nothing taken for a reply that is none.

Between two exchanges the wire listens to nobody: what comes then (prompts, the late end of something) is counted and thrown
away. Memory is bounded whatever the other side sends.
"""

import asyncio
import socket
import time
from typing import Final, cast

from devices.drivers import nl43_codec as codec
from devices.errors import BadReply, Unreachable

LINE_BYTES: Final = 4096
HELD_BYTES: Final = 16 * 1024
STRAY_BYTES: Final = 64 * 1024
PROMPT: Final = b"$"


class Wire(asyncio.Protocol):
    """One open connection. ``line`` may be awaited by one caller at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._stray = 0
        self._listening = False
        self._transport: asyncio.Transport | None = None
        self._changed: asyncio.Event = asyncio.Event()
        self._failure: Exception | None = None
        self.prompts = False
        """Whether this meter was ever seen to show its prompt on this connection."""
        self.prompted_at: float | None = None
        """When the prompt came after the last reply (monotonic)."""

    @property
    def open(self) -> bool:
        """Whether commands can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, text: str) -> None:
        """Send ``text`` as a command line, after everything that lay about was thrown away. Raises Unreachable."""
        self._drain()
        if self._transport is None or self._transport.is_closing():
            raise self._failure or Unreachable("the device closed the connection")
        self._buffer.clear()
        self._stray, self._listening, self.prompted_at = 0, True, None
        self._transport.write(text.encode("ascii") + codec.CRLF)

    def interrupt(self) -> None:
        """End a stream; what still comes of it is thrown away."""
        self.rest()
        self.prompted_at = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(codec.SUB)

    async def line(self) -> bytes:
        """The next line, with its end. Raises Unreachable when the connection is lost, BadReply for a line without an end."""
        while (end := self._buffer.find(b"\n", 0, LINE_BYTES)) < 0:
            if len(self._buffer) >= LINE_BYTES:
                raise BadReply("the device sends a line without an end")
            if self._failure is not None or not self.open:
                raise self._failure or Unreachable("the connection to the device was lost")
            await self._next()
        found = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if self._transport is not None and len(self._buffer) < HELD_BYTES and not self._transport.is_reading() and self.open:
            self._transport.resume_reading()
        return found

    def rest(self) -> None:
        """The exchange is over: nothing that comes now is anybody's reply."""
        self._listening = False
        self._idle(bytes(self._buffer))
        self._buffer.clear()
        if self._transport is not None and self.open and not self._transport.is_reading():
            self._transport.resume_reading()

    async def prompted(self) -> None:
        """Wait until the meter shows its prompt, or is gone."""
        while self.prompted_at is None and self.open:
            await self._next()

    async def closed(self) -> None:
        """Close the connection, and wait until it is."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()  # a close would wait until the other side takes what it will never take
        self._transport.close()
        while self._transport is not None:
            await self._next()

    def drop(self) -> None:
        """Close the connection without waiting."""
        if self._transport is not None:
            self._transport.abort()

    async def _next(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _drain(self) -> None:
        """Take what has arrived, and was not handed over by the loop yet. The end of the connection stays there to be found."""
        for _ in range(STRAY_BYTES // LINE_BYTES):
            try:
                if not self._sock.recv(LINE_BYTES, socket.MSG_DONTWAIT):
                    raise Unreachable("the device closed the connection")
            except BlockingIOError:
                return
            except OSError:
                raise Unreachable("the connection to the device was lost") from None
        raise BadReply("the device sends without being asked")

    def _idle(self, data: bytes) -> None:
        self._stray += len(data)
        if PROMPT in data:
            self.prompts = True
            self.prompted_at = self.prompted_at or time.monotonic()
        if self._stray > STRAY_BYTES:
            self._failure = BadReply("the device sends without being asked")
            self.drop()

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        if not self._listening:
            self._idle(data)
        else:
            self._buffer += data
            if len(self._buffer) > HELD_BYTES and self._transport is not None:
                self._transport.pause_reading()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._transport = None
        self._changed.set()
