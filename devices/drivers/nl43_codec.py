"""What the meter says, as values. Pure: no connection, no clock.

Levels are in dB. A field without a value is None and keeps its place. A level that no meter can measure is refused: in the
main Lp, by which rules act, the whole line is; elsewhere the field has no value.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from devices.enums import RunState
from devices.errors import BadReply, CommandRefused

CRLF: Final = b"\r\n"
SUB: Final = b"\x1a"
"""Ends a stream."""
DONE: Final = "R+0000"
WRONG_STATE: Final = "R+0004"
REFUSALS: Final[Mapping[str, str]] = {
    "R+0001": "the meter does not know this command",
    "R+0002": "the meter does not take this value",
    "R+0003": "this can only be asked for, or only be set",
    WRONG_STATE: "not in the meter's present state, or it is busy: stop the measurement first, or try again in a moment",
}
CHANNELS: Final = ("", "sub1_", "sub2_", "sub3_")
LEVELS: Final = (
    "lp", "leq", "le", "lmax", "lmin", "ln1", "ln2", "ln3", "ln4", "ln5", "lpeak", "lieq", "leq_mov", "ltm5",
)  # fmt: skip
STREAM_LEVELS: Final = ("lp", "leq", "lmax", "lmin", "lpeak", "lieq")
DOD_FIELDS: Final = len(CHANNELS) * (len(LEVELS) + 2)
DRD_FIELDS: Final = 1 + len(CHANNELS) * (len(STREAM_LEVELS) + 2)
STATUS_FIELDS: Final = 5
COUNTER_MAX: Final = 600
LOWEST, HIGHEST = -20.0, 200.0
"""dB. The meters measure from 25 to 143; LE grows by 10 dB each time the measurement gets ten times longer."""
NO_LEVEL: Final = 999.9
_PRINTABLE: Final = re.compile(rb"[ -~]*")
_RESULT: Final = re.compile(r"R\+\d{4}", re.A)
_LEVEL: Final = re.compile(r"-?\d{1,3}\.\d{1,2}", re.A)
_NO_VALUE: Final = re.compile(r"-{0,3}(?:\.-)?", re.A)
_CLOCK: Final = re.compile(r"(20\d\d)/(\d\d?)/(\d\d?) +(\d\d?):(\d\d):(\d\d)", re.A)
_BATTERY_WORD: Final = re.compile(r"[A-Za-z][A-Za-z ]{0,19}")
_LETTERS: Final = {"F": "Full", "M": "Middle", "L": "Low", "D": "Dead", "E": "Empty"}
_POWER: Final = {"I": "internal", "E": "external", "U": "usb"}


@dataclass(frozen=True, slots=True)
class Levels:
    """A line of levels: ``values`` by metric name, the other channels' as sub1_lp … where they are on."""

    values: Mapping[str, float | None]
    overload: bool
    under_range: bool


@dataclass(frozen=True, slots=True)
class Streamed:
    """A line of a stream. ``counter`` runs from 1 to 600; ``status`` is there when the stream has it."""

    counter: int
    levels: Levels
    status: Mapping[str, str | int | None]


def line(raw: bytes) -> str:
    """A line without its end and the prompts that stick to its front. Raises BadReply for what is not printable ASCII."""
    text = raw.strip(b"\r\n").lstrip(b"$ ").rstrip()
    if not _PRINTABLE.fullmatch(text):
        raise BadReply("the device sent bytes that no meter sends")
    return text.decode("ascii")


def is_result(text: str) -> bool:
    """Whether ``text`` is a result code."""
    return _RESULT.fullmatch(text) is not None


def accepted(text: str) -> None:
    """Raises CommandRefused unless the result code ``text`` means done, BadReply when it is none."""
    if not is_result(text):
        raise BadReply("the device answered without a result code")
    if text != DONE:
        raise CommandRefused(text, f"{text}: {REFUSALS.get(text, 'the meter refuses, and does not say why')}")


def dod(text: str, *, final: bool = False) -> Levels:
    """The present values (DOD), or the final ones of the last measurement (``final``: DLC), which have no main Lp. Raises BadReply."""
    fields = text.split(",")
    if len(fields) != DOD_FIELDS:
        raise BadReply(f"the device sent {len(fields)} values instead of {DOD_FIELDS}")
    return _levels(fields, LEVELS, needs_lp=not final)


def drd(text: str) -> Streamed:
    """One line of a stream, with status or without. Raises BadReply."""
    fields = text.split(",")
    if len(fields) not in {DRD_FIELDS, DRD_FIELDS + STATUS_FIELDS}:
        raise BadReply(f"the device streamed {len(fields)} values instead of {DRD_FIELDS}")
    counter = fields[0].strip()
    if not re.fullmatch(r"\d{1,3}", counter, re.A) or not 1 <= int(counter) <= COUNTER_MAX:
        raise BadReply("the device streamed a line without a number")
    levels = _levels(fields[1:DRD_FIELDS], STREAM_LEVELS, needs_lp=True)
    return Streamed(int(counter), levels, _status([field.strip() for field in fields[DRD_FIELDS:]]))


