"""The responder's own page on a telephone, with a good line, a bad one, and none."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from alerts import escalation
from alerts.models import LogEntry
from tests.factories import make_policy, make_recipient, make_source, raise_alert

WORKS = """() => new Promise((done) => {
  const { serviceWorker } = navigator;
  if (serviceWorker.controller) done();
  else serviceWorker.addEventListener("controllerchange", () => done());
})"""
FORGOTTEN = """async () => {
  while (!globalThis.answerQueue || (await answerQueue.kept())) await new Promise((done) => setTimeout(done, 50));
}"""
TWICE = "(button) => { button.click(); const said = button.textContent; button.click(); return said; }"
"""At once: a test that is held up for some seconds would have to begin anew."""
PHONE = {"viewport": {"width": 380, "height": 800}, "has_touch": True}


@pytest.fixture
def alert(responder):
    make_recipient("Robin Vale", groups=["oncall"], user=responder)
    make_source(policy=make_policy("Calls", 0, 600))
    alert = raise_alert(at=timezone.now(), title="Fall in room 12", severity="critical", labels={"phone": "+33 1 44 55 66 77"})
    escalation.advance_due(at=timezone.now())
    return alert


def test_it_is_answered_by_a_thumb(open_page, alert, page_quiet):
    page = open_page("/live/me/", **PHONE)

    expect(page.get_by_role("link", name="Call +33 1 44 55 66 77")).to_have_attribute("href", "tel:+33144556677")
    page.get_by_role("button", name="On my way").click()

    expect(page.locator(".mine")).to_contain_text("Robin Vale has it: “On my way”")
    assert page.get_by_role("button", name="Resolved").evaluate(TWICE) == "Press again"
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    page_quiet(page)


def test_an_answer_waits_for_the_line_and_is_sent_once(open_page, alert):
    page = open_page(f"/live/alerts/{alert.pk}", **PHONE)
    expect(page.locator("#status")).to_have_text("◉ Seen")
    page.context.set_offline(True)

    page.get_by_role("button", name="On my way").click()
    expect(page.locator("#kept-list")).to_contain_text("On my way · #")
    expect(page.locator("#kept-list")).to_contain_text("waiting for the line")
    page.context.set_offline(False)

    expect(page.locator("#status")).to_have_text("✓ Taken")
    assert LogEntry.objects.filter(alert=alert, detail__to="ACKNOWLEDGED", detail__promise="on_my_way").count() == 1


def test_without_a_line_the_app_says_so_and_keeps_the_answer(open_page, alert):
    page = open_page("/live/me/", **PHONE)
    page.evaluate(WORKS)
    expect(page.get_by_role("link", name="Fall in room 12")).to_be_visible()
    page.context.set_offline(True)

    page.reload()
    expect(page.get_by_role("heading", name="No line to Sentinel")).to_be_visible()
    expect(page.locator("#known-at")).to_contain_text("As it was at")
    page.get_by_role("button", name="I am calling").click()
    expect(page.locator("#kept-list")).to_contain_text("waiting for the line")
    page.context.set_offline(False)

    expect(page.locator(".mine")).to_contain_text("Robin Vale has it")
    alert.refresh_from_db()
    assert (alert.status, alert.promise) == ("ACKNOWLEDGED", "calling")


def test_who_signed_out_leaves_nothing_behind(open_page, alert):
    page = open_page("/live/me/", **PHONE)
    page.evaluate(WORKS)
    expect(page.get_by_role("link", name="Fall in room 12")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible()
    page.evaluate(FORGOTTEN)
    page.context.set_offline(True)
    page.goto("/live/me/")

    expect(page.get_by_role("heading", name="No line to Sentinel")).to_be_visible()
    expect(page.get_by_text("Fall in room 12")).to_be_hidden()
