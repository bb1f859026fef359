"""PagerDuty's own client for Python, pointed at Sentinel."""

import pagerduty
import pytest

from alerts.models import Alert, Report
from tests import tls
from tests.factories import make_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(web, key, tmp_path):
    make_source("pagerduty")
    with tls.in_front_of(web.port, tmp_path) as (port, trusting):
        base = f"https://127.0.0.1:{port}/integrations/pagerduty"
        with pagerduty.EventsApiV2Client(key, base_url=base, verify=trusting) as client:
            yield client


def test_it_triggers_acknowledges_resolves_and_hears_of_what_is_refused(client):
    name = client.trigger("The disk of srv1 is full", "srv1", severity="critical", custom_details={"mount": "/var"})
    assert client.trigger("The disk of srv1 is full", "srv1", dedup_key=name) == name
    alert = Alert.objects.get()
    assert (alert.title, alert.severity, alert.dedup_key, alert.occurrences) == ("The disk of srv1 is full", "critical", name, 2)

    client.acknowledge(name)
    client.resolve(name)
    with pytest.raises(pagerduty.HttpError, match="dedup_key"):
        client.send_event("resolve", dedup_key="")

    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("RESOLVED", "prometheus")
    wanted = ["accepted", "applied", "applied", "folded", "rejected"]
    assert sorted(Report.objects.filter(source_slug="pagerduty").values_list("verdict", flat=True)) == wanted
