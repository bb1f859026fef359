"""The control connection of a simulated meter: framing, the prompt, the pause it insists on, and what goes wrong."""

import asyncio
import socket
import struct
import time
from typing import TYPE_CHECKING, Final, cast

from devices.simulator.instrument import DONE, STATE, Answer
from devices.simulator.scenarios import Fault

if TYPE_CHECKING:
    from devices.simulator.meter import SimulatedMeter

END, SUB, PROMPT = b"\r\n", b"\x1a", b"$"
LATE_SECONDS, STREAM_SECONDS = 3.5, 0.1
LONGEST_LINE: Final = 512
GARBAGE: Final = (b"\x00\xff\xfe\x80NL\r\n", b"R+00", b"R+0000\r\n 60.1, 5", b"220 FTP server ready\r\n", b"x" * 5000)
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Control(asyncio.Protocol):
    """One connection. It is served when the meter's only slot is free, and waits without a word until then."""

    def __init__(self, meter: "SimulatedMeter") -> None:
        self._meter = meter
        self._buffer = b""
        self._served = self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._stream = ""
        self._streamed = 0

    # --- the connection ---
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the slot or wait for it."""
        self.transport = cast("asyncio.Transport", transport)
        self._meter.slot.join(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """Give the slot back. What was asked for is not answered any more."""
        self._cancel()
        self._meter.slot.leave(self)

    def serve(self) -> None:
        """The slot is ours."""
        self._served = True
        self.transport.write(PROMPT)
        self._read()

    def reset(self) -> None:
        """End the connection by RST."""
        if own := self.transport.get_extra_info("socket"):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()

    # --- commands ---
    def data_received(self, data: bytes) -> None:
        """Take whole lines; what comes while the meter works is lost, as in the real one."""
        if self._stream:
            if SUB in data:
                self._end_stream()
        elif not self._busy:
            self._buffer = (self._buffer + data)[-LONGEST_LINE:]
            if self._served:
                self._read()
        elif data.strip(SUB):
            self._meter.counters.violations += 1

    def _read(self) -> None:
        line, found, rest = self._buffer.partition(END)
        if not found:
            return
        self._buffer = b""
        self._meter.counters.violations += bool(rest)
        self._take(line.decode("latin-1").lstrip("\x1a"))

    def _take(self, line: str) -> None:
        meter, now = self._meter, time.monotonic()
        early = now < meter.replied_at + meter.pause_seconds
        meter.counters.command(line, early=early)
        if meter.instrument.settings["Echo"] == "On":
            self.transport.write(line.encode("latin-1") + END)
        self._busy = True
        fault = meter.next_fault()
        delay = meter.latency() + (LATE_SECONDS if fault == Fault.LATE else 0)
        if fault == Fault.SILENT:
            return
        if delay:
            self._timer = asyncio.get_running_loop().call_later(delay, self._reply, line, early, fault)
        else:
            self._reply(line, early, fault)

    def _reply(self, line: str, early: bool, fault: Fault | None) -> None:
        self._timer = None
        if fault == Fault.DROP:
            self.reset()
            return
        refused = (early and self._meter.strict) or fault == Fault.BUSY
        answer = Answer(STATE) if refused else self._meter.do(line)
        text = answer.code.encode() + END + (answer.data.encode("latin-1") + END if answer.data is not None else b"")
        if fault in {Fault.HALF, Fault.GARBAGE}:
            self.transport.write(text[: len(text) // 2] if fault == Fault.HALF else self._meter.rubbish(GARBAGE))
            return
        self._meter.replied_at = time.monotonic()
        if answer.stream and answer.code == DONE:
            self.transport.write(text)
            self._stream, self._streamed = answer.stream, 0
            self._next_line()
            return
        self._busy = False
        self.transport.write(text + PROMPT)

    # --- DRD ---
    def _next_line(self) -> None:
        self._streamed += 1
        line = self._meter.instrument.drd_line(self._streamed, time.time(), status=self._stream == "status")
        self._meter.replied_at = time.monotonic()
        self.transport.write(line.encode("ascii") + END)
        self._timer = asyncio.get_running_loop().call_later(STREAM_SECONDS, self._next_line)

    def _end_stream(self) -> None:
        self._cancel()
        self._stream, self._busy = "", False
        self.transport.write(PROMPT)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Slot:
    """The meter's one place for a connection; others wait, in order, for as long as they like."""

    GRACE_SECONDS: Final = 0.05
    """Within it a connection that replaces another is not counted beside it: both events may come in either order."""

    def __init__(self, meter: "SimulatedMeter") -> None:
        self._meter = meter
        self.here: list[Control] = []
        self._served: Control | None = None
        self._free_at = 0.0

    def join(self, control: Control) -> None:
        """A connection was made."""
        self._meter.counters.connections += 1
        self.here.append(control)
        asyncio.get_running_loop().call_later(self.GRACE_SECONDS if len(self.here) > 1 else 0, self._count)
        self._promote()

    def leave(self, control: Control) -> None:
        """A connection ended; after a while the next one is served."""
        if control in self.here:
            self.here.remove(control)
        if control is self._served:
            self._served = None
            self._free_at = time.monotonic() + self._meter.slot_seconds
        self._promote()

    def close(self, *, reset: bool = False) -> None:
        """End every connection."""
        for control in list(self.here):
            control.reset() if reset else control.transport.abort()

    def _promote(self) -> None:
        wait = self._free_at - time.monotonic()
        if self._served or not self.here:
            return
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._promote)
            return
        self._served = self.here[0]
        self._served.serve()

    def _count(self) -> None:
        self._meter.counters.most_open = max(self._meter.counters.most_open, len(self.here))
