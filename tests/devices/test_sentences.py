"""Rules in words."""

from datetime import time

import pytest

from devices import sentences
from devices.models import AlertRule


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Lp above 45 dB for 2 s"),
        ({"aggregate": "leq:300", "sustained_seconds": 0}, "Leq over 5 min above 45 dB"),
        ({"aggregate": "l10:90", "metric": "leq"}, "L10 (Leq) over 90 s above 45 dB for 2 s"),
        ({"aggregate": "rate:60", "metric": "humidity", "comparison": "below"}, "change of Humidity within 1 min below 45 for 2 s"),
        ({"metric": "humidity", "sustained_seconds": 3600}, "Humidity above 45 % for 1 h"),
        ({"window_from": time(22), "window_until": time(7), "weekdays": [6, 0]}, "Lp above 45 dB for 2 s, 22:00–07:00, Mon Sun"),
        ({"metric": "co2", "threshold": 1000}, "co2 above 1,000 for 2 s"),
    ],
)
def test_a_rule_says_when_it_raises_its_alert(fields, said):
    assert sentences.of_rule(AlertRule(name="x", **{"threshold": 45.0, **fields})) == said
