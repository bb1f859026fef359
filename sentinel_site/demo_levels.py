"""A month of sample levels, as roll-ups: every hour, and of the last days a minute in ten. What a chart shows, in a few thousand rows."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from devices import levels
from devices.models import Device
from devices.models.reading import HOUR, MINUTE, Rollup
from devices.simulator import sound

Heard = Mapping[str, Callable[[float], float]]
"""By metric: what is measured at an instant (Unix seconds)."""
MONTH, WEEK, DAY = timedelta(days=30), timedelta(days=8), timedelta(days=1)
EVERY: Final = {HOUR: timedelta(hours=1), MINUTE: timedelta(minutes=10)}
SAMPLES: Final = {HOUR: 10, MINUTE: 3}
POLLED_SECONDS: Final = 20
BATCH: Final = 2000


def write(device: Device, heard: Heard, *, at: datetime) -> None:
    """Write the month of ``device`` up to a day before ``at``, from where on its readings are."""
    until = (at - DAY).replace(minute=0, second=0, microsecond=0)
    rows = [*_rows(device, heard, HOUR, until - MONTH, until), *_rows(device, heard, MINUTE, until - WEEK, until)]
    Rollup.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def workshop(zone: str) -> Callable[[float], float]:
    """A workshop, in dB(A): loud while people work, with a howl now and then, and quiet at night and on Sundays."""
    place = ZoneInfo(zone)

    def level(at: float) -> float:
        local, minute = datetime.fromtimestamp(at, place), int(at // 60)
        swing = 4 * (sound.chance(11, int(at // 7)) - 0.5)
        if local.weekday() == 6 or not 7 <= local.hour < 18 or local.hour == 12:  # a Sunday, the night, lunch
            return 41 + swing
        return (86 if sound.chance(12, minute // 9) > 0.93 else 61) + 2 * swing

    return level


def _rows(device: Device, heard: Heard, seconds: int, since: datetime, until: datetime) -> Iterator[Rollup]:
    for number in range(int((until - since) / EVERY[seconds])):
        begins = since + number * EVERY[seconds]
        for metric, level in heard.items():
            step = seconds / SAMPLES[seconds]
            yield _row(device, metric, seconds, begins, [level(begins.timestamp() + step * place) for place in range(SAMPLES[seconds])])


def _row(device: Device, metric: str, seconds: int, at: datetime, values: list[float]) -> Rollup:
    ordered = sorted(values)
    quantiles = {f"l{percent}": round(ordered[round((len(ordered) - 1) * (100 - percent) / 100)], 1) for percent in (10, 50, 90)}
    return Rollup(
        device=device, metric=metric, seconds=seconds, at=at, count=seconds // POLLED_SECONDS, low=round(ordered[0], 1),
        mean=round(levels.mean(metric, values) or 0.0, 1), high=round(ordered[-1], 1), **quantiles,
    )  # fmt: skip
