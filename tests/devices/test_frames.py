"""What goes over the wire about a device."""

import json
import math
from datetime import timedelta, timezone

from devices import frames
from devices.drivers.base import Sample
from devices.enums import RunState
from tests.conftest import MINUTE, NOON, SECOND


def test_a_sample_becomes_a_frame():
    sample = Sample(NOON, {"lp": 61.2, "leq": None}, RunState.MEASURING, overload=True)

    text = frames.encode_sample("hall", sample, sent_at=NOON + SECOND)

    assert json.loads(text) == {
        "type": "frame", "device": "hall", "sent_at": "2026-03-02T12:00:01.000Z", "measured_at": "2026-03-02T12:00:00.000Z",
        "state": "measuring", "reachable": True, "overload": True, "under_range": False, "values": {"lp": 61.2, "leq": None},
    }  # fmt: skip


def test_instants_go_out_in_utc():
    paris = NOON.astimezone(timezone(timedelta(hours=1)))

    assert json.loads(frames.encode_sample("hall", Sample(paris, {}), sent_at=paris))["measured_at"] == "2026-03-02T12:00:00.000Z"


def test_what_is_no_finite_number_is_null():
    values = {"lp": math.nan, "leq": math.inf, "lmax": -math.inf, "lmin": 0.1 + 0.2}

    text = frames.encode_sample("hall", Sample(NOON, values), sent_at=NOON)

    assert json.loads(text)["values"] == {"lp": None, "leq": None, "lmax": None, "lmin": 0.3}


def test_a_status_says_since_when_the_device_is_away():
    text = frames.encode_status("hall", reachable=False, since=NOON, sent_at=NOON + MINUTE, mode="back_off", error="No reply in 3 s.")

    assert json.loads(text) == {
        "type": "status", "device": "hall", "sent_at": "2026-03-02T12:01:00.000Z", "reachable": False,
        "since": "2026-03-02T12:00:00.000Z", "mode": "back_off", "error": "No reply in 3 s.",
    }  # fmt: skip


def test_a_status_is_told_from_a_frame_even_with_hostile_names():
    status = frames.encode_status("hall", reachable=None, since=None, sent_at=NOON)
    frame = frames.encode_sample('{"type":"status"', Sample(NOON, {'"}{"type":"status"': 1.0}), sent_at=NOON)

    assert (frames.is_status(status), frames.is_status(frame)) == (True, False)


def test_a_stored_frame_comes_back_as_it_was():
    text = frames.encode_sample("hall", Sample(NOON, {"lp": 61.2}), sent_at=NOON)

    stored = dict(sorted(frames.decoded(text).items()))  # PostgreSQL keeps no order

    assert json.loads(frames.encoded(stored)) == json.loads(text)
    assert not frames.is_status(frames.encoded(stored))


def test_a_stale_frame_says_so():
    text = frames.encode_sample("hall", Sample(NOON, {"lp": 61.2}), sent_at=NOON)

    assert json.loads(frames.known(frames.stale(text))) == json.loads(text) | {"stale": True, "known": True}
