"""The words of `devices`."""

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DriverKind(TextChoices):
    """What speaks with a device."""

    NL43 = "nl43", _("Rion NL-43 / NL-53 sound level meter")
    """Polled by the monitor over the meter's one connection."""
    SIMULATED = "simulated", _("Simulated sound level meter")
    """The real nl43 driver on a meter that the monitor simulates in its own process, for the demo. ``host`` names the scenario."""
    PUSH = "push", _("Pushes its readings by REST")
    """Anything that posts: humidity, temperature, ..."""


POLLED: Final = (DriverKind.NL43, DriverKind.SIMULATED)
"""Drivers whose devices the monitor talks to; the others come by themselves."""


class Scenario(TextChoices):
    """What a simulated meter hears, or what is wrong with it."""

    QUIET = "quiet", "A quiet room"
    DAY = "day", "A street by day and by night"
    BURSTS = "bursts", "Half a minute of noise every two minutes"
    RAMP = "ramp", "From 40 to 100 dB and back in two minutes"
    DROPS = "drops", "The connection is reset now and then"
    HALF_REPLIES = "half_replies", "Now and then half a reply"
    LATE_REPLIES = "late_replies", "Now and then a reply that comes too late"
    GARBAGE = "garbage", "Now and then rubbish in place of a reply"
    BUSY = "busy", "Now and then it says that it is busy"
    WEDGE = "wedge", "The control port refuses, FTP answers: only a power cycle helps"
    ASLEEP = "asleep", "Connecting times out"
    NO_REPLY = "no_reply", "It takes connections and never replies"


class Mode(TextChoices):
    """What the monitor does with a device at the moment."""

    WATCHED = "watched", _("Watched")
    """Polled as fast as its ``poll_seconds`` says: somebody looks, or a rule needs every sample."""
    IDLE = "idle", _("Idle")
    """Polled now and then: kept alive, but nobody looks and no rule needs more."""
    BACK_OFF = "back_off", _("Trying again")
    """It does not answer; tried again after a growing pause."""
    STANDBY = "standby", _("Standby")
    """Nobody wants it: its connection is released for other programs."""


class RunState(TextChoices):
    """Whether the meter measures."""

    MEASURING = "measuring", _("Measuring")
    STOPPED = "stopped", _("Stopped")
    UNKNOWN = "unknown", _("Unknown")


class Comparison(TextChoices):
    """On which side of its threshold a rule holds."""

    ABOVE = "above", _("Above")
    BELOW = "below", _("Below")


class RulePhase(TextChoices):
    """How far a rule got."""

    QUIET = "quiet", _("Quiet")
    """The value is on the good side."""
    RISING = "rising", _("Beyond, not long enough yet")
    """Beyond the threshold, not yet for the sustained time."""
    ACTIVE = "active", _("Active")
    """There was an onset, and no clear since."""
    FALLING = "falling", _("Active, back but not long enough yet")
    """Back on the good side of threshold and hysteresis, not yet for the sustained time."""


class Closing(TextChoices):
    """Why an event of a rule ended."""

    CLEARED = "cleared", _("The value came back")
    WINDOW = "window", _("The rule's hours ended")
    EDITED = "edited", _("The rule was edited")
    DISABLED = "disabled", _("The rule was switched off")
    DELETED = "deleted", _("The rule was deleted")
    DEVICE = "device", _("The device was switched off or deleted")


class CommandStatus(TextChoices):
    """How far a command to a device got."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", pgettext_lazy("command", "Done")
    REFUSED = "refused", _("Refused by the device")
    UNREACHABLE = "unreachable", _("The device did not answer")
    TIMED_OUT = "timed_out", _("Not done in time")
    FAILED = "failed", _("Failed")


COMMAND_OPEN: Final = (CommandStatus.QUEUED, CommandStatus.RUNNING)


class NoteKind(TextChoices):
    """What a technician's note complains of."""

    COVER = "cover", _("Cover")
    SUPPLY = "supply", _("Supply")
    TANK = "tank", _("Tank")
    ENVIRONMENT = "environment", _("Environment")


class FindingStatus(TextChoices):
    """What became of something found in a note."""

    OPEN = "open", pgettext_lazy("finding", "Open")
    RESOLVED = "resolved", pgettext_lazy("finding", "Resolved")
    ARCHIVED = "archived", pgettext_lazy("finding", "Archived")
