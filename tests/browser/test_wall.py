"""The wall in a real browser: it shows what is open, says when it knows nothing, and comes back by itself."""

import re
import signal
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from alerts import lifecycle, walls
from sentinel_site import beats
from sentinel_site.models import ProcessBeat
from tests.factories import make_policy, make_source, raise_alert

HD = {"viewport": {"width": 1920, "height": 1080}}


def now(**fields):
    return raise_alert(at=timezone.now(), **fields)


def all_lives():
    for role in (ProcessBeat.Role.WATCHDOG, ProcessBeat.Role.WORKER, ProcessBeat.Role.MONITOR):
        beats.beat(role, at=timezone.now() + timedelta(hours=1))


@pytest.fixture
def wall(db):
    """Makes a wall; its path."""
    make_source(policy=make_policy("Calls", 600))
    all_lives()

    def made(**fields):
        return "/" + walls.issue(**{"name": "Desk", **fields})[1].split("/", 3)[3]

    return made


@pytest.fixture
def screen(open_page, wall):
    """A screen that nobody is signed in at."""
    return lambda look=HD, **fields: open_page(wall(**fields), signed_in=False, **look)


def rows(page):
    return page.locator("#rows .wrow")


def test_it_shows_what_is_raised_oldest_first_and_counts_down(screen, page_quiet):
    now(title="older", subject="a", severity="high")
    page = screen(sound="off")

    now(title="newer", subject="b", severity="high")
    now(title="Fall in room 12", subject="c", severity="critical")

    expect(rows(page).locator(".title")).to_have_text(["Fall in room 12", "older", "newer"])
    expect(rows(page).locator(".next").last).to_have_text(re.compile(r"\d:\d\d\s*to the next step"))
    expect(page).to_have_url(re.compile(r"/live/wall/$"))
    page_quiet(page)


def test_a_p1_sounds_and_the_page_says_whether_it_would_be_heard(screen):
    page = screen()
    expect(page.locator("#sound-blocked")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("#sound")).to_have_text("Sound on")
    expect(page.locator("#sound-blocked")).to_be_hidden()

    now(title="Fall", severity="critical")

    expect(page.locator("body")).to_have_attribute("data-rang", "1")


def test_without_news_it_says_so_and_is_never_calm_and_comes_back(screen, web):
    page = screen()
    expect(page.locator("#calm-text")).to_have_text("All quiet. No alert is open.")

    web.stop(signal.SIGKILL)
    expect(page.locator("#silence")).to_contain_text("No news for")
    expect(page.locator("#calm-text")).to_have_text("Unknown: there is no news.")
    expect(page.locator("#health [data-part=watchdog]")).to_have_attribute("data-state", "unknown")
    now(title="raised meanwhile")
    web.start()

    expect(rows(page)).to_contain_text(["raised meanwhile"])
    expect(page.locator("#silence")).to_be_hidden()


def test_sites_take_turns_while_a_p1_stays(screen, page_quiet):
    for site in ("North", "South"):
        now(title=f"Leak {site}", subject=site, labels={"site": site})
    now(title="Fall", severity="critical", labels={"site": "West"})
    page = screen(rotate_seconds=5, sound="off")

    for site in ("North", "South", "North"):
        expect(page.locator("#site")).to_have_text(site)
        expect(rows(page).locator(".title")).to_have_text(["Fall", f"Leak {site}"])
    page_quiet(page)


def test_more_than_fit_come_on_pages_with_a_count(screen):
    for number in range(30):
        now(title=f"Alert {number}", subject=str(number))
    page = screen()

    expect(page.locator("#count-open")).to_have_text("30 open")
    expect(page.locator("#pages")).to_contain_text("30 alerts")
    assert page.evaluate("[...document.querySelectorAll('.wrow')].every((row) => row.getBoundingClientRect().bottom <= innerHeight)")


def test_revoked_it_erases_everything(screen):
    now(title="Fall in room 12")
    page = screen()
    expect(rows(page)).to_have_count(1)

    walls.revoke(walls.Wall.objects.get(), at=timezone.now())

    expect(page.get_by_text("This screen may not show alerts any more.")).to_be_visible()
    expect(page.get_by_text("Fall in room 12")).to_have_count(0)


