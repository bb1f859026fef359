"""The data lines of an NL-43: DOD, DLC and DRD."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

CHANNELS: Final = 4
DOD_LEVELS: Final = ("lp", "leq", "le", "lmax", "lmin", "ln1", "ln2", "ln3", "ln4", "ln5", "lpeak", "lieq", "leqmov", "ltm5")
DRD_LEVELS: Final = ("lp", "leq", "lmax", "lmin", "lpeak", "lieq")
NONE, OFF = "  -.-", "-"
OVERLOAD, UNDER_RANGE = 130.0, 25.0
LAST_COUNT: Final = 600

Channel = Mapping[str, float]
"""Name → dB of one channel; a name that is missing has no value."""


def level(value: float | None) -> str:
    """Five characters."""
    return NONE if value is None else f"{value:5.1f}"


def dod(channels: Sequence[Channel | None]) -> str:
    """64 fields; None is a channel that is off."""
    return ",".join(field for channel in _all(channels) for field in _fields(channel, DOD_LEVELS))


def dlc(channels: Sequence[Channel | None]) -> str:
    """As DOD with final values: there is no Lp."""
    return dod([None if channel is None else {name: value for name, value in channel.items() if name != "lp"} for channel in channels])


def drd(count: int, channels: Sequence[Channel | None]) -> str:
    """33 fields; ``count`` begins at 1 and comes round after 600."""
    number = (count - 1) % LAST_COUNT + 1
    return ",".join([f"{number:3d}", *(field for channel in _all(channels) for field in _fields(channel, DRD_LEVELS))])


def status(at: datetime, *, free_mb: int, measuring: bool) -> str:
    """What DRD?status has behind each line: instant, power source, battery, room on the card, measuring or stopped."""
    return f"{at:%Y/%m/%d %H:%M:%S},I,F,{free_mb},{'M' if measuring else 'S'}"


def _all(channels: Sequence[Channel | None]) -> list[Channel | None]:
    return [*channels, *[None] * (CHANNELS - len(channels))]


def _fields(channel: Channel | None, names: Sequence[str]) -> list[str]:
    if channel is None:
        return [*[NONE] * len(names), OFF, OFF]
    lp = channel.get("lp")
    flags = ["0", "0"] if lp is None else [str(int(lp > OVERLOAD)), str(int(lp < UNDER_RANGE))]
    return [*(level(channel.get(name)) for name in names), *flags]
