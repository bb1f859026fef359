"""Simulated meters for tests: ``with Meter(level=60) as meter: meter.port`` in a thread of its own.

In asynchronous tests use ``async with SimulatedMeter(**QUICK, level=60) as meter`` in the test's own loop.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Self

from devices.simulator.meter import Counters, SimulatedMeter
from devices.simulator.scenarios import Fault

__all__ = ["QUICK", "Fault", "Meter", "SimulatedMeter"]

QUICK: Final[dict[str, Any]] = {"latency_seconds": (0.0, 0.0), "slot_seconds": 0.0, "ftp_seconds": 0.0}
"""A meter that loses no time. It still insists on its pause of a second (``pause_seconds``)."""


class Meter:
    """A meter in a thread. Takes what SimulatedMeter takes; it is as quick as QUICK unless told otherwise."""

    def __init__(self, **options: Any) -> None:
        self._options = QUICK | options

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated meter", daemon=True)
        self._thread.start()
        self.inner = self._call(lambda: SimulatedMeter(**self._options))
        self._wait(self.inner.start())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wait(self.inner.stop())
        self._wait(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    @property
    def port(self) -> int:
        return self.inner.port

    @property
    def ftp_port(self) -> int:
        return self.inner.ftp_port

    @property
    def counters(self) -> Counters:
        """Live; read it when nothing is under way."""
        return self.inner.counters

    @property
    def violations(self) -> int:
        return self.inner.counters.violations

    @property
    def level(self) -> float | None:
        return self.inner.level

    @level.setter
    def level(self, level: float | None) -> None:
        self._call(lambda: setattr(self.inner, "level", level))

    @property
    def measuring(self) -> bool:
        return self.inner.instrument.measuring

    @property
    def settings(self) -> dict[str, str]:
        """The meter's own settings, by their names."""
        return self.inner.instrument.settings

    def switch(self, scenario: str) -> None:
        """Change the scenario; it holds when this returns."""
        self._wait(self.inner.switch(scenario))

    def fail_next(self, *faults: Fault) -> None:
        """Let the next commands go wrong."""
        self._call(lambda: self.inner.faults.extend(faults))

    def drop(self) -> None:
        """Reset every control connection now."""
        self._call(lambda: self.inner.slot.close(reset=True))

    def _wait(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    def _call(self, what: Callable[[], Any]) -> Any:
        async def do() -> Any:
            return what()

        return self._wait(do())
