"""What devices tell of an alert: the samples around its onset, and the rule as it was then."""

import pytest
from django.db import transaction

from alerts import story
from alerts.models import Alert
from devices import readings, rule_config, rule_events
from devices.enums import Closing, RulePhase
from devices.models import AlertRule, Device, Reading
from devices.readings import NewReading
from devices.rules import Clear, Onset, State
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert():
    """The hall was above 80 dB for three minutes; samples came each second, and none for half a minute."""
    make_source("sensors")
    device = Device.objects.create(slug="hall", name="Hall", driver="push")
    rule = AlertRule.objects.create(device=device, name="Loud", metric="lp", threshold=80.0, sustained_seconds=2)
    heard = [(second, 85.0 if 0 <= second < 180 else 60.0) for second in range(-200, 400) if second not in range(60, 90)]
    readings.store([NewReading(device.pk, NOON + second * SECOND, {"lp": level}) for second, level in heard])
    with transaction.atomic():
        rule_events.begin(rule, Onset(NOON, NOON - 2 * SECOND, 85.0, 85.5), State(phase=RulePhase.ACTIVE, onset_at=NOON), at=NOON)
    with transaction.atomic():
        over = NOON + 3 * MINUTE
        rule_events.end(rule, Clear(over, Closing.CLEARED, 60.0, 86.0, NOON), State(), at=over)
    rule.threshold = 95.0
    rule_config.save(rule)
    return Alert.objects.get()


def read(alert, *, may=lambda _: True):
    return story.read(alert.pk, may=may, at=NOON + HOUR)


def test_the_samples_before_the_onset_are_told_and_what_is_missing_between(alert):
    (chart,) = read(alert).charts

    assert chart.at[0] == (NOON - 200 * SECOND).timestamp()
    assert (chart.onset_at, chart.clear_at, max(chart.high)) == (NOON, NOON + 3 * MINUTE, 85.0)
    assert any((gap.since, gap.until) == (NOON + 59 * SECOND, NOON + 90 * SECOND) for gap in chart.gaps)


def test_the_rule_is_told_as_it_was_then(alert):
    onset, clear = (next(entry for entry in read(alert).entries if entry.kind == kind) for kind in ("onset", "clear"))

    facts = {fact.name: fact.value for fact in onset.facts}
    assert (read(alert).charts[0].limit, facts["threshold"], facts["sustained_seconds"]) == (80.0, "80.0 dB", 2)
    assert onset.text == "The rule “Loud” (version 1) of Hall held: Lp above 80 dB for 2 s. Measured: 85.0 dB."
    assert "the value came back" in clear.text


def test_who_may_not_see_readings_is_told_that_they_are_missing(alert):
    told = read(alert, may=lambda permission: permission != "devices.view_reading")

    assert (told.charts, any("samples and rule are left out" in text for text in told.left_out)) == ([], True)
    assert not [entry for entry in told.entries if entry.kind in {"onset", "clear", "samples"}]


def test_samples_that_are_gone_are_said_to_be(alert):
    Reading.objects.all().delete()

    (chart,) = read(alert).charts

    assert (list(chart.at), chart.remarks, len(chart.gaps)) == ([], ["Nothing that was measured then is kept."], 1)


def test_the_number_of_statements_does_not_grow(alert, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        read(alert)
