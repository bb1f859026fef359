"""The nl43 driver: a Rion NL-43 / NL-53 sound level meter over its one control connection (protocol: docs/devices.md).

The connection stays open as long as it is sound: it is not renewed by a clock, for a meter that sees many connections has
been seen to lose its control port. It is closed after a time-out, a reply that is none, or a cancelled command, so that a late
reply is never taken for another's. A refusal is an answer, and leaves it open.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from devices import addresses
from devices.drivers import nl43_actions
from devices.drivers import nl43_codec as codec
from devices.drivers.base import Check, Progress, Sample, Target
from devices.drivers.ftp import Ftp
from devices.drivers.nl43_commands import COMMANDS
from devices.drivers.nl43_wire import Wire
from devices.enums import RunState
from devices.errors import BadReply, Busy, CommandRefused, NoReply, UnknownCommand

T = TypeVar("T")
SKIPPED_LINES: Final = 4
"""Blank lines and the echo of a command before its result code."""
STATE_SECONDS, STATE_AGAIN_SECONDS = 30.0, 5.0
"""How long the answer to ``Measure?`` counts, and when it is asked again after a refusal."""
STREAM_END_SECONDS: Final = 0.5
"""Until a meter that shows no prompt is taken to have ended its stream."""
FORGET_SECONDS: Final = 60.0
NEVER: Final = float("-inf")
"""Before every pause: the steady clock begins when the machine does, which may be a moment ago."""
_quiet_since: dict[tuple[str, int], float] = {}
"""Host and port → when its last reply ended (monotonic): the pause holds when a device gets a new driver object, too."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What the meter asks for, in seconds."""

    pause: float = 1.005
    """From the end of a reply, or its prompt, to the next command; a little more than the second that is asked for."""
    reply: float = 3.0
    connect: float = 5.0
    greeting: float = 0.5
    """How long a new connection waits for the first prompt: some firmware shows none before it was asked."""
    prompt: float = 2.0
    """How long a meter that shows prompts is given to show one before it is asked all the same."""


def forget() -> None:
    """Every pause is over: whoever listens on a port now is another meter than before."""
    _quiet_since.clear()


