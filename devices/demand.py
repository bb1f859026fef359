"""What is wanted of a device at the moment, and when it is asked next. Values in, values out; no clock is read here.

Instants are seconds of one steady clock, pauses are seconds.
"""

from dataclasses import dataclass
from typing import Final

from devices.enums import Mode

REST_SECONDS: Final = 1.0
"""The least between the end of a reply and the next question."""
IDLE_SECONDS: Final = 10.0
BACK_OFF_SECONDS: Final = (1.0, 60.0)
WANTED_BACK_OFF_SECONDS: Final = 5.0
"""The longest pause between tries while somebody looks, or a rule needs the device."""
JITTER: Final = 0.25
"""By how much of itself a pause may be shorter: many devices behind one dead modem do not come back in step."""
FAR: Final = 16
"""So many failures, and the pause has long been the longest."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Who wants something of a device."""

    enabled: bool = True
    keepalive: bool = True
    has_rules: bool = False
    """An enabled rule: sustained for two seconds cannot be told from a value every ten."""
    viewers: int = 0
    has_commands: bool = False

    @property
    def mode(self) -> Mode:
        """What the monitor does with the device while it answers. Rules alone wake no device: they only make a watched one exact."""
        if not self.enabled:
            return Mode.STANDBY
        if self.viewers or (self.keepalive and self.has_rules):
            return Mode.WATCHED
        return Mode.IDLE if self.keepalive else Mode.STANDBY

    @property
    def needs_connection(self) -> bool:
        """Whether a monitor must have the device. Commands wake one on standby for as long as they take."""
        return self.enabled and (self.mode != Mode.STANDBY or self.has_commands)


NOTHING: Final = Demand(enabled=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """The last time the device was asked: when, when that was over, and how many failures in a row that makes."""

    started: float
    ended: float
    failures: int = 0


def next_at(mode: Mode, poll_seconds: float, last: Asked, *, chance: float) -> float:
    """When the device is asked next. ``chance`` is a random number from 0 to 1, drawn once for each time it was asked."""
    if last.failures:
        return last.ended + back_off(last.failures, wanted=mode == Mode.WATCHED, chance=chance)
    pause = poll_seconds if mode == Mode.WATCHED else max(poll_seconds, IDLE_SECONDS)
    return max(last.started + pause, last.ended + REST_SECONDS)


def back_off(failures: int, *, wanted: bool, chance: float) -> float:
    """The pause after so many failures in a row: from a second, doubled each time, to a minute; five seconds while it is ``wanted``."""
    least, most = BACK_OFF_SECONDS
    pause = min(least * 2.0 ** (min(failures, FAR) - 1), WANTED_BACK_OFF_SECONDS if wanted else most)
    return max(least, pause * (1 - JITTER * chance))
