"""What a simulated meter can be made to hear, and what can be wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.enums import Scenario
from devices.simulator import sound
from devices.simulator.sound import Sound


class Fault(StrEnum):
    """What goes wrong with one command."""

    DROP = "drop"
    """The connection is reset in place of a reply."""
    HALF = "half"
    """Half of the reply comes, and no more."""
    LATE = "late"
    """The reply comes after the three seconds a meter has."""
    GARBAGE = "garbage"
    """What comes is no reply."""
    SILENT = "silent"
    """Nothing comes."""
    BUSY = "busy"
    """R+0004: processing could not finish in time. Nothing was done."""


class Port(StrEnum):
    """How a port behaves."""

    OPEN = "open"
    REFUSED = "refused"
    """Connecting is refused at once."""
    DARK = "dark"
    """Connecting times out."""


@dataclass(frozen=True, slots=True)
class Scene:
    """``fault`` happens to every ``every``-th command."""

    sound: Callable[[int, float], Sound]
    fault: Fault | None = None
    every: int = 7
    control: Port = Port.OPEN
    ftp: Port = Port.OPEN


def _quiet(seed: int, _utc_offset_seconds: float) -> Sound:
    return sound.quiet(seed)


def _bursts(seed: int, _utc_offset_seconds: float) -> Sound:
    return sound.bursts(seed)


def _ramp(seed: int, _utc_offset_seconds: float) -> Sound:
    return sound.ramp(seed)


def _day(seed: int, utc_offset_seconds: float) -> Sound:
    return sound.day(seed, utc_offset_seconds=utc_offset_seconds)


SCENARIOS: Final[dict[str, Scene]] = {
    Scenario.QUIET: Scene(_quiet),
    Scenario.DAY: Scene(_day),
    Scenario.BURSTS: Scene(_bursts),
    Scenario.RAMP: Scene(_ramp),
    Scenario.DROPS: Scene(_quiet, Fault.DROP),
    Scenario.HALF_REPLIES: Scene(_quiet, Fault.HALF),
    Scenario.LATE_REPLIES: Scene(_quiet, Fault.LATE),
    Scenario.GARBAGE: Scene(_quiet, Fault.GARBAGE),
    Scenario.BUSY: Scene(_quiet, Fault.BUSY),
    Scenario.WEDGE: Scene(_quiet, control=Port.REFUSED),
    Scenario.ASLEEP: Scene(_quiet, control=Port.DARK, ftp=Port.DARK),
    Scenario.NO_REPLY: Scene(_quiet, Fault.SILENT, every=1),
}
DEFAULT: Final = Scenario.DAY.value