class Nl43:
    """One meter. Its methods may be called by one task at a time; a second one waits, or gets Busy while the meter streams."""

    def __init__(self, target: Target, check: Check, *, timing: Timing | None = None) -> None:
        self.target, self._check, self._timing = target, check, timing or Timing()
        self._wire: Wire | None = None
        self._alone = asyncio.Lock()
        self._streaming = False
        self._state = RunState.UNKNOWN
        self._state_until = 0.0

    @property
    def connected(self) -> bool:
        """Whether the connection is open."""
        return self._wire is not None and self._wire.open

    async def sample(self) -> Sample:
        """Ask for the present values, and first, now and then, whether the meter measures: DOD does not say.

        While it does not measure only Lp has a value: the others are those of the last measurement.
        """
        async with self._turn():
            if time.monotonic() >= self._state_until or not self.connected:
                await self._look()
            levels = await self.ask("DOD?", codec.dod)
            values = levels.values
            if self._state != RunState.MEASURING:
                values = {name: value if name.endswith("lp") else None for name, value in values.items()}
            return Sample(datetime.now(UTC), values, self._state, levels.overload, levels.under_range)

    async def perform(self, command: str, arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Do one command of COMMANDS. Raises DeviceErrors."""
        if command not in COMMANDS:
            raise UnknownCommand(f"this device has no command {command}")
        checked = COMMANDS[command].check(arguments)
        async with self._turn():
            try:
                return await nl43_actions.perform(command, checked, self, progress)
            finally:
                if COMMANDS[command].changes:
                    self._state_until = 0.0

    async def stream(self, *, status: bool = False) -> AsyncGenerator[codec.Streamed, None]:
        """Ten lines a second, until the iterator is closed (``aclose``) or an error ends it. It keeps the meter busy."""
        async with self._turn():
            self._streaming = True
            try:
                async with aclosing(self._lines("DRD?status" if status else "DRD?")) as lines:
                    async for line in lines:
                        yield line
            finally:
                self._streaming = False

    async def place(self) -> Target:
        """Where the meter is."""
        return self.target

    async def close(self) -> None:
        """Close the connection, so that another program can have the meter. What is being asked fails as unreachable."""
        wire, self._wire = self._wire, None
        self._state_until = 0.0
        if wire is not None:
            await wire.closed()

    async def tell(self, command: str | Callable[[], str]) -> None:
        """Send a setting; done when this returns. ``command`` may be worked out at the last moment. Raises DeviceErrors."""
        await self._exchange(command, None)

    async def ask(self, request: str, read: Callable[[str], T]) -> T:
        """Send a request and give what ``read`` makes of the line that comes back. Raises DeviceErrors."""
        found: T = await self._exchange(request, read)
        return found

    def ftp(self) -> Ftp:
        """A new session with the meter's FTP server, not opened yet."""
        return Ftp(self.target)

    def _turn(self) -> asyncio.Lock:
        if self._streaming:
            raise Busy("the meter is streaming")
        return self._alone

    async def _look(self) -> None:
        """Ask whether it measures."""
        self._state, self._state_until = RunState.UNKNOWN, 0.0
        try:
            self._state = await self.ask("Measure?", codec.run_state)
            self._state_until = time.monotonic() + STATE_SECONDS
        except CommandRefused:
            self._state_until = time.monotonic() + STATE_AGAIN_SECONDS

    async def _exchange(self, command: str | Callable[[], str], read: Callable[[str], T] | None) -> Any:
        wire = await self._ready()
        try:
            self._check()
            text = command if isinstance(command, str) else command()
            wire.send(text)
            async with asyncio.timeout(self._timing.reply):
                return await self._reply(wire, text, read)
        except CommandRefused:
            raise
        except TimeoutError:
            self._drop(wire)
            raise NoReply(f"the device did not answer within {self._timing.reply:g} seconds") from None
        except BaseException:
            self._drop(wire)
            raise
        finally:
            wire.rest()
            self._remember(time.monotonic())

    async def _reply(self, wire: Wire, sent: str, read: Callable[[str], T] | None) -> T | None:
        codec.accepted(await self._text(wire, sent))
        if read is None:
            return None
        text = await self._text(wire, "")
        if codec.is_result(text):
            raise BadReply("the device sent a result code where a value was due")
        return read(text)

    async def _text(self, wire: Wire, echo: str) -> str:
        """The next line that is neither blank nor the echo of what was sent."""
        for _ in range(SKIPPED_LINES):
            text = codec.line(await wire.line())
            if text and text.lower() != echo.lower():
                return text
        raise BadReply("the device sends blank lines")

    async def _ready(self) -> Wire:
        """An open connection on which the meter may be asked now."""
        wire = self._wire
        since = _quiet_since.get(self._place, NEVER)
        if wire is None or not wire.open:
            self._wire = None
            self._check()
            wire = await self._connect()
        elif wire.prompts:
            await self._prompt(wire, self._timing.prompt)
            since = max(since, wire.prompted_at or since)
        await asyncio.sleep(since + self._timing.pause - time.monotonic())
        return wire

    async def _connect(self) -> Wire:
        sock = await addresses.dial(self.target.host, self.target.port, seconds=self._timing.connect)
        self._state_until = 0.0
        try:
            _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(sock), sock=sock)
        except BaseException:
            sock.close()
            raise
        self._wire = wire
        await self._prompt(wire, self._timing.greeting)
        return wire

    async def _prompt(self, wire: Wire, seconds: float) -> None:
        """Wait for the prompt: the meter hears nothing before. Without one it is asked all the same."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wire.prompted()

    def _drop(self, wire: Wire) -> None:
        wire.drop()
        if self._wire is wire:
            self._wire = None

    @property
    def _place(self) -> tuple[str, int]:
        return self.target.host, self.target.port

    def _remember(self, at: float) -> None:
        for place in [place for place, since in _quiet_since.items() if at - since > FORGET_SECONDS] if len(_quiet_since) > 1000 else ():
            del _quiet_since[place]
        _quiet_since[self._place] = at

    async def _lines(self, request: str) -> AsyncGenerator[codec.Streamed, None]:
        wire = await self._ready()
        try:
            self._check()
            wire.send(request)
            async with asyncio.timeout(self._timing.reply):
                codec.accepted(await self._text(wire, request))
            while True:
                async with asyncio.timeout(self._timing.reply):
                    text = await self._text(wire, "")
                self._check()
                yield codec.drd(text)
        except GeneratorExit:
            await self._end_stream(wire)
        except CommandRefused:
            raise
        except TimeoutError:
            self._drop(wire)
            raise NoReply("the device stopped streaming") from None
        except BaseException:
            self._drop(wire)
            raise
        finally:
            wire.rest()
            self._remember(time.monotonic())

    async def _end_stream(self, wire: Wire) -> None:
        wire.interrupt()
        if not wire.prompts:
            return await asyncio.sleep(STREAM_END_SECONDS)
        try:
            async with asyncio.timeout(self._timing.reply):
                await wire.prompted()
        except TimeoutError:
            self._drop(wire)
