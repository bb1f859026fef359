"""What goes over a websocket about a device: frames with values, and what its connection is like; see api.md.

Pure. A text is encoded once and sent to everybody as it is.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from devices.drivers.base import Sample
from sentinel_site.lib.instants import instant

DIGITS: Final = 4
"""Digits after the point: far more than any device has, and no 61.199999999999996."""
_STATUS: Final = '{"type":"status"'


def encode_sample(slug: str, sample: Sample, *, sent_at: datetime) -> str:
    """The frame of one look at a device (or of one reading that a device pushed), which answers: ``reachable`` is true.

    A value that is no finite number is null.
    """
    return _text(
        {
            "type": "frame", "device": slug, "sent_at": instant(sent_at), "measured_at": instant(sample.measured_at),
            "state": sample.state.value, "reachable": True, "overload": sample.overload, "under_range": sample.under_range,
            "values": {metric: _number(value) for metric, value in sample.values.items()},
        }
    )  # fmt: skip


def encode_status(
    slug: str, *, reachable: bool | None, since: datetime | None, sent_at: datetime, mode: str = "", error: str = ""
) -> str:  # fmt: skip
    """What a device's connection is like. ``reachable``: None while nobody wants it; ``since``: since when it does not answer.

    ``mode`` is one of enums.Mode; ``error`` says in one line why it does not answer.
    """
    content = {"type": "status", "device": slug, "sent_at": instant(sent_at), "reachable": reachable, "since": instant(since)}
    return _text(content | {"mode": mode or None, "error": error or None})


def encode_heartbeat(sent_at: datetime) -> str:
    """Says that the connection lives although there is nothing to say."""
    return _text({"type": "heartbeat", "sent_at": instant(sent_at)})


def is_status(text: str) -> bool:
    """Whether ``text``, encoded here, tells about the connection (else it has values)."""
    return text.startswith(_STATUS)


def stale(text: str) -> str:
    """The same frame, marked as too old to be taken for the present."""
    return f'{text[:-1]},"stale":true}}'


def known(text: str) -> str:
    """The same text, marked as said before: its ``sent_at`` is not the present."""
    return f'{text[:-1]},"known":true}}'


def decoded(text: str) -> dict[str, Any]:
    """The frame as JSON values, to be stored."""
    content: dict[str, Any] = json.loads(text)
    return content


def encoded(frame: Mapping[str, Any]) -> str:
    """The text of a stored frame."""
    return _text({"type": frame["type"], **frame})


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, DIGITS)


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False)
