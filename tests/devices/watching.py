"""A running monitor for tests, with a driver that does what the test says; the rest is real."""

import asyncio
from datetime import UTC, datetime

from asgiref.sync import sync_to_async

from devices.drivers import Sample
from devices.enums import RunState
from devices.models import Device, DeviceStatus
from devices.monitor import Monitor


class Line:
    """What all drivers for one address do: the outside world."""

    def __init__(self):
        self.level, self.error, self.open, self.most_open, self.asked, self.done = 60.0, None, 0, 0, 0, []
        self.hold = asyncio.Event()
        self.hold.set()
        self.ftp_answers = False


class Scripted:
    """A driver as the contract says, on a Line."""

    def __init__(self, line, check, target):
        self.line, self.check, self.target, self.connected = line, check, target, False

    async def sample(self):
        self._connect()
        self.line.asked += 1
        await self.line.hold.wait()
        if self.line.error is not None:
            raise self.line.error
        return Sample(datetime.now(UTC), {"lp": self.line.level, "leq": None}, RunState.MEASURING)

    async def perform(self, command, arguments, progress):
        self._connect()
        await self.line.hold.wait()
        if self.line.error is not None:
            raise self.line.error
        await progress("Doing it", 1, 1)
        self.line.done.append(command)
        return {"done": command}

    async def place(self):
        return self.target

    async def close(self):
        self.line.open -= self.connected
        self.connected = False

    def _connect(self):
        self.check()
        self.line.open += not self.connected
        self.line.most_open = max(self.line.most_open, self.line.open)
        self.connected = True


class NoRules:
    """A house without rules."""

    waiting = 0

    def __init__(self):
        self.loaded, self.fed = [], []

    def load(self, device_ids, *, at):
        self.loaded.append(list(device_ids))

    def forget(self, device_id):
        pass

    def feed(self, device_id, at, values):
        self.fed.append((device_id, values["lp"]))
        return []

    def record(self, changes, *, at):
        return 0


class Feed:
    """A publisher whose viewers are the test."""

    def __init__(self):
        self.texts = []

    def put(self, slug, text):
        self.texts.append((slug, text))

    async def run(self):
        await asyncio.Event().wait()


class Running:
    """A monitor that runs, and the lines to its devices by host."""

    def __init__(self, holder="", rules=None, look_seconds=2.0):
        self.lines, self.beats, self.rules, self.feed = {}, [], rules or NoRules(), Feed()
        self.monitor = Monitor(
            ruling=self.rules, publisher=self.feed, beat=lambda: self.beats.append(1), probe=self.probe, make=self.make, holder=holder,
            look_seconds=look_seconds, stop_seconds=50,
        )  # fmt: skip

    async def __aenter__(self):
        self.task = asyncio.create_task(self.monitor.run())
        return self

    async def __aexit__(self, *_):
        self.monitor.stop()
        await asyncio.wait_for(self.task, 60)

    def line(self, host="m1"):
        return self.lines.setdefault(host, Line())

    def make(self, _kind, target, check):
        return Scripted(self.line(target.host), check, target)

    async def probe(self, target):
        return self.line(target.host).ftp_answers


async def until(condition, seconds=60, what="what was waited for"):
    """Wait until ``condition`` (in a thread when it asks the database) is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := await condition() if asyncio.iscoroutinefunction(condition) else condition()):
        assert asyncio.get_running_loop().time() < deadline, f"{what} did not happen"
        await asyncio.sleep(0.02)
    return found


@sync_to_async
def add(slug="m1", **fields):
    return Device.objects.create(slug=slug, name=slug.title(), **{"host": slug, "poll_seconds": 1.0, **fields})


@sync_to_async
def change(slug="m1", **fields):
    Device.objects.filter(slug=slug).update(**fields)


@sync_to_async
def status(slug="m1"):
    return DeviceStatus.objects.filter(device__slug=slug).first()


def asked(line, times=1):
    return lambda: line.asked >= times