def _levels(fields: Sequence[str], names: Sequence[str], *, needs_lp: bool) -> Levels:
    width, values, flags = len(names) + 2, {}, []
    for index, prefix in enumerate(CHANNELS):
        part = fields[index * width : (index + 1) * width]
        found = {f"{prefix}{name}": _level(field) for name, field in zip(names, part[:-2], strict=True)}
        flags.append([_flag(field) for field in part[-2:]])
        if not prefix or any(value is not None for value in found.values()):
            values.update(found)
    if needs_lp and values["lp"] is None:
        raise BadReply("the device sent no present level, or one that no meter can measure")
    low, high = values["lmin"], values["lmax"]
    if low is not None and high is not None and low > high:
        raise BadReply("the device sent a lowest level above its highest")
    return Levels(values, overload=any(each[0] for each in flags), under_range=any(each[1] for each in flags))


def _level(field: str) -> float | None:
    text = field.strip()
    if _NO_VALUE.fullmatch(text):
        return None
    if not _LEVEL.fullmatch(text):
        raise BadReply("the device sent a level that is no number")
    value = float(text)
    return value if LOWEST <= value <= HIGHEST else None


def _flag(field: str) -> bool:
    text = field.strip()
    if text not in {"0", "1", "-", ""}:
        raise BadReply("the device sent values in other places than its protocol says")
    return text == "1"


def _status(fields: Sequence[str]) -> dict[str, str | int | None]:
    if not fields:
        return {}
    stamp, power, battery, free, state = fields
    return {
        "clock": stamp,
        "power": _POWER.get(power.upper()),
        "battery": _LETTERS.get(battery.upper()),
        "sd_free_mb": int(free) if free.isascii() and free.isdigit() else None,
        "state": {"M": RunState.MEASURING, "S": RunState.STOPPED}.get(state.upper(), RunState.UNKNOWN).value,
    }


def run_state(text: str) -> RunState:
    """What ``Measure?`` says. Raises BadReply."""
    try:
        return {"start": RunState.MEASURING, "stop": RunState.STOPPED}[text.strip().lower()]
    except KeyError:
        raise BadReply("the device does not say whether it measures") from None


def is_on(text: str) -> bool:
    """What a switch says. Raises BadReply."""
    word = text.strip().lower()
    if word not in {"on", "off"}:
        raise BadReply("the device says neither On nor Off")
    return word == "on"


def battery(text: str) -> dict[str, str | int | None]:
    """``level`` as the meter's word, or ``percent``: firmwares say the one or the other. Raises BadReply."""
    bare = text.strip().removesuffix("%").strip()
    if bare.isascii() and bare.isdigit() and len(bare) <= 3 and int(bare) <= 100:
        return {"level": None, "percent": int(bare)}
    if _BATTERY_WORD.fullmatch(bare):
        return {"level": bare, "percent": None}
    raise BadReply("the device says nothing about its battery that can be read")


def clock(text: str, zone: str, *, near: datetime) -> datetime:
    """The meter's clock, which shows local time, as an instant in UTC: in the hour that comes twice, the one nearer to ``near``.

    Raises BadReply.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise BadReply("the device says no time that can be read")
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        shown = datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(zone))
    except ValueError:
        raise BadReply("the device says a time that does not exist") from None
    return min((shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1)), key=lambda each: abs(each - near))


def clock_text(at: datetime, zone: str) -> str:
    """``at`` as the meter's clock shows it in ``zone``, to the nearest second."""
    local = (at + timedelta(milliseconds=500)).astimezone(ZoneInfo(zone))
    return f"{local:%Y/%m/%d %H:%M:%S}"


def store_name(text: str) -> int:
    """The number that names the next folder. Raises BadReply."""
    bare = text.strip()
    if not re.fullmatch(r"\d{1,4}", bare, re.A):
        raise BadReply("the device says no Store Name that can be read")
    return int(bare)


def exists(text: str) -> bool:
    """What ``Overwrite?`` says: whether there is data under the present Store Name. Raises BadReply."""
    word = text.strip().lower()
    if word not in {"none", "exist"}:
        raise BadReply("the device does not say whether its Store Name is used")
    return word == "exist"


def quantity(text: str) -> float | str:
    """A number as a number, with or without a unit's %, else the text itself."""
    bare = text.strip().removesuffix("%").strip()
    return float(bare) if re.fullmatch(r"\d{1,12}(?:\.\d{1,6})?", bare, re.A) else text.strip()[:80]
