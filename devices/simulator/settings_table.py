"""The settings of a simulated meter: their names, what they take, and what they are when it leaves the factory."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

ON_OFF: Final = ("On", "Off")
TIMES: Final = ("10s", "1m", "5m", "10m", "15m", "30m", "1h", "8h", "24h")
SECONDS: Final = {"10s": 10, "1m": 60, "5m": 300, "10m": 600, "15m": 900, "30m": 1800, "1h": 3600, "8h": 28_800, "24h": 86_400}
LP_SECONDS: Final = {"Off": None, "10ms": 0.01, "25ms": 0.025, "100ms": 0.1, "200ms": 0.2, "1s": 1.0}
CHANNEL_NAMES: Final = ("Main", "Sub1", "Sub2", "Sub3")
Check = Callable[[str], str | None]
"""Gives the value as the meter keeps it; None: it does not take that."""


@dataclass(frozen=True, slots=True)
class Setting:
    """``free``: may be changed while the meter measures."""

    default: str
    check: Check
    free: bool = False


def _one_of(*values: str) -> Check:
    known = {value.casefold(): value for value in values}
    return lambda text: known.get(text.casefold())


def _number(low: int, high: int) -> Check:
    return lambda text: text if re.fullmatch(r"[0-9]{1,5}", text) and low <= int(text) <= high else None


def _digits(count: int) -> Check:
    return lambda text: text if re.fullmatch(rf"[0-9]{{{count}}}", text) else None


SETTINGS: Final[dict[str, Setting]] = {
    "Echo": Setting("Off", _one_of(*ON_OFF), free=True),
    "Index Number": Setting("1", _number(1, 255)),
    "Key Lock": Setting("Off", _one_of(*ON_OFF), free=True),
    "Backlight": Setting("Off", _one_of(*ON_OFF), free=True),
    "LCD": Setting("On", _one_of(*ON_OFF), free=True),
    **{
        f"Frequency Weighting ({name})": Setting(default, _one_of("A", "C", "Z"))
        for name, default in zip(CHANNEL_NAMES, "ACZA", strict=True)
    },
    **{f"Time Weighting ({name})": Setting("F", _one_of("F", "S", "I")) for name in CHANNEL_NAMES},
    "Store Mode": Setting("Manual", _one_of("Manual", "Auto")),
    "Store Name": Setting("0001", _digits(4)),
    "Manual Address": Setting("1", _number(1, 1000)),
    "Measurement Time Preset Manual": Setting("24h", _one_of(*TIMES)),
    "Measurement Time Preset Auto": Setting("24h", _one_of(*TIMES)),
    "Leq Calculation Interval Preset": Setting("1m", _one_of("Off", *TIMES)),
    "Lp Store Interval": Setting("1s", _one_of(*LP_SECONDS)),
    **{f"Percentile {number}": Setting(share, _number(1, 99)) for number, share in enumerate(("5", "10", "50", "90", "95"), start=1)},
    "Sleep Mode": Setting("Off", _one_of(*ON_OFF)),
    "Ethernet": Setting("On", _one_of(*ON_OFF), free=True),
    "Web": Setting("Off", _one_of(*ON_OFF), free=True),
    "FTP": Setting("On", _one_of(*ON_OFF), free=True),
    "TCP": Setting("On", _one_of(*ON_OFF), free=True),
}
