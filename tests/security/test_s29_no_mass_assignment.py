"""S29: only documented fields are written, whatever a sender adds."""

import pytest

from alerts.models import Alert, Source
from notifications.models import ContactMethod
from tests.callers import REPORTER, make_caller
from tests.factories import make_recipient, make_source

pytestmark = pytest.mark.django_db


def test_a_report_cannot_set_what_sentinel_decides():
    make_source()
    forged = {field.name: "RESOLVED" for field in Alert._meta.fields} | {
        "number": 1,
        "status": "RESOLVED",
        "priority": 5,
        "life_safety": True,
    }
    kept = {"source": "probe", "title": "x", "type": "t", "severity": "critical", "subject": "s", "description": "d", "dedup_key": "k"}

    alert = make_caller(*REPORTER).send("/alerts", forged | kept | {"labels": {}, "links": [], "runbook_url": ""}).json()

    assert (alert["status"], alert["priority"], alert["life_safety"], alert["acknowledged_by"]) == ("PENDING", "P1", False, None)
    assert alert["id"] != "RESOLVED"


@pytest.mark.parametrize("name", ["id", "pk", "catch_all", "created_at", "hits"])
def test_a_source_takes_no_other_field(name):
    admin = make_caller("alerts.add_source", "alerts.change_source")

    assert admin.send("/sources", {"slug": "x", name: 1}).status_code == 422
    assert Source.objects.count() == 0


@pytest.mark.parametrize("name", ["disabled_at", "address_digest", "platform", "push_kind", "recipient_id"])
def test_a_contact_method_takes_no_other_field(name):
    method = ContactMethod.objects.get(recipient=make_recipient("Kim"))
    admin = make_caller("notifications.change_contactmethod", "notifications.verify_contactmethod")

    assert admin.send(f"/contact-methods/{method.pk}", {name: None}, method="PATCH").status_code == 422
