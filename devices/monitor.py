"""The monitor: the one process that talks to devices. One event loop; a task per device that somebody wants; leases for each.

What is wanted is read when somebody changes it (LISTEN) and every two seconds. The loop itself waits for nothing but sockets:
the database has threads (desk.py), Redis a task of its own (publishing.py). Any number of monitors may run; a device is one's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Protocol

import psycopg
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from devices import commands, device_alerts, drivers, findings, leases, roster
from devices.demand import REST_SECONDS
from devices.desk import Desk
from devices.device_loop import DeviceLoop, Probe
from devices.drivers import Check, Driver, Target
from devices.findings import Findings, Ruling
from devices.leases import Leases, steady
from devices.roster import Config, Entry
from sentinel_site.lib import wake

LOOK_SECONDS: Final = 2.0
COALESCE_SECONDS: Final = 0.02
LEASE_LOOK_SECONDS: Final = 0.5
BEAT_SECONDS: Final = 5.0
TIDY_SECONDS: Final = 5.0
FAULT_SECONDS: Final = 1.0
STOP_SECONDS: Final = 3.0
"""How long a stopping monitor writes down what it still has."""
THREADS: Final = 3
logger = logging.getLogger(__name__)

Make = Callable[[str, Target, Check], Driver]


class Publishing(findings.Publisher, Protocol):
    """A publisher, and the task that sends."""

    async def run(self) -> None:
        """Send until cancelled."""


class _Lease(Enum):
    """What becomes of the lease of a device whose loop ends."""

    RELEASED = auto()
    KEPT = auto()
    LOST = auto()


@dataclass(slots=True)
class Seat:
    """A device that this monitor has at the moment, and the task that talks to it."""

    loop: DeviceLoop
    task: "asyncio.Task[None]"


class Monitor:
    """Talks to every device that is wanted and free. ``beat`` is called from the loop's own time: one that hangs does not beat.

    Who changes something wakes it; it also looks by itself every ``look_seconds``. What is done at its end takes
    ``stop_seconds`` at most.
    """

    def __init__(
        self, *, ruling: Ruling, publisher: Publishing, beat: Callable[[], None], probe: Probe, make: Make = drivers.make, holder: str = "",
        look_seconds: float = LOOK_SECONDS, stop_seconds: float = STOP_SECONDS,
    ) -> None:  # fmt: skip
        self.leases = Leases(holder or leases.identity())
        self._ruling, self._publisher, self._beat, self._probe, self._make = ruling, publisher, beat, probe, make
        self._look_seconds, self._stop_seconds = look_seconds, stop_seconds
        self._desk, self._clerk = Desk("database", THREADS), Desk("leases", 1)
        self.findings = Findings(self._desk, ruling, publisher, holder=self.leases.holder)
        self._seats: dict[int, Seat] = {}
        self._closing: dict[int, Seat] = {}
        self._hopeless: dict[int, str] = {}
        self._rules = ""
        self._left_at: dict[tuple[str, int], float] = {}
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._troubles: dict[str, str] = {}

    @property
    def devices(self) -> list[str]:
        """The devices that this monitor has at the moment."""
        return [seat.loop.config.slug for seat in self._seats.values()]

    def stop(self) -> None:
        """Have ``run`` end: connections are closed, what was found is written, leases are given back."""
        self._stopping.set()

    async def run(self) -> None:
        """Watch devices until ``stop`` is called."""
        steps: dict[str, tuple[Callable[[], Awaitable[None]], float]] = {
            "roster": (self._follow, 0), "leases": (self._hold, 0), "listening": (self._listen, FAULT_SECONDS),
            "beat": (self._give_sign, BEAT_SECONDS), "tidying": (self._tidy, TIDY_SECONDS), "publishing": (self._publisher.run, 0),
            "snapshots": (self.findings.write_snapshots, findings.SECOND), "readings": (self.findings.write_readings, findings.SECOND),
            "rules": (self.findings.write_changes, 0), "notes": (self.findings.write_notes, 0),
        }  # fmt: skip
        tasks = [asyncio.create_task(self._forever(name, step, pause), name=name) for name, (step, pause) in steps.items()]
        await self._stopping.wait()
        await _cancel([task for task in tasks if task.get_name() != "publishing"])
        try:
            await asyncio.wait_for(self._end(), self._stop_seconds)
        except Exception as error:
            logger.warning("not everything could be written at the end: %s", error or type(error).__name__)
        await _cancel(tasks)
        self._desk.close()
        self._clerk.close()

    async def _forever(self, name: str, step: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await step()
                if self._troubles.pop(name, None):
                    logger.warning("%s goes on", name)
                await asyncio.sleep(pause)
            except Exception as error:  # the database, or our own: a task that ends would end all devices
                self._say(name, error)
                await asyncio.sleep(FAULT_SECONDS)

    def _say(self, name: str, error: Exception) -> None:
        if self._troubles.get(name) == type(error).__name__:
            return  # it lasts, and was said
        self._troubles[name] = type(error).__name__
        if isinstance(error, DatabaseError | psycopg.Error):
            logger.warning("%s waits for the database, and goes on by itself: %s", name, error)
        else:
            logger.exception("%s failed; it is tried again", name)

    # --- Who is wanted ---

    async def _follow(self) -> None:
        """Wait until something may have changed; then begin, change and end loops as wanted."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), self._look_seconds)
            await asyncio.sleep(COALESCE_SECONDS)
        self._woken.clear()
        found = await self._desk.do(roster.look, at=timezone.now())
        wanted = {pk: entry for pk, entry in found.items() if entry.demand.needs_connection}
        await self._end_loops([pk for pk in self._seats if pk not in wanted])
        await self._change(wanted)
        await self._begin([entry for pk, entry in wanted.items() if pk not in self._seats])
        for pk, seat in self._seats.items():
            if pk in wanted:
                seat.loop.want(wanted[pk].demand)
        await self._load_rules(wanted)

    async def _change(self, wanted: dict[int, Entry]) -> None:
        """Follow devices that were written to: a new pace or name at once, a new address with a new connection."""
        changed = [pk for pk, seat in self._seats.items() if wanted[pk].version != seat.loop.config.version]
        fresh = {config.id: config for config in await self._desk.do(roster.configs, changed)} if changed else {}
        for pk in [pk for pk in fresh if pk in self._seats]:
            if _same_driver(fresh[pk], self._seats[pk].loop.config):
                self._seats[pk].loop.config = fresh[pk]
            else:
                await self._end_loops([pk], end=_Lease.KEPT)
                await self._start(fresh[pk], wanted[pk])

    async def _begin(self, entries: list[Entry]) -> None:
        """Take the leases of these devices, where they are free, and begin to talk to those taken."""
        gone = leases.dead_holders({entry.holder for entry in entries if entry.holder})
        free = {entry.id: entry for entry in entries if entry.holder in {"", self.leases.holder, *gone} and self._may_begin(entry)}
        taken = await self._clerk.do(self.leases.take, list(free)) if free else []
        if not taken:
            return
        await self._desk.do(commands.fail_running, taken, at=timezone.now())
        for config in await self._desk.do(roster.configs, taken):
            await self._start(config, free[config.id])

    def _may_begin(self, entry: Entry) -> bool:
        """A connection that is being closed still is one; and what has no driver has none until somebody changes it."""
        return entry.id not in self._closing and self._hopeless.get(entry.id) != entry.version

    async def _start(self, config: Config, entry: Entry) -> None:
        try:
            driver = self._make(config.kind, config.target, self.leases.check(config.id))
        except Exception:  # one device that cannot be talked to must not keep others from being
            logger.exception("there is no driver for %s", config.slug)
            self._hopeless[config.id] = config.version
            await self._clerk.do(self.leases.release, [config.id])
            return
        first_at = max(self._left_at.pop(_place(config), 0.0), steady() if entry.lately else 0.0) + REST_SECONDS
        loop = DeviceLoop(config, driver, self.findings, entry.demand, probe=self._probe, first_at=first_at)
        self._seats[config.id] = Seat(loop, asyncio.create_task(loop.run(), name=config.slug))
        self.findings.changed(loop)

    async def _end_loops(self, device_ids: Collection[int], *, end: _Lease = _Lease.RELEASED) -> None:
        """End these loops. When this returns, their connections are closed, and their leases are what ``end`` says."""
        seats = {pk: self._seats.pop(pk) for pk in device_ids}
        if not seats:
            return
        self._closing |= seats
        for seat in seats.values():
            seat.task.cancel()
        await self._see_out(seats)
        if end != _Lease.KEPT:
            self.leases.forget(seats)
        if end == _Lease.RELEASED:
            await self._clerk.do(self.leases.release, list(seats))

    async def _see_out(self, seats: dict[int, Seat]) -> None:
        """Wait until these loops, which were told to end, have closed their connections."""
        await asyncio.wait([seat.task for seat in seats.values()], timeout=self._stop_seconds)
        for pk, seat in seats.items():
            self.findings.left(seat.loop)
            self._ruling.forget(pk)
            self._left_at[_place(seat.loop.config)] = steady()
            del self._closing[pk]
        self._rules = ""

    async def _load_rules(self, wanted: dict[int, Entry]) -> None:
        """Have the rules of exactly our devices in force, when they, the devices or the rules are others than before."""
        ours = [wanted[pk] for pk in sorted(self._seats) if pk in wanted]
        stamp = "|".join(f"{entry.id} {entry.version} {entry.rules}" for entry in ours)
        if stamp != self._rules:
            await self._desk.do(self._ruling.load, [entry.id for entry in ours], at=timezone.now())
            self.findings.rules_loaded()
            self._rules = stamp

    # --- What must not stand still ---

    async def _hold(self) -> None:
        """Renew the leases in time; a loop whose lease is lost ends at once. While the database is away they run out by themselves."""
        renewed_at = steady()
        renewing = asyncio.create_task(self._clerk.do(self.leases.renew))
        try:
            while not (renewing.done() and steady() >= renewed_at + leases.RENEW_SECONDS):
                await asyncio.sleep(LEASE_LOOK_SECONDS)
                if lost := [pk for pk in self._seats if not self.leases.has(pk)]:
                    logger.warning("the leases of %d devices are lost; nothing is sent to them any more", len(lost))
                    await self._end_loops(lost, end=_Lease.LOST)
                    self._woken.set()
            renewing.result()
        finally:
            renewing.cancel()

    async def _give_sign(self) -> None:
        await self._desk.do(self._beat)

    async def _tidy(self) -> None:
        at = timezone.now()
        await self._desk.do(commands.time_out_due, at=at)
        await self._desk.do(commands.fail_abandoned, at=at)
        await self._desk.do(leases.clear_abandoned)
        await self._desk.do(device_alerts.settle, at=at)

    async def _listen(self) -> None:
        """Be woken by whoever changes a device, a rule, who looks, or commands."""
        async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as listening:
            for topic in (wake.DEVICES, wake.DEVICE_COMMANDS):
                await listening.execute(f"LISTEN {topic}".encode())
            self._woken.set()
            async for _ in listening.notifies():
                self._woken.set()

    async def _end(self) -> None:
        """End all loops, and what was cut off in the middle: loops that were just ending, and leases that were taken for none yet."""
        await self._end_loops(list(self._seats))
        if self._closing:
            await self._see_out(dict(self._closing))
        await self._clerk.do(self.leases.release_all)
        await self.findings.write_rest()


async def _cancel(tasks: "Collection[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_SECONDS)


def _same_driver(one: Config, other: Config) -> bool:
    return (one.kind, one.target) == (other.kind, other.target)


def _place(config: Config) -> tuple[str, int]:
    return config.target.host, config.target.port


def _parameters() -> dict[str, Any]:
    given = connection.get_connection_params()
    return {name: value for name, value in given.items() if name not in {"cursor_factory", "context", "prepare_threshold"}}
