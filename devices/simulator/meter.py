"""A simulated NL-43 on real sockets.

``async with SimulatedMeter(level=60) as meter: meter.port``. All methods are for the event loop it runs in.
"""

import asyncio
import itertools
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from devices.simulator.control import Control, Slot
from devices.simulator.ftp import Account, FtpSession
from devices.simulator.instrument import Answer, Instrument
from devices.simulator.listener import Listener
from devices.simulator.scenarios import DEFAULT, SCENARIOS, Fault, Port
from devices.simulator.sound import Sound, chance

LATENCY_SECONDS = (0.11, 0.33)
"""As seen over LTE."""
HOUR_SECONDS = 3600.0
_seeds = itertools.count()


@dataclass
class Counters:
    """What happened to a meter since it began, or since ``clear``."""

    connections: int = 0
    most_open: int = 0
    """The most control connections that were open at the same time: more than one is somebody's mistake."""
    violations: int = 0
    """Commands that came less than the pause after the last reply, or before there was one."""
    commands: Counter[str] = field(default_factory=Counter)
    at: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=10_000))
    """When each command came, by the monotonic clock, and what it was."""

    def command(self, line: str, *, early: bool) -> None:
        """A command came."""
        self.commands[line] += 1
        self.violations += early
        self.at.append((time.monotonic(), line))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"commands": dict(self.commands), "at": list(self.at)}

    def clear(self) -> None:
        """Begin counting anew."""
        self.connections = self.most_open = self.violations = 0
        self.commands.clear()
        self.at.clear()


class SimulatedMeter:
    """One meter. ``level``: what it hears in dB, exactly; None leaves that to the scenario."""

    def __init__(
        self, *, scenario: str = DEFAULT, level: float | None = None, host: str = "127.0.0.1", port: int = 0, ftp_port: int = 0,
        latency_seconds: tuple[float, float] = LATENCY_SECONDS, pause_seconds: float = 1.0, strict: bool = True, slot_seconds: float = 0.2,
        ftp_seconds: float = 1.0, every: int | None = None, measuring: bool = False, seed: int | None = None, time_zone: str = "UTC",
        sub_channels: int = 0, account: Account | None = None,
    ) -> None:  # fmt: skip
        """``strict``: a command that comes early is refused. ``slot_seconds``, ``ftp_seconds``: until the slot is free, until FTP is on.

        ``measuring``: it measures when it starts, and has an hour on its card. ``every``: how often the scenario's fault happens, in
        commands. Raises ValueError for an unknown scenario.
        """
        self.seed = next(_seeds) if seed is None else seed
        self.latency_seconds, self.pause_seconds, self.strict = latency_seconds, pause_seconds, strict
        self.slot_seconds, self.ftp_seconds, self.every = slot_seconds, ftp_seconds, every
        self.account = account or Account()
        self.instrument = Instrument(
            lambda _at: 0.0, time_zone=time_zone, serial=f"{340_000 + self.seed:08d}", sub_channels=sub_channels
        )  # fmt: skip
        self.counters = Counters()
        self.faults: deque[Fault] = deque()
        """What goes wrong with the next commands, in order, whatever the scenario says."""
        self.replied_at = float("-inf")
        self.slot = Slot(self)
        self._taken = 0
        self._level = level
        self._control = Listener(host, port, lambda: Control(self))
        self._ftp = Listener(host, ftp_port, lambda: FtpSession(self))
        self.ftp_sessions: set[FtpSession] = set()
        self.transfers: set[asyncio.Task[None]] = set()
        self.ftp_stalls = False
        """Whether files come half and then no more."""
        self._ftp_shown = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._measure_at_start = measuring
        self.scenario = check(scenario)
        self._listen()

    # --- life ---
    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the ports. What it measured and stored earlier is still there."""
        await self._control.be(Port.OPEN)
        await self._ftp.be(Port.OPEN)
        if self._measure_at_start:
            self._measure_at_start = False
            self.instrument.record(time.time() - HOUR_SECONDS, time.time())  # somebody used it before
            self.instrument.start(time.time())
        await self._ports()

    async def stop(self) -> None:
        """Close the ports and every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._control.be(Port.REFUSED)
        await self._ftp.be(Port.REFUSED)
        self.slot.close()
        for session in list(self.ftp_sessions):
            session.close()
        for transfer in self.transfers:
            transfer.cancel()
        await asyncio.gather(*self.transfers, return_exceptions=True)
        while self.slot.here or self.ftp_sessions:
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    @property
    def port(self) -> int:
        """Its control port."""
        return self._control.port

    @property
    def ftp_port(self) -> int:
        """Its FTP port."""
        return self._ftp.port

    # --- what is heard, and what goes wrong ---
    @property
    def level(self) -> float | None:
        """What it hears in dB; None: what the scenario says."""
        return self._level

    @level.setter
    def level(self, level: float | None) -> None:
        self.instrument.advance(time.time())
        self._level = level
        self._listen()

    async def switch(self, scenario: str) -> None:
        """Change the scenario while it runs. Raises ValueError for an unknown one."""
        self.scenario = check(scenario)
        self.instrument.advance(time.time())
        self._taken = 0
        self._listen()
        await self._ports()

    def _listen(self) -> None:
        level = self._level
        offset = datetime.now(UTC).astimezone(self.instrument.zone).utcoffset()
        of_scenario = SCENARIOS[self.scenario].sound(self.seed, offset.total_seconds() if offset else 0.0)
        self.instrument.sound = of_scenario if level is None else _steady(level)

    async def _ports(self) -> None:
        """Bring both ports into the state that scenario and settings ask for."""
        scenario, settings = SCENARIOS[self.scenario], self.instrument.settings
        network = settings["Ethernet"] == "On" and settings["Web"] == "Off"
        control = scenario.control if network and settings["TCP"] == "On" else Port.REFUSED
        shown = network and settings["FTP"] == "On"
        if shown and not self._ftp_shown:
            await asyncio.sleep(self.ftp_seconds)
        self._ftp_shown = shown
        await self._control.be(control)
        await self._ftp.be(scenario.ftp if shown else Port.REFUSED)
        if control == Port.REFUSED:
            self.slot.close(reset=True)
        if not shown:
            for session in list(self.ftp_sessions):
                session.close()

    # --- for its connections ---
    def do(self, line: str) -> Answer:
        """Answer a command, and follow what it means for the ports."""
        before = dict(self.instrument.settings)
        answer = self.instrument.answer(line, time.time())
        if any(before[name] != self.instrument.settings[name] for name in ("FTP", "TCP", "Web", "Ethernet")):
            task = asyncio.get_running_loop().create_task(self._ports())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return answer

    def next_fault(self) -> Fault | None:
        """What goes wrong with the command that just came."""
        if self.faults:
            return self.faults.popleft()
        scenario = SCENARIOS[self.scenario]
        self._taken += 1
        if SCENARIOS[self.scenario].control == Port.DARK:
            return Fault.SILENT
        return scenario.fault if scenario.fault and self._taken % (self.every or scenario.every) == 0 else None

    def latency(self) -> float:
        """Seconds until the next reply."""
        low, high = self.latency_seconds
        return low + (high - low) * chance(self.seed, len(self.counters.at))

    def rubbish(self, choice: Sequence[bytes]) -> bytes:
        """One of them, in turns."""
        return choice[self._taken % len(choice)]


def check(scenario: str) -> str:
    """``scenario``, if there is one of that name. Raises ValueError, whose text names them all."""
    if scenario not in SCENARIOS:
        raise ValueError(f"there is no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    return scenario


def _steady(level: float) -> Sound:
    return lambda _at: level
