"""The board in a real browser: live, answerable, honest about its connection."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from alerts import lifecycle
from alerts.models import Alert
from tests.factories import make_source, raise_alert

SOON = 60_000
SAID_AT_ONCE = "[role=log][aria-live=assertive]"
"""What interrupts a screen reader; everything that was said since the page was opened."""
XSS = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def now(**fields):
    return raise_alert(at=timezone.now(), **fields)


def is_live(page):
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=SOON)


def test_a_new_alert_appears_without_a_reload(open_page, page_quiet):
    make_source()
    page = open_page("/live/")
    is_live(page)
    expect(page.get_by_text("All quiet")).to_be_visible()

    now(title="Fall in room 12", subject="a", severity="critical")

    expect(page.locator("#open .row", has_text="Fall in room 12")).to_be_visible(timeout=SOON)
    expect(page).to_have_title("(1) Alerts · Sentinel")
    expect(page.locator(SAID_AT_ONCE).get_by_text("New alert, P1: Fall in room 12, a")).to_have_count(1)
    page_quiet(page)


def test_the_button_takes_it_and_everyone_sees_who(open_page, page_quiet):
    make_source()
    alert = now(title="Leak in the cellar", severity="high")
    mine, other = open_page("/live/"), open_page("/live/")
    is_live(other)

    mine.locator("#open .row").get_by_role("button", name="On my way").click()

    for page in (mine, other):
        expect(page.locator("#open .row")).to_contain_text("Robin Vale has it: “On my way”", timeout=SOON)
        page_quiet(page)
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("ACKNOWLEDGED", "Robin Vale")


def test_resolving_asks_how_it_ended(open_page, page_quiet):
    make_source()
    now(title="Leak")
    page = open_page("/live/")

    page.get_by_role("button", name="It is over").click()
    page.get_by_label("Note").fill("valve closed")
    page.get_by_role("button", name="Help sent").click()

    expect(page.locator("#closed .row", has_text="Help sent")).to_be_visible(timeout=SOON)
    assert Alert.objects.get().resolution == "help_sent"
    page_quiet(page)


def test_a_lost_connection_is_said_and_made_good(open_page, web):
    make_source()
    now(title="before")
    page = open_page("/live/")
    is_live(page)

    web.stop()
    expect(page.locator("#stale")).to_contain_text("No connection", timeout=SOON)
    missed = now(title="raised meanwhile", subject="b", severity="critical")
    web.start()

    expect(page.locator("#open .row", has_text="raised meanwhile")).to_be_visible(timeout=SOON)
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator(SAID_AT_ONCE).get_by_text("New alert, P1: raised meanwhile, b")).to_have_count(1)
    lifecycle.resolve(missed, by=None, at=timezone.now())
    expect(page.locator("#closed .row", has_text="raised meanwhile")).to_be_visible(timeout=SOON)


def test_foreign_words_stay_words(open_page, page_quiet):
    make_source()
    alert = now(title=XSS, subject=XSS, description=XSS, type=XSS[:70], labels={"note": XSS})
    Alert.objects.update(links=[{"href": "javascript:alert(3)", "text": XSS}], runbook_url="javascript:alert(4)")

    for path in ("/live/", f"/live/alerts/{alert.pk}"):
        page = open_page(path)
        is_live(page)
        expect(page.get_by_text("<img src=x").first).to_be_visible()
        assert page.locator("main img[src='x'], main a[href^='javascript']").count() == 0
        page_quiet(page)


def test_the_keyboard_is_enough(open_page, page_quiet):
    make_source()
    for subject in "ab":
        now(title=f"Alert {subject}", subject=subject)
    page = open_page("/live/")
    is_live(page)

    taken = page.locator("#open .row", has_text="Alert b")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(taken).to_contain_text("Robin Vale has it", timeout=SOON)
    expect(taken).to_be_focused()  # its buttons are gone
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="How did it end?")).to_be_focused()
    page.keyboard.press("Escape")

    expect(taken).to_be_focused()
    assert Alert.objects.get(subject="a").status == "PENDING"
    page_quiet(page)


def test_a_filter_says_what_it_hides(open_page, page_quiet):
    make_source()
    now(title="urgent", severity="critical")
    now(title="other", severity="low")
    page = open_page("/live/?q=other")

    expect(page.locator("#open .row")).to_have_count(1)
    expect(page.locator("#hidden-by-filter")).to_have_text("The filter hides 1 open alert, a P1 that is not taken.")
    page_quiet(page)


def test_it_fits_a_phone(open_page):
    make_source()
    now(title="A title that goes on and on " * 8, subject="x" * 150, severity="critical")
    page = open_page("/live/", viewport={"width": 380, "height": 800})

    expect(page.locator("#open .row")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == 380
    assert page.locator("#open button").first.bounding_box()["height"] >= 44


def test_what_is_over_stands_in_columns(open_page, responder):
    make_source()
    for hours in (1, 40):
        alert = raise_alert(at=timezone.now() - timedelta(hours=hours), title=f"{hours} hours ago", subject=str(hours))
        lifecycle.resolve(alert, by=None, at=timezone.now() - timedelta(hours=hours), resolution="recovered")

    page = open_page("/live/")
    expect(page.locator("#closed .row")).to_have_count(2)

    left = "states => states.map((state) => Math.round(state.getBoundingClientRect().left))"
    lefts = page.locator("#closed .row-state").evaluate_all(left)
    assert lefts[0] == lefts[1]


def test_what_is_said_at_the_foot_is_as_wide_as_a_telephone(open_page, responder):
    page = open_page("/live/", viewport={"width": 380, "height": 800})

    page.locator("#toast").evaluate("node => { node.textContent = 'Your answer is kept. '.repeat(9); node.hidden = false; }")

    assert page.locator("#toast").bounding_box()["width"] > 300
