"""Simulated meters in a process of their own, that answer at once and count what they are asked."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "bench-"


class Meters:
    """``count`` meters as a context."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __enter__(self) -> Self:
        command = [sys.executable, str(ROOT / "manage.py"), "simulate_nl43", "--port", "0", "--ftp-port", "0", "--control-port", "0",
                   "--latency", "0", "0", "--scenario", "quiet", "--count", str(self.count)]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        where = json.loads(self.process.stdout.readline())
        self.ports = [(meter["port"], meter["ftp_port"]) for meter in where["meters"]]
        self.socket = socket.create_connection(("127.0.0.1", where["control_port"]), 30)
        self.lines = self.socket.makefile("rw")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.lines.close()
        self.socket.close()
        self.process.terminate()
        self.process.wait(10)

    def do(self, what: str, **arguments: Any) -> Any:
        """One request of the control port (docs/simulator.md), and what it answers."""
        self.lines.write(json.dumps({"do": what, **arguments}) + "\n")
        self.lines.flush()
        answer = json.loads(self.lines.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["meters"]

    def counted(self) -> list[dict[str, Any]]:
        """What each meter counted; ``frames``: when it was asked for values, by the monotonic clock of this machine."""
        found = self.do("counters", times=True)
        for meter in found:
            meter["frames"] = [at for at, line in meter["at"] if line.casefold() == "dod?"]
        return found

    def wait(self, *, since: float, seconds: float, meters: range | None = None) -> list[float]:
        """When each of the meters was first asked for values after ``since``; those that were not are missing."""
        until = time.monotonic() + seconds
        while True:
            chosen = [meter for number, meter in enumerate(self.counted()) if meters is None or number in meters]
            first = [min(later) for meter in chosen if (later := [at for at in meter["frames"] if at > since])]
            if len(first) == len(chosen) or time.monotonic() > until:
                return first
            time.sleep(0.2)


def add_devices(meters: Meters) -> None:
    """A watched device for each meter, told by the source ``bench-life``; its rule holds above 80 dB, at once. Needs Django set up."""
    from alerts.models import Source
    from devices.models import AlertRule, Device

    source = Source.objects.get(slug="bench-life")
    for number, (port, ftp_port) in enumerate(meters.ports):
        device = Device.objects.create(
            slug=f"{PREFIX}{number}", name=f"mark:{PREFIX}{number}", host="127.0.0.1", port=port, ftp_port=ftp_port, poll_seconds=1.0,
            source=source,
        )  # fmt: skip
        AlertRule.objects.create(device=device, name="loud", threshold=80.0, sustained_seconds=0, cooldown_seconds=0)


def remove_devices() -> None:
    """Those devices, with everything they measured."""
    from devices.models import Device, Reading, Rollup

    numbers = list(Device.objects.filter(slug__startswith=PREFIX).values_list("pk", flat=True))
    for device in Device.objects.filter(pk__in=numbers):
        device.delete()
    for model in (Reading, Rollup):
        model.objects.filter(device_id__in=numbers).delete()
