"""S2: a key can do what its user may do and no more, and is dead a second after it is revoked."""

import time

import pytest
from django.utils import timezone

from sentinel_site import auth
from sentinel_site.models import ApiKey
from tests.callers import KeyClient, make_caller, make_user
from tests.conftest import NOON
from tests.factories import make_source, raise_alert

pytestmark = pytest.mark.django_db
NEEDS = {
    "alerts.report_alert": [
        ("POST", "/alerts", {"source": "probe", "title": "x"}),
        ("POST", "/alerts/batch", {"alerts": []}),
        ("POST", "/alerts/resolve", {"source": "probe", "dedup_key": "x"}),
    ],
    "alerts.view_alert": [
        ("GET", "/alerts", None),
        ("GET", "/alerts/{pk}", None),
        ("GET", "/alerts/{pk}/log", None),
        ("GET", "/alerts/{pk}/deliveries", None),
        ("GET", "/alerts/stats", None),
        ("GET", "/alerts/events", None),
    ],
    "alerts.answer_alert": [
        ("POST", f"/alerts/{{pk}}/{word}", {"note": "x"}) for word in ("delivered", "seen", "acknowledge", "resolve", "comment")
    ],
    "alerts.escalate_alert": [("POST", "/alerts/{pk}/escalate", {})],
    "alerts.view_source": [("GET", "/sources", None)],
    "alerts.change_source": [("PATCH", "/sources/probe", {})],
    "alerts.delete_source": [("DELETE", "/sources/probe", None)],
    "notifications.view_recipient": [("GET", "/recipients", None)],
    "notifications.add_recipient": [("POST", "/recipients", {"name": "x"})],
}


@pytest.mark.parametrize("permission", NEEDS)
def test_each_permission_opens_its_own_doors_only(permission):
    make_source()
    alert = raise_alert(at=NOON)
    caller = make_caller(permission)

    for needed, requests in NEEDS.items():
        refused = {caller.send(path.format(pk=alert.pk), body, method=method).status_code == 403 for method, path, body in requests}
        assert refused == {needed != permission}, needed


def test_a_revoked_key_is_dead_within_a_second():
    key, text = ApiKey.issue(user=make_user("probe", "alerts.view_alert"), name="probe")
    client = KeyClient(text)
    assert client.read("/alerts").status_code == 200

    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    revoked = asked = time.monotonic()
    while client.read("/alerts").status_code == 200:
        assert asked - revoked < 1.5
        asked = time.monotonic()

    assert auth.authenticate(x_api_key=text, at=timezone.now()) is None


def test_two_keys_of_one_user_live_side_by_side():
    user = make_user("probe", "alerts.view_alert")
    keys = [ApiKey.issue(user=user, name=name)[1] for name in ("old", "new")]

    assert [KeyClient(key).read("/alerts").status_code for key in keys] == [200, 200]
