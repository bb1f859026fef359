"""What the monitor's loops found, on its way to the database and to viewers: gathered, and written together.

A loop only ever adds to memory here. While the database is away everything waits, bounded: of readings the oldest are dropped
and counted, of each device only the last snapshot is kept, and rule changes, answers to commands and alerts wait in their order.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final, Protocol
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from devices import commands, device_alerts, frames, readings, snapshots
from devices.commands import Outcome
from devices.desk import Desk
from devices.device_loop import Command, DeviceLoop
from devices.drivers import Sample
from devices.enums import CommandStatus, Mode
from devices.models import DeviceCommand
from devices.readings import NewReading
from devices.snapshots import Snapshot

SECOND: Final = 1.0
"""How often readings and snapshots are written."""
READINGS_LIMIT: Final = 30_000
"""Readings that wait for the database: two and a half minutes of 200 devices, hours of one."""
READINGS_AT_ONCE: Final = 2_000
NOTES_LIMIT: Final = 1_000
AGAIN_SECONDS: Final = 1.0
logger = logging.getLogger(__name__)


class Ruling(Protocol):
    """The rules of the devices that this monitor has (ruling.py)."""

    @property
    def waiting(self) -> int:
        """So many changes could not be written yet."""

    def load(self, device_ids: Sequence[int], *, at: datetime) -> None:
        """Hold the rules of exactly these devices."""

    def forget(self, device_id: int) -> None:
        """Another monitor has the device now, or nobody."""

    def feed(self, device_id: int, at: datetime, values: Mapping[str, float | None]) -> list[Any]:
        """Take a sample in; the changes are for ``record``."""

    def record(self, changes: Sequence[Any], *, at: datetime) -> int:
        """Store changes; how many still wait."""


class Publisher(Protocol):
    """Sends frames to viewers, never waits (publishing.py)."""

    def put(self, slug: str, text: str) -> None:
        """Send ``text`` to whoever looks at ``slug``."""


class Findings:
    """The ``Sink`` of all loops of one monitor."""

    def __init__(self, desk: Desk, ruling: Ruling, publisher: Publisher, *, holder: str) -> None:
        self.dropped = self._said = 0
        self._desk, self._ruling, self._publisher, self._holder = desk, ruling, publisher, holder
        self._readings: deque[NewReading] = deque()
        self._snapshots: dict[int, Snapshot] = {}
        self._dirty: set[DeviceLoop] = set()
        self._changes: list[Any] = []
        self._changed = asyncio.Event()
        self._notes: deque[Callable[[], object]] = deque(maxlen=NOTES_LIMIT)
        self._noted = asyncio.Event()

    # --- What loops say ---

    async def take_command(self, device_id: int) -> Command | None:
        """The next command of the device, which is then its loop's to do. None, too, while the database is away."""
        taking = asyncio.ensure_future(self._desk.do(commands.take, device_id, at=timezone.now()))
        try:
            row = await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(self._taken_for_nobody)
            raise
        except DatabaseError as error:
            logger.warning("no command can be taken: %s", error)
            return None
        if row is not None and timezone.now() > row.deadline_at:  # the database took its time; its asker counts on nothing any more
            self._not_sent(row)
            return None
        return row

    def _taken_for_nobody(self, taking: "asyncio.Future[DeviceCommand | None]") -> None:
        """A loop ended while its next command was being taken."""
        row = None if taking.cancelled() or taking.exception() is not None else taking.result()
        if row is not None:
            self._not_sent(row)

    def _not_sent(self, row: DeviceCommand) -> None:
        self.finished(row.pk, Outcome(CommandStatus.TIMED_OUT, error=commands.NOT_SENT))

    async def say_progress(self, pk: UUID, what: str, done: int, of: int) -> None:
        """How far a long command is. Not known to anybody while the database is away."""
        self._note(partial(commands.progress, pk, what, done, of))

    def finished(self, pk: UUID, outcome: Outcome) -> None:
        """What became of a command; its asker waits."""
        self._note(partial(commands.finish, pk, outcome, at=timezone.now()))

    def heard(self, loop: DeviceLoop, sample: Sample) -> None:
        """The device answered: for viewers, for the rules, for the table of readings."""
        if loop.frame is not None:
            self._publisher.put(loop.config.slug, loop.frame)
        if changes := self._ruling.feed(loop.config.id, sample.measured_at, sample.values):
            self._changes += changes
            self._changed.set()
        good, _ = readings.validate(sample.values)
        if good:
            self._keep(NewReading(loop.config.id, sample.measured_at, good))
        self._dirty.add(loop)

    def changed(self, loop: DeviceLoop) -> None:
        """The loop's snapshot is another one than before."""
        self._dirty.add(loop)

    def lost_touch(self, loop: DeviceLoop) -> None:
        """The device counts as unreachable, or as wedged: viewers and people are told."""
        self.say_status(loop)
        self._note(partial(device_alerts.lost_touch, loop.config.id, error=loop.error, wedged=loop.wedged, at=timezone.now()))

    def found_again(self, loop: DeviceLoop, *, after_loss: bool) -> None:
        """It answers, for the first time or again; what was raised about it is over."""
        self.say_status(loop)
        if after_loss:
            self._note(partial(device_alerts.found_again, loop.config.slug, at=timezone.now()))

    def say_status(self, loop: DeviceLoop) -> None:
        """Tell viewers what the device's connection is like."""
        text = frames.encode_status(
            loop.config.slug, reachable=loop.reachable, since=loop.unreachable_since, mode=loop.mode, error=loop.error,
            sent_at=timezone.now(),
        )  # fmt: skip
        self._publisher.put(loop.config.slug, text)

    def left(self, loop: DeviceLoop) -> None:
        """The loop has ended and its connection is closed: nobody watches the device, as far as we know."""
        self._dirty.discard(loop)
        self._snapshots.pop(loop.config.id, None)
        text = frames.encode_status(loop.config.slug, reachable=None, since=None, mode=Mode.STANDBY, sent_at=timezone.now())
        self._publisher.put(loop.config.slug, text)

    def rules_loaded(self) -> None:
        """Rules may have found something in what was stored before this monitor had their devices: have it recorded."""
        if self._ruling.waiting:
            self._changed.set()

    # --- Writing it down ---

    async def write_snapshots(self) -> None:
        """Write the rows of the devices that changed, all in one statement. What could not be written is tried again."""
        taken = self._snapshots | {loop.config.id: loop.snapshot for loop in self._dirty}
        self._dirty.clear()
        self._snapshots = {}
        try:
            await self._desk.do(snapshots.write, list(taken.values()), holder=self._holder)
        except BaseException:
            self._snapshots = taken | self._snapshots
            raise

    async def write_readings(self) -> None:
        """Store the readings that wait. What could not be stored is tried again; what is stored already is left as it is then."""
        while self._readings:
            rows = list(islice(self._readings, READINGS_AT_ONCE))
            before = self.dropped
            await self._desk.do(readings.store, rows)
            for _ in range(len(rows) - (self.dropped - before)):
                self._readings.popleft()
        if self.dropped > self._said:
            logger.warning("%d readings were dropped while the database was away", self.dropped - self._said)
            self._said = self.dropped

    async def write_changes(self) -> None:
        """Wait for a change of a rule, and have it recorded: alerts are raised and resolved by that."""
        if not self._ruling.waiting:
            await self._changed.wait()
        if await self._record():
            await asyncio.sleep(AGAIN_SECONDS)

    async def write_notes(self) -> None:
        """Wait for something to be written, and write what waits, in its order. What the database cannot take now holds the rest back."""
        await self._noted.wait()
        while self._notes:
            note = self._notes[0]
            try:
                await self._desk.do(note)
            except (OperationalError, InterfaceError):
                raise  # the database is away; tried again after a pause
            except Exception:
                logger.exception("%s could not be written, and is left out", note)
            if self._notes and self._notes[0] is note:
                self._notes.popleft()
        self._noted.clear()

    async def write_rest(self) -> None:
        """Write what still waits, once, before the process ends."""
        await self.write_readings()
        await self._record()
        if self._notes:
            await self.write_notes()

    async def _record(self) -> int:
        self._changed.clear()
        taken, self._changes = self._changes, []
        try:
            return await self._desk.do(self._ruling.record, taken, at=timezone.now()) if taken or self._ruling.waiting else 0
        except BaseException:  # stored or not: a change that is recorded twice has one effect
            self._changes = taken + self._changes
            raise

    def _note(self, note: Callable[[], object]) -> None:
        self._notes.append(note)
        self._noted.set()

    def _keep(self, reading: NewReading) -> None:
        if len(self._readings) >= READINGS_LIMIT:
            self._readings.popleft()
            self.dropped += 1
        self._readings.append(reading)
