"""Shifts, contact methods and what is pushed, on the responder's own page."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from playwright.sync_api import expect

from alerts import escalation
from notifications import web_push
from notifications.models import Delivery, OnCallOverride
from notifications.rendering import Wording
from notifications.transports import browser_push
from tests.browser.test_me_page import PHONE, WORKS
from tests.factories import make_method, make_policy, make_recipient, make_schedule, make_source, raise_alert
from tests.notifications.conftest import wait_until
from tests.notifications.web_push_service import Browser

PRESS = """async (word) => {
  const [shown] = await registration.getNotifications();
  await answered(shown, word);
}"""


@pytest.fixture
def person(responder):
    responder.user_permissions.add(Permission.objects.get(codename="view_oncallschedule"))
    return make_recipient("Robin Vale", groups=["oncall"], user=responder)


def test_a_shift_is_handed_over_and_a_method_is_tested(open_page, person, page_quiet):
    make_schedule("Nights", person, make_recipient("Kim Moor"))
    page = open_page("/live/me/", **PHONE)

    page.locator("#shifts").get_by_role("button", name="Hand over…").first.click()
    expect(page.get_by_label("Who takes it")).to_have_text("Kim Moor")
    page.get_by_role("button", name="Hand over", exact=True).click()
    expect(page.locator("#toast")).to_have_text("Kim Moor has it now, and is told.")
    assert OnCallOverride.objects.get().recipient.name == "Kim Moor"

    page.get_by_role("button", name="Test me now").click()
    expect(page.locator(".method-test")).to_contain_text("Test: Queued")
    page_quiet(page)


def test_a_message_is_shown_receipted_and_answered_without_a_page(open_page, person):
    make_method(person, kind="push", address=web_push.written(Browser("https://fcm.googleapis.com").subscription))
    make_source(policy=make_policy("Calls", 0, 600))
    alert = raise_alert(at=timezone.now(), title="Fall in room 12", severity="critical")
    escalation.advance_due(at=timezone.now())
    delivery = Delivery.objects.select_related("notification__recipient", "method").get(transport="push")
    page = open_page("/live/me/", **PHONE)
    page.evaluate(WORKS)
    page.context.grant_permissions(["notifications"])

    _deliver(page, browser_push.content(delivery, Wording(delivery)))
    wait_until(lambda: Delivery.objects.get(pk=delivery.pk).status == "delivered")
    shown = page.evaluate("navigator.serviceWorker.ready.then((it) => it.getNotifications()).then((all) => all.map((each) => each.title))")
    assert ["Fall in room 12" in title for title in shown] == [True]

    page.context.service_workers[0].evaluate(PRESS, "calling")
    alert.refresh_from_db()
    assert (alert.status, alert.promise, alert.acknowledged_by) == ("ACKNOWLEDGED", "calling", "Robin Vale")


def _deliver(page, told):
    """As the browser's push service does: the browser has read the message already."""
    devtools, found = page.context.new_cdp_session(page), []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    while not found:
        page.wait_for_timeout(20)
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": page.url.partition("/live")[0], "registrationId": found[0]["registrationId"], "data": json.dumps(told)},
    )
