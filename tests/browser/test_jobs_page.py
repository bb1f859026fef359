"""The pages of jobs in a real browser: the night at a glance, a chain as one story, run now, pause, and nothing that breaks out."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from playwright.sync_api import expect

from jobs.models import Job, JobLink, JobRun
from tests.factories import make_source, raise_alert
from tests.jobs.rows import make_job, make_run

SOON = 60_000
PAGE = "/live/jobs/"
XSS = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture
def responder(responder):
    responder.user_permissions.add(*Permission.objects.filter(content_type__app_label="jobs"))
    return responder


@pytest.fixture
def page_quiet():
    """As everywhere, but for the banner's own question: no watchdog runs here, and /healthz answers 503 as it should."""

    def quiet(page):
        assert [said for said in page.complaints if "503 (Service Unavailable)" not in said] == []

    return quiet


@pytest.fixture
def chain(responder):
    """An export that failed, a load that did not run because of it, and a mail job that is well."""
    now = timezone.now()
    names = {"export": f"Export {XSS}", "load": "Load", "mail": "Mail"}
    crons = {"export": "0 2 * * *", "load": "", "mail": "0 2 * * *"}
    export, load, mail = (
        make_job(slug, name=names[slug], kind="http", http_url="https://example.org/", cron=crons[slug]) for slug in names
    )
    JobLink.objects.create(parent=export, child=load)
    for days in (3, 2, 1):
        make_run(export, at=now - timedelta(days=days), stats={"rows": 1000})
    run = make_run(export, "error", at=now - timedelta(minutes=9), message=f"exit code 2 {XSS}", error=f"ValueError: {XSS}", output=XSS)
    follows = {"trigger": "chain", "chain_id": run.chain_id, "parent": run, "started_at": None}
    make_run(load, "skipped", at=now - timedelta(minutes=8), reason="Export failed", **follows)
    make_run(mail, at=now - timedelta(minutes=7))
    make_source("jobs")
    raise_alert(at=now, source="jobs", type="job-error", dedup_key=f"job:{export.pk}:job-error", subject="export", title="Export failed")
    return run


def block(page, slug):
    return page.locator(f"#{slug}")


def test_the_night_is_answered_at_a_glance_and_a_chain_is_one_story(open_page, page_quiet, chain):
    page = open_page(PAGE)

    expect(page.locator("#headline")).to_have_text("Last night did not go well: 2 of 3 jobs need somebody.")
    expect(page.locator(".chain-head")).to_contain_text("stopped at Export")
    expect(page.locator(".job-block").first).to_contain_text("Load")
    expect(block(page, "export")).to_contain_text("exit code 2")
    expect(block(page, "export").locator(".job-spark a")).to_have_count(4)
    expect(block(page, "load")).to_contain_text("Export failed")
    page.get_by_role("button", name="In trouble").click()
    expect(block(page, "mail")).to_have_count(0)
    page_quiet(page)


def test_a_run_leads_to_its_page_with_error_output_figures_and_chain(open_page, page_quiet, chain):
    page = open_page(PAGE)
    block(page, "export").locator(".job-name").click()
    block(page, "export").locator(".run-item a").first.click()

    expect(page.locator("#error")).to_contain_text(f"ValueError: {XSS}")
    expect(page.locator("#output")).to_contain_text(XSS)
    expect(page.locator("#chain .run-item")).to_have_count(2)
    expect(page.locator("#status")).to_have_text("✕ failed")
    page_quiet(page)


def test_a_job_is_run_after_a_question_and_paused(open_page, page_quiet, chain):
    page = open_page(PAGE)

    block(page, "export").get_by_role("button", name="Run now").click()
    page.locator("#ask-run-go").click()
    expect(block(page, "export")).to_contain_text("waits since", timeout=SOON)
    block(page, "export").get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="1 day").click()

    expect(block(page, "export")).to_contain_text("paused until", timeout=SOON)
    assert (JobRun.objects.filter(trigger="manual").count(), Job.objects.get(slug="export").paused_until is None) == (1, False)
    page_quiet(page)


def test_what_happens_meanwhile_appears_by_itself(open_page, page_quiet, chain):
    page = open_page(PAGE)
    make_run(chain.job, at=timezone.now(), trigger="manual")

    expect(block(page, "export").locator(".job-spark a")).to_have_count(5, timeout=SOON)
    page_quiet(page)


def test_the_keyboard_keeps_its_place_when_a_run_ends(open_page, chain):
    page = open_page(PAGE)
    block(page, "export").get_by_role("button", name="Run now").focus()

    make_run(chain.job, at=timezone.now(), trigger="manual")

    expect(block(page, "export").locator(".job-spark a")).to_have_count(5, timeout=SOON)
    expect(block(page, "export").get_by_role("button", name="Run now")).to_be_focused()


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_sticks_out_on_a_telephone(open_page, page_quiet, chain, dark):
    for path in (PAGE, f"/live/jobs/runs/{chain.pk}/"):
        page = open_page(path, viewport={"width": 380, "height": 740}, color_scheme="dark" if dark else "light")
        expect(page.locator(".job, #facts dd").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        page_quiet(page)


def test_in_french(open_page, page_quiet, chain):
    page = open_page(PAGE, locale="fr-FR")

    expect(page.locator("#headline")).to_have_text("La nuit s’est mal passée : 2 tâches sur 3 ont besoin de quelqu’un.")
    page_quiet(page)
