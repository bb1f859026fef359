"""Readings that devices send by themselves: taken in, judged by rules, shown live.

Storing comes first, in one statement; then the rules; then the status. Whatever fails answers with an error, and the
sender sends it all again: what is stored already is taken quietly, and no rule judges a reading twice. Redis is asked nothing: the
live frame is handed over at the very end, and may be lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from pydantic_core import to_json

from devices import frames, humidity, metric_names, publishing, readings, ruling, silent
from devices.drivers.base import Sample
from devices.enums import RunState
from devices.models import Device
from devices.readings import NewReading
from sentinel_site.lib import jsontext, problems
from sentinel_site.lib.problems import Problem

MAX_READINGS: Final = 1000
FUTURE: Final = timedelta(minutes=5)
"""A sender's clock may be ahead by so much."""
MARGIN: Final = timedelta(hours=2)
"""So much before they would be deleted readings are taken: what comes late must still be rolled up, with its whole hour."""
EXAMPLE: Final = 'send {"readings": [{"at": "2026-03-02T12:00:00Z", "values": {"humidity": 45.5}}]}'
_HEARD: Final = """
INSERT INTO devices_devicestatus AS status (device_id, holder, mode, reachable, failures, error, state, last_frame_at, frame)
VALUES (%(device)s, '', 'standby', true, 0, '', %(state)s, %(at)s, %(frame)s::jsonb)
ON CONFLICT (device_id) DO UPDATE SET reachable = true, unreachable_since = NULL, failures = 0, error = '', state = excluded.state,
    last_frame_at = excluded.last_frame_at, frame = excluded.frame
WHERE status.last_frame_at IS NULL OR status.last_frame_at <= excluded.last_frame_at
RETURNING device_id
"""


@dataclass(slots=True)
class Outcome:
    """What became of a batch: how many readings were taken, and for each other one (by its place) why not.

    ``left_out``: values that were left out of readings which were taken. ``not_judged``: so many are not newer than what a rule has judged.
    """

    accepted: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    not_judged: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"accepted": self.accepted, "rejected": self.rejected, "left_out": self.left_out, "not_judged": self.not_judged}


def take(device: Device, body: bytes, *, at: datetime) -> Outcome:
    """Store the readings in ``body`` and let the rules judge them; committed on return. Good ones are taken whatever the others are.

    Raises a Problem for a body that is no batch of readings or a device that does not push, and DatabaseError.
    """
    if device.is_polled:
        raise Problem(409, f"Sentinel asks {device.name} itself. Only a device with the driver “push” sends readings.", code="not_pushing")
    outcome = Outcome()
    rows = readings.merged(_read(device, _items(body), outcome, at=at))
    if rows:
        fresh = frozenset(readings.stored(rows))
        humidity.make_rules(device, {metric for row in rows for metric in row.values})
        outcome.not_judged = ruling.feed_pushed(device, [(row.at, row.values) for row in rows], at=at, fresh=fresh).ignored
        _heard(device, max(rows, key=lambda row: row.at), at=at)
    return outcome


def _items(body: bytes) -> list[Any]:
    """The readings of the batch, not looked at yet."""
    try:
        document = jsontext.read(body)
    except jsontext.JsonError as error:
        raise problems.invalid([(("body",), str(error))]) from None
    items = document.get("readings") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise problems.invalid([(("body", "readings"), f"is missing or no list; {EXAMPLE}")])
    if len(items) > MAX_READINGS:
        raise problems.invalid([(("body", "readings"), f"holds {len(items)} readings; send at most {MAX_READINGS} at once")])
    return items


def _read(device: Device, items: Sequence[Any], outcome: Outcome, *, at: datetime) -> list[NewReading]:
    """The readings that can be taken; ``outcome`` learns of all."""
    found = []
    looked = [(*_instant(item, at=at), *_values(item)) for item in items]
    beyond = metric_names.refused(device, {metric for _, fault, good, _ in looked if not fault for metric in good})
    for index, (instant, fault, good, reasons) in enumerate(looked):
        if too_many := sorted(beyond & good.keys()):
            good = {metric: value for metric, value in good.items() if metric not in beyond}
            reasons = [*reasons, f"{', '.join(too_many[:3])}: {metric_names.REFUSED}"]
        reason = fault or (("; ".join(reasons) or "has no value") if not good else "")
        if reason:
            outcome.rejected.append({"index": index, "reason": reason[:500]})
            continue
        if reasons:
            outcome.left_out.append({"index": index, "reason": "; ".join(reasons)[:500]})
        outcome.accepted += 1
        found.append(NewReading(device.pk, instant, good))
    return found


def _values(item: Any) -> tuple[dict[str, float], list[str]]:
    """What it measured, as far as that can be stored, and why not the rest."""
    values = item.get("values") if isinstance(item, dict) else None
    return readings.validate(values) if isinstance(values, Mapping) else ({}, ["values is missing; send numbers by metric"])


def _instant(item: Any, *, at: datetime) -> tuple[datetime, str]:
    """When it was measured (now, if it does not say), and why that cannot be."""
    if not isinstance(item, dict):
        return at, f"is no object; {EXAMPLE}"
    told = item.get("at")
    if told is None:
        return at, ""
    try:
        instant = datetime.fromisoformat(told)
    except (ValueError, TypeError):
        return at, "at is no instant; send RFC 3339 with a zone, for example 2026-03-02T12:00:00Z"
    if instant.tzinfo is None:
        return at, "at has no zone; write Z for UTC, or an offset such as +01:00"
    if instant > at + FUTURE:
        return at, "at lies in the future; set the sender's clock"
    oldest = at - timedelta(days=settings.SENTINEL_KEEP_READINGS_DAYS) + MARGIN
    if instant < oldest:
        return at, f"at is too long ago: readings from {oldest:%Y-%m-%d %H:%M} UTC on are taken"
    return instant.astimezone(UTC), ""


def _heard(device: Device, last: NewReading, *, at: datetime) -> None:
    """The device is there: its status says so, whoever looks sees it, and an alert about its silence ends."""
    sample = Sample(measured_at=last.at, values=last.values, state=RunState.MEASURING)
    text = frames.encode_sample(device.slug, sample, sent_at=at)
    frame = to_json(frames.decoded(text)).decode()
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, {"device": device.pk, "state": sample.state, "at": min(last.at, at), "frame": frame})
        newest = cursor.fetchone() is not None
    silent.heard(device, last_at=min(last.at, at), at=at)
    if newest:
        publishing.publish(device.slug, text)
