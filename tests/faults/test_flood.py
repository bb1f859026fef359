"""Ten thousand reports at once: none is lost, and the urgent one does not wait behind the others."""

import pytest

from tests.faults.house import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def flood(house, batch):
    """A thousand reports in one request; the ids of their alerts."""
    alerts = [{"source": "flood", "title": "Noise", "subject": f"{batch}-{n}", "severity": "low"} for n in range(1000)]
    return [result["id"] for result in house.api("/alerts/batch", {"alerts": alerts})["results"]]


def test_a_flood_loses_nothing_and_the_urgent_alert_is_told_before_it(house):
    house.seed(sources={"flood": {"people": ["Robin Vale"], "fields": {"severity": "low"}}})

    many = [alert for batch in range(5) for alert in flood(house, batch)]
    before = len(house.provider.arrivals)
    urgent = house.report("probe", severity="critical", title="Fall")
    many += [alert for batch in range(5, 10) for alert in flood(house, batch)]
    until(lambda: house.provider.of(urgent), 60, "the message about the urgent alert")

    place = house.provider.arrivals.index(house.provider.of(urgent)[0]) - before
    assert len(set(many)) == 10_000
    assert house.missing(many) == []
    assert place < 1_000, "so many others were told between its report and its message"
    until(lambda: not house.untold(many), 240, "telling about every alert of the flood")
    assert house.provider.said_under_two_keys() == []
