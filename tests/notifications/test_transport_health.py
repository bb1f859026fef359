"""How each transport does, in figures; in the admin, by REST, and in /metrics."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import outbox, transport_health
from notifications.breakers import Breakers
from notifications.enums import DeliveryStatus
from notifications.errors import TemporaryError
from notifications.models import Delivery
from notifications.outbox import Outcome
from sentinel_site import metrics
from sentinel_site.lib.ids import uuid7
from tests.callers import make_caller
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_recipient
from tests.notifications.conftest import queue
from tests.notifications.test_admin import sign_in
from tests.site.test_metrics import values

pytestmark = pytest.mark.django_db
SENT, DEAD = DeliveryStatus.SENT, DeliveryStatus.DEAD


def tried(status, *, took_ms, at=NOON, number=0):
    """One mail that was tried at ``at``."""
    (delivery,) = queue(make_recipient(f"Person {number} {status} {at}"), key=f"told-{number}-{status}-{at}", at=at)
    Delivery.objects.filter(pk=delivery.pk).update(id=uuid7(at))
    (claimed,) = outbox.claim("email", limit=1, at=at, lease_seconds=60)
    outbox.settle([Outcome(claimed, status, took_ms=took_ms)], at=at)


def email(at=NOON):
    return next(each for each in transport_health.examine(at=at) if each.kind == "email")


def test_the_figures_of_an_hour_and_a_day():
    for number, took in enumerate((100, 200, 900)):
        tried(SENT, took_ms=took, number=number)
    tried(DEAD, took_ms=None)
    tried(SENT, took_ms=100, at=NOON - 2 * HOUR)

    found = email(at=NOON + MINUTE)

    assert (found.hour.tried, found.hour.accepted, found.hour.success_rate, found.hour.median_ms) == (4, 3, 0.75, 200)
    assert (found.day.tried, found.day.accepted) == (5, 4)


def test_what_waits_and_for_how_long():
    for number in range(3):
        queue(make_recipient(f"Person {number}"), key=f"told-{number}", at=NOON + number * SECOND)

    found = email(at=NOON + SECOND)

    assert (found.waiting, found.oldest_waiting_at, found.state) == (2, NOON, "working")


def test_what_is_missing_is_said():
    push = next(each for each in transport_health.examine(at=NOON) if each.kind == "push")

    assert (push.state, "FIREBASE_CREDENTIALS" in push.missing, push.hour.success_rate) == ("missing", True, None)


def test_any_number_of_messages_takes_five_statements():
    for number in range(3):
        tried(SENT, took_ms=100, number=number)

    with CaptureQueriesContext(connection) as statements:
        transport_health.examine(at=NOON)

    assert len(statements) == 5


@pytest.fixture
def broken():
    """Mail is down since NOON, and a webhook's host asked for a minute."""
    (delivery,) = queue(make_recipient(), priority=2)
    breakers = Breakers(failures=1, read_seconds=0)
    breakers.note(delivery, "", TemporaryError("the mail server cannot be reached"), at=NOON)
    delivery.transport = "webhook"
    breakers.note(delivery, "sink:80", TemporaryError("busy (429)", retry_seconds=60), at=NOON)


def test_rest_says_what_is_down(broken):
    caller = make_caller("notifications.view_delivery", name="robin")

    found = {each["kind"]: each for each in caller.read("/transports").json()["items"]}

    assert (found["email"]["state"], found["email"]["troubled"][0]["error"]) == ("down", "the mail server cannot be reached")
    assert found["email"]["troubled"][0]["open_since"] == "2026-03-02T12:00:00.000Z"
    assert make_caller(name="nobody").read("/transports").status_code == 403


def test_metrics_say_what_is_down(broken):
    found = values(metrics.text(at=NOON + SECOND))

    assert (found["sentinel_transport_up", "email"], found["sentinel_transport_up", "webhook"]) == (0, 1)
    assert (found["sentinel_destination_open", "", "email"], found["sentinel_destination_open", "sink:80", "webhook"]) == (1, 0)


def test_the_page_says_what_is_down_and_what_is_missing(broken):
    page = sign_in("view_delivery").get("/admin/notifications/delivery/transports/").content.decode()

    assert "the mail server cannot be reached" in page
    assert "push is not set up (FIREBASE_CREDENTIALS)" in page


def test_the_page_is_for_those_who_may_see_deliveries():
    assert sign_in("view_recipient").get("/admin/notifications/delivery/transports/").status_code == 403


def test_the_overview_names_what_is_down(broken):
    assert "Providers that do not answer" in sign_in("view_delivery").get("/admin/").content.decode()
