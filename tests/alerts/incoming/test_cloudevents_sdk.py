"""Events as the CloudEvents SDK makes them."""

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

from alerts.models import Alert
from tests.callers import make_caller
from tests.factories import make_source

pytestmark = pytest.mark.django_db


def event(kind, number):
    attributes = {
        "id": str(number),
        "source": "/probes/é",
        "type": f"com.example.disk.{kind}",
        "subject": "srv 1",
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes=attributes, data={"title": "Le disque est plein ✓", "severity": "critical"})


@pytest.mark.parametrize("write", [http.to_binary_event, http.to_structured_event], ids=["binary", "structured"])
def test_both_forms_raise_and_end(write):
    make_source("cloudevents")
    caller = make_caller("alerts.report_alert")

    for number, kind in enumerate(("fired", "resolved")):
        sent = write(event(kind, number))
        headers = {name: text for name, text in sent.headers.items() if name.lower() != "content-type"}
        media_type = next(text for name, text in sent.headers.items() if name.lower() == "content-type")
        answer = caller.generic("POST", "/integrations/cloudevents", sent.body, content_type=media_type, headers=headers)
        assert answer.status_code == 202

    alert = Alert.objects.get()
    assert (alert.title, alert.severity, alert.subject, alert.status) == ("Le disque est plein ✓", "critical", "srv 1", "RESOLVED")
    assert alert.labels["ce_source"] == "/probes/é"
