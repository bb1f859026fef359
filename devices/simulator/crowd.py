"""Many simulated meters in one process, and a small control port: one JSON object a line asks, one JSON object a line answers.

``{"do": "counters"}`` · ``{"do": "clear"}`` · ``{"do": "switch", "scenario": "wedge"}`` · ``{"do": "level", "level": 85}`` (null: back to
the scenario) · ``{"do": "drop"}`` resets their connections. ``"meter": 3`` means that one alone; without it all are meant.
"""

import asyncio
import json
import resource
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final, Self

from devices.simulator.meter import SimulatedMeter
from devices.simulator.scenarios import DEFAULT

FILES_PER_METER: Final = 8


class Crowd:
    """``count`` meters, each option of SimulatedMeter for all of them; ports count up from ``port`` and ``ftp_port``, 0 takes free ones."""

    def __init__(self, count: int, *, port: int = 0, ftp_port: int = 0, scenario: str = DEFAULT, **options: Any) -> None:
        self.meters = [
            SimulatedMeter(port=port and port + number, ftp_port=ftp_port and ftp_port + number, scenario=scenario, seed=number, **options)
            for number in range(count)
        ]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        _allow_files(len(self.meters) * FILES_PER_METER)
        for meter in self.meters:
            await self._stack.enter_async_context(meter)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    async def control(self, port: int, host: str = "127.0.0.1") -> asyncio.Server:
        """Open the control port."""
        return await asyncio.start_server(self._serve, host, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the other side is gone, or says something that is no such object."""
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self.do(json.loads(line))).encode() + b"\n")
                await writer.drain()
        except (ValueError, KeyError, TypeError, IndexError, OSError) as error:
            writer.write(json.dumps({"error": str(error)}).encode() + b"\n")
        finally:
            writer.close()

    async def do(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer one request. Raises KeyError, IndexError, TypeError or ValueError for one that is wrong."""
        chosen = self.meters if asked.get("meter") is None else [self.meters[int(asked["meter"])]]
        act = _ACTS[asked["do"]]
        for meter in chosen:
            await act(meter, asked)
        return {
            "meters": [describe(meter, times=bool(asked.get("times"))) for meter in chosen] if asked["do"] == "counters" else len(chosen)
        }


def describe(meter: SimulatedMeter, *, times: bool = False) -> dict[str, Any]:
    """Where a meter is, how it is and what it counted; ``times``: also when each command came."""
    counted = meter.counters.document()
    if not times:
        del counted["at"]
    return {"port": meter.port, "ftp_port": meter.ftp_port, "scenario": meter.scenario, "level": meter.level, **counted}


async def _switch(meter: SimulatedMeter, asked: dict[str, Any]) -> None:
    await meter.switch(str(asked["scenario"]))


async def _level(meter: SimulatedMeter, asked: dict[str, Any]) -> None:
    meter.level = None if asked["level"] is None else float(asked["level"])


async def _clear(meter: SimulatedMeter, _asked: dict[str, Any]) -> None:
    meter.counters.clear()


async def _drop(meter: SimulatedMeter, _asked: dict[str, Any]) -> None:
    meter.slot.close(reset=True)


async def _counters(_meter: SimulatedMeter, _asked: dict[str, Any]) -> None:
    pass


_ACTS: Final[dict[str, Callable[[SimulatedMeter, dict[str, Any]], Any]]] = {
    "counters": _counters, "clear": _clear, "switch": _switch, "level": _level, "drop": _drop,
}  # fmt: skip


def _allow_files(needed: int) -> None:
    """Each connection is an open file; take as many as the system gives without asking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed + 256 if hard == resource.RLIM_INFINITY else min(needed + 256, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
