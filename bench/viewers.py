"""One frame to a thousand viewers on one web process, beside plain Channels; with stuck ones among them; and from a meter to a viewer."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime

from bench import processes
from bench.house import ROOT, House, free_port
from bench.rows import Row, median, percentile, ratio
from bench.watchers import Watchers

NAME = "viewers"
VIEWERS, STUCK, PER_USER = 1000, 50, 20
RATE = 2.0
SLUG, METER = "bench-viewers", "bench-meter"
PATH, PEER_PATH, PEER_GROUP = f"/ws/devices/{SLUG}/", "/peer/", "bench-peer"
PADDING = 12_000
"""Characters that make frames so large that stuck viewers fill their buffers within seconds."""
PATIENCE_SECONDS = 60.0


def run(house: House) -> list[Row]:
    """See the module."""
    rounds, frames = (1, 20) if house.quick else (3, 40)
    keys = _prepare()
    with _Site() as site:
        ours, peer = [], []
        for _ in range(rounds):
            ours.append(_round(site, PATH, keys, frames))
            peer.append(_round(site, PEER_PATH, keys, frames))
        return [*_compared(ours, peer, frames * rounds), *_stuck(site, keys, frames), *_meter(house)]


def _prepare() -> list[str]:
    """A device, and users enough for all viewers; their keys."""
    from django.contrib.auth.models import Permission, User

    from devices.enums import DriverKind
    from devices.models import Device
    from sentinel_site.models import ApiKey

    Device.objects.get_or_create(slug=SLUG, defaults={"name": "Bench", "driver": DriverKind.PUSH})
    may = Permission.objects.get(codename="view_device")
    keys = []
    for number in range(VIEWERS // PER_USER + 3):
        user, _ = User.objects.get_or_create(username=f"viewer-{number}")
        user.user_permissions.add(may)
        keys.append(ApiKey.issue(user=user, name="bench")[1])
    return keys


class _Site:
    """The web server with both ways, and a loop that publishes to them."""

    def __enter__(self) -> "_Site":
        self.port = free_port()
        self.process = subprocess.Popen([sys.executable, "-m", "bench.viewers_site", str(self.port)], cwd=ROOT, env=dict(os.environ))
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def publish(self, path: str, seq: int, padding: str = "") -> None:
        """Send frame ``seq`` the way that ``path`` listens to."""
        self._do(self._send(path, seq, padding))

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)  # type: ignore[arg-type]

    async def _open(self) -> None:
        from channels.layers import channel_layers

        from devices.publishing import Publisher

        self._layer, self._publisher = channel_layers.make_backend("default"), Publisher()
        self._task = asyncio.create_task(self._publisher.run())

    async def _send(self, path: str, seq: int, padding: str) -> None:
        text = _frame(seq, padding)
        if path == PATH:
            self._publisher.put(SLUG, text)
        else:
            await self._layer.group_send(PEER_GROUP, {"type": "peer.frame", "text": text})


def _frame(seq: int, padding: str) -> str:
    from devices import frames
    from devices.drivers.base import Sample

    values = {"seq": seq, "sent": time.monotonic()} | dict.fromkeys(("lp", "leq", "lmax", "lmin", "ln1", "ln2", "ln3", "ln4", "ln5"), 61.2)
    now = datetime.now(UTC)
    return frames.encode_sample(SLUG, Sample(now, values | ({padding: 0.0} if padding else {})), sent_at=now)


def _round(site: _Site, path: str, keys: list[str], count: int) -> dict[str, float]:
    """All viewers of one way, ``count`` frames. Latencies in ms, what is missing, and what it cost."""
    with Watchers(site.port, path, keys, VIEWERS) as watchers:
        _warm_up(site, path, watchers)
        before = processes.cpu_seconds(site.process.pid)
        seen = _publish_all(site, path, watchers, count, VIEWERS)
        cpu = processes.cpu_seconds(site.process.pid) - before
    latencies = [late for _, late in seen]
    return {
        "p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99), "missing": count * VIEWERS - len(seen),
        "cpu": cpu / max(1, len(seen)) * 1e6, "client": watchers.cpu / max(1, len(seen)) * 1e6,
    }  # fmt: skip


def _warm_up(site: _Site, path: str, watchers: Watchers) -> None:
    """Until everybody has seen a frame: a subscription takes a moment."""
    until = time.monotonic() + PATIENCE_SECONDS
    seen = 0
    while time.monotonic() < until:
        site.publish(path, 0)
        time.sleep(1.5)
        last = watchers.take()["last"]
        seen = sum(each >= 0 for each in last)
        if seen == len(last):
            return
    raise RuntimeError(f"only {seen} viewers see anything")


def _publish_all(site: _Site, path: str, watchers: Watchers, count: int, viewers: int, padding: str = "") -> list[list[float]]:
    """``count`` frames at RATE, numbered from 1; what was seen of them, waiting for stragglers."""
    began, used = time.monotonic(), watchers.take()["cpu"]
    for seq in range(1, count + 1):
        time.sleep(max(0.0, began + seq / RATE - time.monotonic()))
        site.publish(path, seq, padding)
    seen: list[list[float]] = []
    until = time.monotonic() + PATIENCE_SECONDS
    while len(seen) < count * viewers and time.monotonic() < until:
        time.sleep(0.5)
        answer = watchers.take()
        seen += [each for each in answer["seen"] if each[0] > 0]
        watchers.cpu = answer["cpu"] - used
    return seen


def _compared(ours: list[dict[str, float]], peer: list[dict[str, float]], count: int) -> list[Row]:
    def of(rounds: list[dict[str, float]], what: str) -> float:
        return median([each[what] for each in rounds])

    shares = [ratio(one["p99"], other["p99"]) for one, other in zip(ours, peer, strict=True)]
    note = f"p99 {of(ours, 'p99'):.0f} and {of(peer, 'p99'):.0f} ms, median {of(ours, 'p50'):.0f} and {of(peer, 'p50'):.0f} ms"
    cost = f"plain Channels {of(peer, 'cpu'):.0f} us; the load client {of(ours, 'client'):.0f} us"
    what = f"{VIEWERS} viewers, {RATE:g} frames/s"
    return [
        Row(NAME, f"{what}: p99 against plain Channels", median(shares), "x", ("<=", 0.25), note),
        Row(NAME, f"{what}: missing of {count * VIEWERS:,}", sum(each["missing"] for each in ours), "", ("<=", 0),
            f"plain Channels: {sum(each['missing'] for each in peer):.0f}"),
        Row(NAME, f"{what}: CPU of web per viewer and frame", of(ours, "cpu"), "us", None, cost),
    ]  # fmt: skip


def _stuck(site: _Site, keys: list[str], frames: int) -> list[Row]:
    """The same with large frames: first everybody reads, then STUCK of them do not until the end."""
    frames = min(frames, 20)  # 10 s: those who answer no ping for 25 s are cut off, and would have to come back
    padding = "x" * PADDING
    healthy, whole = _beside(site, keys, frames, padding, stuck=False)
    hindered, rest = _beside(site, keys, frames, padding, stuck=True)
    note = f"p99 {healthy['p99']:.0f} and {hindered['p99']:.0f} ms; frames of {PADDING // 1000 + 1} kB"
    what = f"{STUCK} of {VIEWERS} stuck"
    return [
        Row(NAME, f"{what}: p99 of the others, change", (hindered["p99"] / healthy["p99"] - 1) * 100, "%", ("<=", 30), note),
        Row(NAME, f"{what}: missing for the others", healthy["missing"] + hindered["missing"], "", ("<=", 0)),
        Row(NAME, f"{what}: memory of web, change", hindered["grown"] - healthy["grown"], "MB", ("<=", 20)),
        Row(NAME, f"{what}: not on the last frame at the end", whole + rest, "", ("<=", 0),
            f"{hindered['cut']:.0f} were cut off and came back"),
    ]  # fmt: skip


def _beside(site: _Site, keys: list[str], frames: int, padding: str, *, stuck: bool) -> tuple[dict[str, float], int]:
    """What the others saw, and how many of all did not end on the last frame."""
    others = VIEWERS - STUCK
    with Watchers(site.port, PATH, keys[:-3], others) as reading, Watchers(site.port, PATH, keys[-3:], STUCK, stuck=stuck) as beside:
        _warm_up(site, PATH, reading)
        before = processes.pss_mib(site.process.pid)
        seen = _publish_all(site, PATH, reading, frames, others, padding)
        grown = processes.pss_mib(site.process.pid) - before
        if stuck:
            beside.go_on()
        behind = _behind(reading, frames) + _behind(beside, frames)
        cut = beside.take()["cut"]
    latencies = [late for _, late in seen]
    return {"p99": percentile(latencies, 0.99), "missing": frames * others - len(seen), "grown": grown, "cut": cut}, behind


def _behind(watchers: Watchers, last: int) -> int:
    until = time.monotonic() + 20
    while (behind := sum(each != last for each in watchers.take()["last"])) and time.monotonic() < until:
        time.sleep(0.5)
    return behind


def _meter(house: House) -> list[Row]:
    """From the end of a simulated meter's reply to a viewer on the house's own web process."""
    import websockets.sync.client

    from devices.enums import DriverKind
    from devices.models import Device

    seconds = 20 if house.quick else 60
    device, _ = Device.objects.update_or_create(
        slug=METER, defaults={"name": "Bench meter", "driver": DriverKind.SIMULATED, "host": "quiet", "poll_seconds": 1.0, "enabled": True}
    )
    late: list[float] = []
    url = f"ws://127.0.0.1:{house.port}/ws/devices/{METER}/"
    with websockets.sync.client.connect(url, additional_headers={"Authorization": f"Bearer {house.key}"}) as line:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                said = json.loads(line.recv(timeout=left))
            except TimeoutError:
                break
            if said["type"] == "frame" and not said.get("known"):
                late.append((time.time() - datetime.fromisoformat(said["measured_at"]).timestamp()) * 1000)
    Device.objects.filter(pk=device.pk).update(enabled=False)
    note = f"p99 {percentile(late, 0.99):.0f} ms, {len(late)} frames in {seconds} s"
    return [Row(NAME, "meter's reply to viewer: p50", percentile(late, 0.5), "ms", ("<=", 150), note)]
