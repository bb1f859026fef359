"""Instants and lengths of time as people type them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sentinel_site.lib import typed_instants
from sentinel_site.lib.typed_instants import NotUnderstood

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("30 min", 1800), ("1h30m", 5400), ("7d", 604800), ("1W", 604800)]
)
def test_a_length_is_understood(text, seconds):
    assert typed_instants.length(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "0h", "h", "2", "2 years", "-2h", "1h later", "9999999d", "999999w", "1.5h", "२h"])
def test_what_is_no_length_is_refused_with_what_to_write(text):
    with pytest.raises(NotUnderstood, match="Write 30m, 2h"):
        typed_instants.length(text)


@pytest.mark.parametrize(("text", "utc"), [
    ("now", "2026-03-02T12:00"), ("2h", "2026-03-02T10:00"), ("-2h", "2026-03-02T10:00"), ("+1h30m", "2026-03-02T13:30"),
    ("18:30", "2026-03-02T17:30"), ("2026-03-05", "2026-03-04T23:00"), ("2026-03-05 06:00", "2026-03-05T05:00"),
    ("2026-03-05T06:00:00Z", "2026-03-05T06:00"), ("2026-03-05T06:00:00-05:00", "2026-03-05T11:00"),
])  # fmt: skip
def test_an_instant_is_meant_by_the_clocks_of_the_site(text, utc):
    assert typed_instants.instant(text, at=AT, zone=PARIS) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "25:00", "2026-13-01", "5 march", "999999d", "+", "18:30:99"])
def test_what_is_no_instant_is_refused_with_what_to_write(text):
    with pytest.raises(NotUnderstood, match=r"\+2h \(from now\)"):
        typed_instants.instant(text, at=AT, zone=PARIS)
