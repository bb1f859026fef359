"""One alert in a real browser."""

import pytest
from django.conf import global_settings
from django.utils import timezone
from playwright.sync_api import expect

from alerts import escalation, lifecycle
from alerts.models import Alert
from notifications import links
from notifications.models import Delivery
from tests.factories import make_policy, make_recipient, make_source, raise_alert

SOON = 60_000


@pytest.fixture
def alert(responder):
    make_recipient("Ada Byron", groups=["oncall"])
    make_source(policy=make_policy("Calls", 0, 600))
    alert = raise_alert(at=timezone.now(), title="Fall in room 12", severity="critical")
    escalation.advance_due(at=timezone.now())
    return alert


def test_opening_it_says_that_it_was_seen(open_page, alert, page_quiet):
    page = open_page(f"/live/alerts/{alert.pk}")

    expect(page.locator("#status")).to_have_text("◉ Seen", timeout=SOON)
    expect(page.locator("#log")).to_contain_text("opened by Robin Vale", timeout=SOON)
    expect(page.locator("#deliveries")).to_contain_text("Ada Byron")
    page_quiet(page)


def test_it_changes_while_it_is_open(open_page, alert, page_quiet):
    page = open_page(f"/live/alerts/{alert.pk}")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=SOON)
    expect(page.locator("#status")).to_have_text("◉ Seen", timeout=SOON)  # said once: later it would be refused, and complained of

    lifecycle.acknowledge(alert, by=make_recipient("Bob Stone"), at=timezone.now(), promise="calling")

    expect(page.locator("#taken")).to_have_text("Bob Stone has it: “I call”", timeout=SOON)
    expect(page.get_by_role("button", name="On my way")).to_be_hidden()
    page_quiet(page)


def test_an_old_alert_of_which_something_is_heard_is_not_called_new(open_page, alert):
    old = raise_alert(at=timezone.now(), title="Smoke", subject="old", severity="critical")
    page = open_page(f"/live/alerts/{alert.pk}")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=SOON)

    lifecycle.comment(old, by=None, at=timezone.now(), note="looked at")
    raise_alert(at=timezone.now(), title="Smoke", subject="fresh", severity="critical")

    expect(page.locator("[role=log][aria-live=assertive]")).to_have_text("New alert, P1: Smoke, fresh", timeout=SOON)


def test_what_can_be_called_and_looked_at_has_a_drawn_sign(open_page, responder):
    links = [{"href": f"https://example.org/{what}", "text": f"The {what}"} for what in ("camera", "intercom", "door")]
    make_source()
    alert = raise_alert(at=timezone.now(), labels={"room_phone": "+33 1 23 45 67 89"}, links=links)

    page = open_page(f"/live/alerts/{alert.pk}")

    expect(page.locator("#outs .sign")).to_have_count(4)
    shown = "signs => signs.map((sign) => [sign.dataset.sign, sign.getBoundingClientRect().width > 15])"
    assert page.locator("#outs .sign").evaluate_all(shown) == [["call", True], ["look", True], ["hear", True], ["leave", True]]


@pytest.mark.parametrize(("lines", "where"), [(2, "above"), (20, "below")])
def test_a_long_description_stands_below_the_buttons(open_page, responder, lines, where):
    make_source()
    alert = raise_alert(at=timezone.now(), description="\n".join(["She does not get up."] * lines))

    page = open_page(f"/live/alerts/{alert.pk}", viewport={"width": 380, "height": 800})
    expect(page.locator("#description")).to_contain_text("She does not get up.")

    described, buttons = (page.locator(selector).bounding_box()["y"] for selector in ("#description", "#actions"))
    assert where == ("above" if described < buttons else "below")


def test_nobody_told_alone_is_not_called_nobody_yet(open_page, responder):
    make_source()
    alert = raise_alert(at=timezone.now())
    Alert.objects.filter(pk=alert.pk).update(told=3)
    lifecycle.resolve(alert, by=make_recipient("Bob Stone"), at=timezone.now(), resolution="handled")

    page = open_page(f"/live/alerts/{alert.pk}")

    expect(page.locator("#told-nobody")).to_have_text("Told together with other alerts: the record names who.")


def test_a_remark_goes_into_the_record(open_page, alert, page_quiet):
    page = open_page(f"/live/alerts/{alert.pk}")

    page.get_by_label("Remark").fill("I can see the room from here")
    page.get_by_role("button", name="Add").click()

    expect(page.locator("#log")).to_contain_text("I can see the room from here", timeout=SOON)
    page_quiet(page)


def test_a_link_is_answered_without_signing_in(open_page, alert, page_quiet):
    delivery = Delivery.objects.select_related("notification").get()
    page = open_page(f"/a/{links.token(delivery)}", signed_in=False, java_script_enabled=False, viewport={"width": 380, "height": 800})

    page.get_by_role("button", name="On my way").click()

    expect(page.get_by_text("Ada Byron has it since")).to_be_visible()
    alert.refresh_from_db()
    assert alert.acknowledged_by == "Ada Byron"
    page_quiet(page)


def test_signing_in_leads_back(open_page, alert, responder, settings, page_quiet):
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # the web server is a process of its own, and hashes as it always does
    responder.set_password("correct horse battery")
    responder.save()
    page = open_page(f"/live/alerts/{alert.pk}", signed_in=False)

    page.get_by_label("User name").fill("robin")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Fall in room 12")).to_be_visible(timeout=SOON)
    page_quiet(page)


def test_feedback_is_one_tap_on_the_page(open_page, alert, page_quiet):
    lifecycle.acknowledge(alert, by=None, at=timezone.now())
    page = open_page(f"/live/alerts/{alert.pk}", viewport={"width": 380, "height": 800})

    page.get_by_role("button", name="Noise", exact=True).click()

    expect(page.locator("[data-word=noise]")).to_have_attribute("aria-pressed", "true", timeout=SOON)
    expect(page.locator("#feedback-said")).to_have_text("Robin Vale: Noise", timeout=SOON)
    expect(page.locator("#log")).to_contain_text("Robin Vale: Noise.", timeout=SOON)
    page_quiet(page)
