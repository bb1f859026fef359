"""One device's loop in the monitor: asks it at its pace, does its commands in between, and says how it is.

It never waits for the database or for Redis with the device's time: what it finds goes into a ``Sink`` (findings.py), which writes
it down by and by. Only a command is waited for, and only until it is taken.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from django.utils import timezone

from devices import demand, drivers, frames
from devices.commands import Outcome
from devices.demand import Asked, Demand
from devices.drivers import Driver, Sample, Target
from devices.enums import CommandStatus, Mode, RunState
from devices.errors import BadArguments, CommandRefused, DeviceError, LeaseLost, NoReply, UnknownCommand, Unreachable
from devices.leases import steady
from devices.roster import Config
from devices.snapshots import Snapshot

FAILURES: Final = 3
"""So many failures in a row, and the device counts as unreachable."""
PROBE_EVERY: Final = 10
"""A device that refuses is looked at again for a wedge after so many more: each look is one more connection to it."""
FAULT_SECONDS: Final = 2.0
"""The pause after a fault of our own."""
CLOSE_SECONDS: Final = 2.0
STOPPED: Final = "It was stopped while it ran, because the monitor ended, or the device was changed or switched off. Look at the device."
logger = logging.getLogger(__name__)


Probe = Callable[[Target], Awaitable[bool]]
"""Whether the device's FTP answers, asked beside its control connection. Raises nothing."""


class Command(Protocol):
    """A command that was taken: a DeviceCommand."""

    pk: UUID
    command: str
    arguments: Mapping[str, Any]


class Sink(Protocol):
    """Where the loop's findings go. Only ``take_command`` and ``say_progress`` are waited for."""

    async def take_command(self, device_id: int) -> Command | None:
        """The next command of the device, which is then this loop's to do."""

    async def say_progress(self, pk: UUID, what: str, done: int, of: int) -> None:
        """How far a long command is."""

    def finished(self, pk: UUID, outcome: Outcome) -> None:
        """What became of a command."""

    def heard(self, loop: "DeviceLoop", sample: Sample) -> None:
        """The device answered; ``loop.frame`` says it to viewers."""

    def changed(self, loop: "DeviceLoop") -> None:
        """The loop's snapshot is another one than before."""

    def lost_touch(self, loop: "DeviceLoop") -> None:
        """The device counts as unreachable from now on, or, ``loop.wedged``, as wedged."""

    def found_again(self, loop: "DeviceLoop", *, after_loss: bool) -> None:
        """It answers, for the first time or again."""


