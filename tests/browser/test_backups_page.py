"""The pages of backups in a real browser: what is bad first, the calendar, and every fact of an entry."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from playwright.sync_api import expect

from backups import entries, scans
from backups.enums import BackupVerdict, ReportedBy
from backups.evidence import Evidence, Reported
from backups.models import QuarantinedReport, UnexpectedDatabase
from sentinel_site import bootstrap
from tests.backups.rows import expected

SOON = 60_000
DAY = timedelta(days=1)
XSS = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture
def viewer(responder):
    bootstrap.run()
    responder.user_permissions.add(*Permission.objects.filter(content_type__app_label="backups", codename__startswith="view_"))
    return responder


def nightly(database, verdict=BackupVerdict.SUCCESS, *, nights=3, message="", **fields):
    """A job with so many good nights behind it, the last of which went as ``verdict`` says."""
    at = timezone.now()
    job = expected(database, expected_hour_utc=(at - 3 * timedelta(hours=1)).hour, severity="medium", **fields)
    for ago in range(nights, -1, -1):
        report(job, at - ago * DAY - timedelta(hours=2), verdict if ago == 0 else BackupVerdict.SUCCESS, message if ago == 0 else "")
    return job


def report(job, ended_at, verdict, message=""):
    said = Reported(agent_reported_hash_sha256="a" * 64, server_calculated_staged_hash="b" * 64, agent_logs_summary=XSS)
    return entries.decide(job.pk, Evidence(
        key=f"{job.pk}:{ended_at.isoformat()}", verdict=verdict, reported_by=ReportedBy.AGENT, judged_at=ended_at, ended_at=ended_at,
        message=message, size_bytes=2_500_000, duration_seconds=61, reported=said,
    ))  # fmt: skip


def titles(page):
    return page.locator("#jobs .title")


def test_what_is_bad_comes_first_and_leads_to_all_facts(open_page, page_quiet, viewer):
    nightly("accounts")
    nightly("pharmacy", BackupVerdict.HASH_MISMATCH, message="The content is not what the agent reports.")
    page = open_page("/live/backups/")

    expect(page.locator("#summary")).to_contain_text("1 of 3 backups is in trouble.")
    expect(titles(page).first).to_have_text("pharmacy")
    expect(page.locator("#jobs > li").first).to_contain_text("Alert: nobody has it yet")

    page.get_by_role("link", name="pharmacy").click()
    page.locator("#entries summary").first.click()

    facts = page.locator("#entries details").first
    expect(facts).to_contain_text("b" * 64)
    expect(facts.locator(".all-facts")).to_contain_text(XSS)
    page_quiet(page)


def test_a_day_of_the_calendar_shows_its_entries(open_page, page_quiet, viewer):
    job = nightly("accounts", nights=2)
    page = open_page(f"/live/backups/{job.pk}/")
    expect(page.locator("#entries > li")).to_have_count(3)

    page.locator("#calendar .cell.c-s").first.click()

    expect(page.locator("#entries > li")).to_have_count(1, timeout=SOON)
    expect(page.locator("#entries-title")).to_contain_text("Entries of")
    page.get_by_role("button", name="Show the newest").click()
    expect(page.locator("#entries > li")).to_have_count(3, timeout=SOON)
    page_quiet(page)


def test_the_calendar_is_walked_by_the_keyboard(open_page, page_quiet, viewer):
    job = nightly("accounts", nights=2)
    page = open_page(f"/live/backups/{job.pk}/")
    page.locator("#calendar .cell[tabindex='0']").focus()

    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")

    expect(page.locator("#entries-title")).to_contain_text("Entries of", timeout=SOON)
    expect(page.locator("#calendar .cell[aria-pressed='true']")).to_have_count(1)
    page_quiet(page)


def test_a_contrast_theme_tells_good_days_from_empty_ones(open_page, viewer):
    job = nightly("accounts", nights=2)

    page = open_page(f"/live/backups/{job.pk}/", forced_colors="active")

    cells = (page.locator(f"#calendar .cell.c-{kind}").last for kind in ("s", "none"))
    good, empty = (cell.evaluate("cell => getComputedStyle(cell).backgroundColor") for cell in cells)
    assert good != empty


def test_a_search_and_a_filter_show_what_was_asked_for(open_page, page_quiet, viewer):
    nightly("accounts")
    nightly("payroll", BackupVerdict.FAILED, message="disk full", city="Paris")
    page = open_page("/live/backups/")
    expect(page.locator("#jobs > li")).to_have_count(3)

    page.get_by_role("button", name="In trouble").click()
    expect(page.locator("#jobs > li")).to_have_count(1)
    page.get_by_role("button", name="All").click()
    expect(page.locator("#jobs > li")).to_have_count(3)
    page.get_by_role("searchbox").fill("paris")

    expect(titles(page)).to_have_text(["payroll"])
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.get_by_text("No backup matches.")).to_be_visible(timeout=SOON)
    page_quiet(page)


def test_what_nobody_expects_and_what_cannot_be_read_is_shown(open_page, page_quiet, viewer):
    at = timezone.now()
    UnexpectedDatabase.objects.create(agent="ACME", database_name=XSS[:120], first_seen_at=at, last_seen_at=at)
    QuarantinedReport.objects.create(agent="ACME", file_name="report.json", stored_name="x", reason=XSS, found_at=at)
    page = open_page("/live/backups/", viewport={"width": 380, "height": 800})

    expect(page.locator("#unexpected-rows")).to_contain_text(XSS)
    expect(page.locator("#quarantine-rows")).to_contain_text(XSS)
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    page_quiet(page)


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_both_pages_fit_a_phone(open_page, page_quiet, viewer, locale):
    job = nightly("a_database_with_a_long_name_" * 4, BackupVerdict.FAILED, message="m" * 200, agent_id_responsible="AGENT_" * 15)
    for path in ("/live/backups/", f"/live/backups/{job.pk}/"):
        page = open_page(path, viewport={"width": 380, "height": 800}, locale=locale)
        page.locator("#jobs .title, #entries summary").first.wait_for()

        assert page.evaluate("document.documentElement.scrollWidth") == 380
        page_quiet(page)


def test_scan_now_leads_to_a_page_that_follows_the_scan(open_page, page_quiet, boss):
    bootstrap.run()
    page = open_page("/admin/backups/scan/")

    page.get_by_role("link", name="Scan now").click()
    page.get_by_role("button", name="Scan", exact=True).click()
    expect(page.locator("#underway")).to_contain_text("Waits for a worker")

    scan = scans.begin("", at=timezone.now())
    scan.progress("verify", 3, 4)
    expect(page.locator("#underway progress")).to_have_attribute("value", "3")
    scan.finish({"databases": 4}, at=timezone.now())

    expect(page.locator("#underway")).to_contain_text("databases in them: 4")
    expect(page.locator("#underway-said")).to_have_text("Done")
    page_quiet(page)
