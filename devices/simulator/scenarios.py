"""What a simulated meter can be made to hear, and what can be wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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
class Scenario:
    """``fault`` happens to every ``every``-th command."""

    title: str
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


SCENARIOS: Final = {
    "quiet": Scenario("A quiet room", _quiet),
    "day": Scenario("A street by day and by night", _day),
    "bursts": Scenario("Half a minute of noise every two minutes", _bursts),
    "ramp": Scenario("From 40 to 100 dB and back in two minutes", _ramp),
    "drops": Scenario("The connection is reset now and then", _quiet, Fault.DROP),
    "half_replies": Scenario("Now and then half a reply", _quiet, Fault.HALF),
    "late_replies": Scenario("Now and then a reply that is too late", _quiet, Fault.LATE),
    "garbage": Scenario("Now and then no reply but rubbish", _quiet, Fault.GARBAGE),
    "busy": Scenario("Now and then it says that it is busy", _quiet, Fault.BUSY),
    "wedge": Scenario("The control port refuses, FTP answers: only a power cycle helps", _quiet, control=Port.REFUSED),
    "asleep": Scenario("Connecting times out", _quiet, control=Port.DARK, ftp=Port.DARK),
    "no_reply": Scenario("It takes connections and never replies", _quiet, Fault.SILENT, every=1),
}
DEFAULT: Final = "day"