def test_in_french_it_fits_a_telephone_and_a_resolved_alert_goes(screen, page_quiet):
    alert = now(title="Un titre qui continue encore et encore " * 6, subject="x" * 150, severity="critical")
    page = screen({"viewport": {"width": 380, "height": 800}, "locale": "en-GB"}, language="fr", sound="off")
    expect(page.locator("#count-open")).to_have_text("Ouvertes : 1")
    assert page.evaluate("document.documentElement.scrollWidth") == 380

    lifecycle.resolve(alert, by=None, at=timezone.now())

    expect(rows(page)).to_have_count(0)
    page_quiet(page)


def test_a_page_whose_work_stops_is_noticed_from_another_thread(screen):
    page = screen()

    page.evaluate(
        """async () => {
            const { Watchdog } = await import("/static/live/wall_watchdog.js");
            const stalled = () => { document.title = "stalled"; };
            const dog = new Watchdog({ worker: "/static/live/wall_worker.js", everyMs: 20, misses: 4, stalled });
            const alive = setInterval(() => dog.work(), 5);
            setTimeout(() => clearInterval(alive), 200);
        }"""
    )

    expect(page).to_have_title("stalled")


PLANS = """async () => {
    const { plan, placeIn } = await import("/static/live/wall_plan.js");
    const make = (n, priority, site, status = "PENDING") => Array.from({ length: n }, (_, at) => ({
        id: `${priority}${site}${at}`, number: at, priority, site, status,
        unanswered: false, next_step_at: null, created_at: `2026-01-0${at + 1}`,
    }));
    const shown = (list) => list.map((rows) => rows.map((alert) => alert.id).join(" "));
    const full = plan([...make(8, "P1", "n"), ...make(3, "P3", "s")], 6);
    const few = plan([...make(1, "P1", "n"), ...make(4, "P4", "b"), ...make(1, "P2", "a")], 4);
    const taken = plan([...make(3, "P1", "x", "ACKNOWLEDGED"), ...make(1, "P1", "y")], 2);
    return {
        full: [shown(full.pinned), shown(full.slides.map((slide) => slide.rows))],
        few: [shown(few.pinned), few.slides.map(({ site, page, pages, count }) => [site, page, pages, count])],
        taken: shown(taken.pinned), none: plan([], 5), together: plan(make(3, "P3", "s"), 2, true).slides.map((slide) => slide.site),
        again: [few.slides[2], { site: "b", page: 7 }, { site: "aa", page: 0 }].map((slide) => placeIn(few.slides, slide)),
    };
}"""


def test_p1s_leave_room_to_the_others_and_nothing_is_left_out(screen):
    plans = screen(sound="off").evaluate(PLANS)

    assert plans == {
        "full": [["P1n0 P1n1 P1n2 P1n3", "P1n4 P1n5 P1n6 P1n7"], ["P3s0 P3s1", "P3s2"]],
        "few": [["P1n0"], [["a", 0, 1, 1], ["b", 0, 2, 4], ["b", 1, 2, 4]]],
        "taken": ["P1y0 P1x0", "P1x1 P1x2"], "none": {"pinned": [], "slides": []}, "together": [None, None], "again": [2, 2, 1],
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_figure_of_a_row_is_cut_off(screen, language):
    now(title="Fall in room 12", subject="a", severity="critical")
    raise_alert(at=timezone.now() - timedelta(hours=30), title="Damp", subject="b", severity="high")

    page = screen(language=language)
    expect(rows(page)).to_have_count(2)

    cut = "parts => parts.filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.textContent)"
    assert page.locator(".age > *, .next > *").evaluate_all(cut) == []


def test_a_long_title_is_shown_to_its_end_in_smaller_letters(screen):
    now(title="The backup of laboratory (Demo Clinic, Lyon, North) is suspicious: much smaller than usual", subject="a", severity="high")
    now(title="Fall in room 12", subject="b", severity="critical")

    page = screen()

    expect(page.locator(".wrow.p2 .title")).to_have_class(re.compile("is-long"))
    whole = "titles => titles.map((title) => title.scrollHeight <= title.clientHeight + 1)"
    assert page.locator(".title").evaluate_all(whole) == [True, True]
