"""What a simulated meter writes to its card, in the folders and under the names an NL-43 gives.

Auto: ``/NL-43/Auto_0001/`` with a header file, ``Auto_Leq_01/`` and ``Auto_Lp_01/``; manual: one file per folder that grows by a line.
Names of Lp files have a blank before the underscore.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from devices.simulator.card import TYPE, Card
from devices.simulator.lines import level
from devices.simulator.measurement import Measurement
from devices.simulator.sound import Sound

LEVELS: Final = {
    "leq": "Leq", "le": "LE", "lmax": "Lmax", "lmin": "Lmin", "ln1": "LN1", "ln2": "LN2", "ln3": "LN3", "ln4": "LN4", "ln5": "LN5",
    "lpeak": "Lpeak",
}  # fmt: skip
"""Of a measurement, and their columns."""
MOST_LINES: Final = 36_000
"""Of one file: an hour at ten a second. Longer measurements keep their beginning only."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A measurement that ended, and how it was set."""

    name: str
    started_at: float
    seconds: float
    sound: Sound
    lp_seconds: float | None
    leq_seconds: float | None
    percentiles: tuple[int, ...]
    local: Callable[[float], datetime]


def folder(mode: str, name: str) -> str:
    """Where measurements of that store mode and name are kept."""
    return f"/{TYPE}/{mode}_{name}"


def open_auto(card: Card, name: str, at: datetime) -> None:
    """Begin an Auto folder, empty: what had that name is gone."""
    card.remove(folder("Auto", name))
    card.folder(folder("Auto", name), at)


def keep_auto(card: Card, done: Recorded) -> None:
    """Store the files of an Auto measurement."""
    top, at = folder("Auto", done.name), done.local(done.started_at + done.seconds)
    card.put(f"{top}/NL_0001_SLM_AUT_{done.name}.rnh", at, lambda: _header(done))
    if done.leq_seconds:
        card.put(f"{top}/Auto_Leq_01/NL_0001_SLM_Leq_{done.name}_0001.rnd", at, lambda: _leq_file(done))
    if done.lp_seconds:
        card.put(f"{top}/Auto_Lp_01/NL_0001_SLM_Lp _{done.name}_0001.rnd", at, lambda: _lp_file(done))


def keep_manual(card: Card, name: str, address: int, started_at: datetime, at: datetime, values: Mapping[str, float]) -> None:
    """Add a line to the file of a Manual folder."""
    path = f"{folder('Manual', name)}/NL_0001_SLM_MAN_{name}_0000.rnd"
    before = card.files[path].content if path in card.files else _text(["CSV", _columns(f"Main {each}" for each in LEVELS.values())])
    line = _text([f"{address},{started_at:%Y/%m/%d %H:%M:%S}," + ",".join(level(values.get(each)) for each in LEVELS)])
    card.put(path, at, lambda: before + line)


def _columns(names: Iterable[str]) -> str:
    return ",".join(["Address", "Start Time", *names])


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _header(done: Recorded) -> bytes:
    started_at = done.local(done.started_at)
    return _text([
        "CSV", f"Type,{TYPE}", "Store Mode,Auto", f"Store Name,{done.name}", f"Start Time,{started_at:%Y/%m/%d %H:%M:%S}",
        f"Measurement Time,{timedelta(seconds=round(done.seconds))}", "Frequency Weighting (Main),A", "Time Weighting (Main),F",
        f"Percentile,{','.join(map(str, done.percentiles))}",
    ])  # fmt: skip


def _starts(done: Recorded, step: float) -> list[float]:
    return [done.started_at + number * step for number in range(min(MOST_LINES, max(1, int(done.seconds // step))))]


def _lp_file(done: Recorded) -> bytes:
    rows = enumerate(_starts(done, done.lp_seconds or 1.0), start=1)
    lines = [f"{number},{done.local(at):%Y/%m/%d %H:%M:%S.%f}"[:-3] + f",{level(done.sound(at))}" for number, at in rows]
    return _text(["CSV", _columns(["Main Lp"]), *lines])


def _leq_file(done: Recorded) -> bytes:
    step = done.leq_seconds or 60.0
    lines = []
    for number, at in enumerate(_starts(done, step), start=1):
        part = Measurement(at)
        part.advance(done.sound, min(at + step, done.started_at + done.seconds))
        values = part.values(done.percentiles)
        lines.append(f"{number},{done.local(at):%Y/%m/%d %H:%M:%S}," + ",".join(level(values.get(each)) for each in LEVELS))
    return _text(["CSV", _columns(f"Main {each}" for each in LEVELS.values()), *lines])
