"""The inside of a simulated meter: what it answers to a command, and in which state it is then. No socket, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from devices.simulator import lines, recordings
from devices.simulator.card import TOTAL_MB, TYPE, Card
from devices.simulator.measurement import Measurement
from devices.simulator.settings_table import LP_SECONDS, SECONDS, SETTINGS
from devices.simulator.sound import Sound

DONE, UNKNOWN, PARAMETER, DIRECTION, STATE = "R+0000", "R+0001", "R+0002", "R+0003", "R+0004"
CLOCK: Final = "%Y/%m/%d %H:%M:%S"
FIRST_YEAR, LAST_YEAR = 2023, 2079
SUB_OFFSETS: Final = (3.0, 5.0, -2.0)
"""dB of the three other channels above the main one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A result code, and a data line if the request was accepted. ``stream``: lines follow until SUB."""

    code: str
    data: str | None = None
    stream: str = ""


class Instrument:
    """Settings, measurement and card of one meter. Every call says when it is (``at``, Unix seconds)."""

    def __init__(
        self, sound: Sound, *, time_zone: str = "UTC", serial: str = "00340001", battery: str = "Full", sub_channels: int = 0
    ) -> None:
        self.sound = sound
        self.zone = ZoneInfo(time_zone)
        self.serial, self.battery, self.sub_channels = serial, battery, sub_channels
        self.clock_offset = 0.0
        self.card = Card()
        self.settings = {name: setting.default for name, setting in SETTINGS.items()}
        self.measuring = self.paused = False
        self.measurement: Measurement | None = None
        self._names = {name.casefold(): name for name in (*SETTINGS, *_ASKED, *_DONE)}

    def local(self, at: float) -> datetime:
        """What the meter's clock shows at ``at``: naive, in its zone."""
        return datetime.fromtimestamp(at + self.clock_offset, UTC).astimezone(self.zone).replace(tzinfo=None)

    # --- commands ---
    def answer(self, line: str, at: float) -> Answer:
        """What the meter says to ``line`` (without CR LF). Does what it asks."""
        self.advance(at)
        if "," in line:
            name, _, parameter = line.partition(",")
            return self._set(name, parameter.removeprefix(" "), at)
        if "?" in line:
            name, _, detail = line.partition("?")
            return self._get(name, detail, at)
        return Answer(UNKNOWN)

    def _get(self, written: str, detail: str, at: float) -> Answer:
        name = self._names.get(written.casefold())
        if name is None:
            return Answer(UNKNOWN)
        if name in SETTINGS:
            return Answer(PARAMETER) if detail else Answer(DONE, self.settings[name])
        if name not in _ASKED:
            return Answer(DIRECTION)
        if detail and (name, detail.casefold()) != ("DRD", "status"):
            return Answer(PARAMETER)
        return self._stream(detail) if name == "DRD" else Answer(DONE, _ASKED[name](self, at))

    def _set(self, written: str, parameter: str, at: float) -> Answer:
        name = self._names.get(written.casefold())
        if name is None:
            return Answer(UNKNOWN)
        if name in _DONE:
            return Answer(_DONE[name](self, parameter, at))
        if name not in SETTINGS:
            return Answer(DIRECTION)
        value = SETTINGS[name].check(parameter)
        if value is None:
            return Answer(PARAMETER)
        if self.measuring and not SETTINGS[name].free:
            return Answer(STATE)
        self.settings[name] = value
        return Answer(DONE)

    def _stream(self, detail: str) -> Answer:
        if self.settings["Store Mode"] == "Auto" and self.settings["Lp Store Interval"] != "100ms":
            return Answer(STATE)
        return Answer(DONE, stream="status" if detail else "drd")

    def _measure(self, parameter: str, at: float) -> str:
        if parameter.casefold() not in {"start", "stop"}:
            return PARAMETER
        if self.measuring == (parameter.casefold() == "start"):
            return STATE
        if self.measuring:
            self._stop(at)
        else:
            self.start(at)
        return DONE

    def _pause(self, parameter: str, _at: float) -> str:
        if parameter.casefold() not in {"on", "off"}:
            return PARAMETER
        wanted = parameter.casefold() == "on"
        if not self.measuring or self.paused == wanted:
            return STATE
        self.paused = wanted
        return DONE

    def _manual_store(self, parameter: str, at: float) -> str:
        if parameter.casefold() != "start":
            return PARAMETER
        if self.measuring or self.settings["Store Mode"] != "Manual" or self.measurement is None:
            return STATE
        address, name = int(self.settings["Manual Address"]), self.settings["Store Name"]
        started_at = self.local(self.measurement.started_at)
        recordings.keep_manual(self.card, name, address, started_at, self.local(at), self.measurement.values(self.percentiles))
        self.settings["Manual Address"] = str(address % 1000 + 1)
        return DONE

    def _set_clock(self, parameter: str, at: float) -> str:
        try:
            wanted = datetime.strptime(parameter, CLOCK)  # noqa: DTZ007 (the meter's clock knows no zone)
        except ValueError:
            return PARAMETER
        if not FIRST_YEAR <= wanted.year <= LAST_YEAR:
            return PARAMETER
        if self.measuring:
            return STATE
        self.clock_offset = wanted.replace(tzinfo=self.zone).timestamp() - at
        return DONE

    # --- measuring ---
    @property
    def percentiles(self) -> tuple[int, ...]:
        """Which shares LN1 to LN5 are."""
        return tuple(int(self.settings[f"Percentile {number}"]) for number in range(1, 6))

    def start(self, at: float) -> None:
        """Begin a measurement; in Auto mode also its folder."""
        self.measuring, self.paused, self.measurement = True, False, Measurement(at)
        if self.settings["Store Mode"] == "Auto":
            recordings.open_auto(self.card, self.settings["Store Name"], self.local(at))

    def advance(self, at: float) -> None:
        """Hear what there was up to ``at``. A measurement whose preset time passed has ended by itself."""
        if not self.measuring or self.measurement is None:
            return
        ends_at = self.measurement.started_at + SECONDS[self.settings[f"Measurement Time Preset {self.settings['Store Mode']}"]]
        if self.paused:
            self.measurement.skip(min(at, ends_at))
        else:
            self.measurement.advance(self.sound, min(at, ends_at))
        if at >= ends_at:
            self._stop(ends_at)

    def _stop(self, at: float) -> None:
        done = self.measurement
        self.measuring = self.paused = False
        if done is not None and self.settings["Store Mode"] == "Auto":
            self.record(done.started_at, at)

    def record(self, started_at: float, at: float) -> None:
        """Store the files of an Auto measurement that went from ``started_at`` to ``at``."""
        recorded = recordings.Recorded(
            name=self.settings["Store Name"],
            started_at=started_at,
            seconds=at - started_at,
            sound=self.sound,
            lp_seconds=LP_SECONDS[self.settings["Lp Store Interval"]],
            leq_seconds=SECONDS.get(self.settings["Leq Calculation Interval Preset"]),
            percentiles=self.percentiles,
            local=self.local,
        )
        recordings.keep_auto(self.card, recorded)

    # --- data ---
    def channels(self, at: float) -> list[lines.Channel | None]:
        """What each channel shows: Lp always, the rest once there was a measurement."""
        main = {"lp": self.sound(at), **(self.measurement.values(self.percentiles) if self.measurement else {})}
        offsets = (0.0, *SUB_OFFSETS[: self.sub_channels])
        return [{name: value + offset for name, value in main.items()} for offset in offsets]

    def drd_line(self, count: int, at: float, *, status: bool) -> str:
        """Line number ``count`` of a stream."""
        self.advance(at)
        line = lines.drd(count, self.channels(at))
        return f"{line},{lines.status(self.local(at), free_mb=self.card.free_mb, measuring=self.measuring)}" if status else line

    def exists(self) -> str:
        """Whether there is data where the next measurement would be stored."""
        where = recordings.folder(self.settings["Store Mode"], self.settings["Store Name"])
        return "Exist" if self.card.is_folder(where) else "None"


