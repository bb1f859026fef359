"""Answers that cannot be taken: each waits for itself, none is lost, and none is shown as sent that was not."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from alerts import escalation
from alerts.models import Alert
from tests.browser.test_me_page import PHONE
from tests.factories import make_policy, make_recipient, make_source, raise_alert

DENIED = "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };"
DELIVERED = "async (path) => (await answerQueue.deliver({ path, form: { answer: 'calling:x' } }, '')).state"
DROPPED = """async () => {
  const item = await answerQueue.add({ owner: "", about: { id: "x", number: 1, title: "" }, word: "calling", path: "/none", form: {} });
  await answerQueue.remove(item.seq);
  await answerQueue.send(item, "");
  return (await answerQueue.all()).length;
}"""


IN_HAND = """async () => {
  const about = { id: "x", number: 1, title: "Fall" };
  const item = await answerQueue.add({ owner: "1", about, word: "calling", verb: "acknowledge", body: {} });
  await answerQueue.change(item.seq, () => ({ state: "sending", sending: Date.now() }));
  await answerQueue.forget();
  return (await answerQueue.all()).map((each) => [each.state, each.about.title]);
}"""


@pytest.fixture
def alerts(responder):
    make_recipient("Robin Vale", groups=["oncall"], user=responder)
    make_source(policy=make_policy("Calls", 0, 600))
    found = [raise_alert(at=timezone.now(), title=title, severity="critical", dedup_key=title) for title in ("Fall in 1", "Fall in 2")]
    escalation.advance_due(at=timezone.now())
    return found


def test_an_answer_that_the_server_cannot_take_holds_up_no_other_alert(open_page, alerts):
    page = open_page("/live/me/", service_workers="block", **PHONE)
    page.route(f"**/alerts/{alerts[0].pk}/acknowledge", lambda route: route.fulfill(status=500, json={"detail": "broken"}))
    cards = page.locator("#mine li.mine")

    cards.filter(has_text="Fall in 1").get_by_role("button", name="On my way").click()
    expect(page.locator("#kept-list")).to_contain_text("could not take it (500)")
    cards.filter(has_text="Fall in 2").get_by_role("button", name="I am calling").click()

    expect(cards.filter(has_text="Fall in 2")).to_contain_text("Robin Vale has it")
    page.unroute_all()
    expect(cards.filter(has_text="Fall in 1")).to_contain_text("Robin Vale has it")


def test_a_browser_that_keeps_nothing_sends_at_once(open_page, alerts):
    page = open_page("/live/me/", service_workers="block", **PHONE)
    page.add_init_script(DENIED)
    page.reload()
    card = page.locator("#mine li.mine").filter(has_text="Fall in 1")

    page.route("**/acknowledge", lambda route: route.abort())
    card.get_by_role("button", name="On my way").click()
    expect(page.locator("#toast")).to_contain_text("Not sent")
    page.unroute_all()
    card.get_by_role("button", name="On my way").click()

    expect(card).to_contain_text("Robin Vale has it")
    assert Alert.objects.get(pk=alerts[0].pk).status == "ACKNOWLEDGED"


def test_only_sentinels_own_word_means_sent_and_only_who_drops_an_answer_loses_it(open_page, alerts):
    page = open_page("/live/me/", service_workers="block", **PHONE)
    page.route("**/a/page", lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Sign in to the proxy</h1>"))
    page.route("**/a/away", lambda route: route.fulfill(status=302, headers={"Location": "/live/me/"}))

    assert [page.evaluate(DELIVERED, path) for path in ("/a/page", "/a/away")] == ["waiting", "waiting"]
    assert page.evaluate(DROPPED) == 0
    assert page.evaluate(IN_HAND) == [["sending", ""]]  # nobody knows whether it arrived: who signs in again sends it