class DeviceLoop:
    """Talks to one device while it ``run``s. ``first_at``: not before this moment of the steady clock. ``probe``: see Probe."""

    def __init__(
        self, config: Config, driver: Driver, sink: Sink, wanted: Demand, *, probe: Probe, first_at: float = 0.0
    ) -> None:  # fmt: skip
        self.config = config
        self.driver = driver
        self.reachable: bool | None = None
        self.failures = 0
        self.error = ""
        self.wedged = False
        self.unreachable_since: datetime | None = None
        self.state = RunState.UNKNOWN
        self.last_frame_at: datetime | None = None
        self.frame: str | None = None
        self._sink, self._probe = sink, probe
        self._wanted = wanted
        self._woken = asyncio.Event()
        self._transfers: set[asyncio.Task[None]] = set()
        self._commands = wanted.has_commands
        self._command_was_last = False
        self._asked: Asked | None = None
        self._not_before = first_at
        self._chance = random.random()  # noqa: S311 (spreads tries, decides nothing)

    @property
    def mode(self) -> Mode:
        """What the loop does with the device at the moment."""
        return Mode.BACK_OFF if self.failures and self._wanted.mode != Mode.STANDBY else self._wanted.mode

    @property
    def snapshot(self) -> Snapshot:
        """How the device is."""
        return Snapshot(
            self.config.id, self.mode, self.reachable, self.unreachable_since, self.failures, self.error[:300], self.state,
            self.last_frame_at, self.frame,
        )  # fmt: skip

    def want(self, wanted: Demand) -> None:
        """From now on this is wanted of the device. Whoever begins to look, or commands, wakes it at once."""
        before, self._wanted = self._wanted, wanted
        self._commands = self._commands or wanted.has_commands
        if self.failures and wanted.viewers > before.viewers:
            self._asked = None
        if wanted != before or self._commands:
            self._woken.set()
        if wanted.mode != before.mode:
            self._sink.changed(self)
        if self.reachable is False and wanted.keepalive and not before.keepalive:
            self._sink.lost_touch(self)  # nobody was told while nobody relied on it

    async def run(self) -> None:
        """Go on until cancelled; the connection is closed then. Whatever goes wrong here is logged and said, and it goes on."""
        try:
            while True:
                try:
                    await self._turn()
                except LeaseLost:
                    await self._close()
                    await asyncio.sleep(FAULT_SECONDS)  # the monitor ends this loop meanwhile, or has the lease again
                except Exception:  # ours, not the device's: it must neither end the loop nor pass unseen
                    logger.exception("the loop of %s failed; it goes on", self.config.slug)
                    await self._close()
                    await self._failed(DeviceError("The monitor failed while it talked to the device; see its log."))
                    await asyncio.sleep(FAULT_SECONDS)
        finally:
            await self._end_transfers()
            await self._close()

    async def _turn(self) -> None:
        """Do what is due: commands and samples take turns, so that neither keeps the other waiting for long."""
        now, due = steady(), self._due()
        if self._commands and now >= self._not_before and not (self._command_was_last and due <= now):
            self._command_was_last = True
            await self._serve()
        elif due <= now:
            self._command_was_last = False
            await self._poll()
        elif self._wanted.mode == Mode.STANDBY and self.driver.connected:
            await self._close()
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(due, self._not_before if self._commands else due) - now)
            self._woken.clear()

    def _due(self) -> float:
        if self._wanted.mode == Mode.STANDBY:
            return float("inf")
        if self._asked is None:
            return self._not_before
        return max(self._not_before, demand.next_at(self._wanted.mode, self.config.poll_seconds, self._asked, chance=self._chance))

    async def _poll(self) -> None:
        started = steady()
        try:
            sample = await self.driver.sample()
        except LeaseLost:
            raise
        except DeviceError as error:
            await self._failed(error)
        else:
            self._heard(sample)
        self._done(started)

    def _done(self, started: float) -> None:
        ended = steady()
        self._asked = Asked(started, ended, self.failures)
        self._not_before = ended + demand.REST_SECONDS
        self._chance = random.random()  # noqa: S311

    def _heard(self, sample: Sample) -> None:
        before = self.reachable
        self.reachable, self.failures, self.error, self.wedged, self.unreachable_since = True, 0, "", False, None
        self.state, self.last_frame_at = sample.state, sample.measured_at
        self.frame = frames.encode_sample(self.config.slug, sample, sent_at=timezone.now())
        self._sink.heard(self, sample)
        if not before:
            self._sink.found_again(self, after_loss=before is False)

    async def _failed(self, error: DeviceError) -> None:
        """Count it. From the third in a row the device is unreachable; one that refuses while its FTP answers needs another help."""
        self.failures += 1
        self.error = str(error)
        self.state = RunState.UNKNOWN
        self.unreachable_since = self.unreachable_since or timezone.now()
        lost = self.failures >= FAILURES and self.reachable is not False
        refused = isinstance(error, Unreachable) and error.refused
        if refused and not self.wedged and self.failures >= FAILURES and (lost or self.failures % PROBE_EVERY == 0):
            self.wedged = await self._probe(await self.driver.place())
            lost = lost or self.wedged
        if lost:
            self.reachable = False
            self._sink.lost_touch(self)
        self._sink.changed(self)

    async def _serve(self) -> None:
        row = await self._sink.take_command(self.config.id)
        if row is None:
            self._commands = False
            return
        if row.command in drivers.FILE_COMMANDS:
            task = asyncio.create_task(self._transfer(row))
            self._transfers.add(task)
            task.add_done_callback(self._transfers.discard)
            return
        outcome = Outcome(CommandStatus.FAILED, error=STOPPED)
        started = steady()
        try:
            outcome = await self._perform(row)
        finally:
            self._sink.finished(row.pk, outcome)
            self._not_before = steady() + demand.REST_SECONDS
        if outcome.status in (CommandStatus.UNREACHABLE, CommandStatus.TIMED_OUT):
            await self._failed(DeviceError(outcome.error))
            self._done(started)

    async def _perform(self, row: Command) -> Outcome:
        async def progress(what: str, done: int, of: int) -> None:
            await self._sink.say_progress(row.pk, what, done, of)

        try:
            async with asyncio.timeout(drivers.spec(self.config.kind, row.command).seconds):
                reply = await self.driver.perform(row.command, row.arguments, progress)
        except CommandRefused as error:
            return Outcome(CommandStatus.REFUSED, code=error.code, error=str(error))
        except (NoReply, TimeoutError) as error:
            await self._close()
            return Outcome(CommandStatus.TIMED_OUT, error=str(error) or "The device did not finish it in time. Look at the device.")
        except Unreachable as error:
            return Outcome(CommandStatus.UNREACHABLE, error=str(error))
        except (BadArguments, UnknownCommand, DeviceError) as error:
            return Outcome(CommandStatus.FAILED, error=str(error))
        except Exception:  # ours: the asker must not wait for an answer that never comes
            logger.exception("the command %s of %s failed", row.command, self.config.slug)
            await self._close()
            return Outcome(CommandStatus.FAILED, error="The monitor failed while it ran; see its log, and look at the device.")
        return Outcome(CommandStatus.DONE, reply)

    async def _transfer(self, row: Command) -> None:
        """A command about files: done beside the connection, while the device is asked as ever."""
        from devices import transfers  # noqa: PLC0415 (Redis's client: six megabytes that a monitor without files does without)

        outcome = Outcome(CommandStatus.FAILED, error=STOPPED)
        try:
            async with asyncio.timeout(drivers.spec(self.config.kind, row.command).seconds):
                outcome = await transfers.perform(row.command, row.arguments, self.driver.place)
        except TimeoutError:
            outcome = Outcome(CommandStatus.TIMED_OUT, error="It took too long; fetch smaller folders.")
        except Exception:
            logger.exception("the files of %s could not be sent", self.config.slug)
            outcome = Outcome(CommandStatus.FAILED, error="The monitor failed while it ran; see its log.")
        finally:
            self._sink.finished(row.pk, outcome)

    async def _end_transfers(self) -> None:
        for task in self._transfers:
            task.cancel()
        await asyncio.gather(*self._transfers, return_exceptions=True)

    async def _close(self) -> None:
        """Close the connection; whatever is wrong with it, it is given up."""
        try:
            await asyncio.wait_for(self.driver.close(), CLOSE_SECONDS)
        except Exception as error:  # nothing can be done, and nothing is to be kept from going on
            logger.warning("the connection to %s could not be closed well: %s", self.config.slug, error or type(error).__name__)