_ASKED: Final[dict[str, Callable[[Instrument, float], str]]] = {
    "Type": lambda _meter, _at: TYPE,
    "System Version": lambda _meter, _at: "01.02.0000",
    "Serial Number": lambda meter, _at: meter.serial,
    "Battery Level": lambda meter, _at: meter.battery,
    "SD Card Total Size": lambda _meter, _at: str(TOTAL_MB),
    "SD Card Free Size": lambda meter, _at: str(meter.card.free_mb),
    "SD Card Percentage": lambda meter, _at: str(round(100 * meter.card.free_mb / TOTAL_MB)),
    "Overwrite": lambda meter, _at: meter.exists(),
    "Measure": lambda meter, _at: "Start" if meter.measuring else "Stop",
    "Pause": lambda meter, _at: "On" if meter.paused else "Off",
    "Clock": lambda meter, at: meter.local(at).strftime(CLOCK),
    "DOD": lambda meter, at: lines.dod(meter.channels(at)),
    "DLC": lambda meter, at: lines.dlc(meter.channels(at)),
    "DRD": lambda _meter, _at: "",
}
_DONE: Final[dict[str, Callable[[Instrument, str, float], str]]] = {
    "Measure": Instrument._measure,
    "Pause": Instrument._pause,
    "Manual Store": Instrument._manual_store,
    "Clock": Instrument._set_clock,
}
