"""The admin's lists and its fullest pages fit a laptop in the longer language, and cards on a telephone; forms ask for what counts."""

from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import expect

from devices.models import Device
from jobs.models import Job
from notifications.models import ContactMethod
from tests.browser.pages import furnish

CUT = """() => [...document.querySelectorAll("#main *, #content *")].filter((each) => each.scrollWidth > each.clientWidth + 1
  && ["auto", "scroll"].includes(getComputedStyle(each).overflowX) && each.querySelector("table")).map((each) => each.className)"""
LAID_OUT = "[...document.querySelectorAll('[data-simplebar]')].every((each) => each.dataset.simplebar === 'init')"
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
DRAWN = f"() => document.fonts.ready.then(() => {FRAMES})"
WIDTHS = (380, 1280)


def wrong(page, path):
    """Where a page is wider than the screen, and which of its tables cannot be seen whole."""
    page.goto(path)
    page.wait_for_function(LAID_OUT)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(DRAWN)
        found += [width] if page.evaluate("document.documentElement.scrollWidth") > width else page.evaluate(CUT)
    return found


def test_lists_and_pages_with_many_buttons_fit(open_page, boss):
    recipient = furnish()["recipient"]
    filled = [model for model in admin.site._registry if model._default_manager.exists()]
    paths = [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in filled]
    paths += [reverse("admin:notifications_transports"), f"/admin/notifications/recipient/{recipient}/change/"]
    paths += [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[model.objects.first().pk])
              for model in (ContactMethod, Job, Device)]  # fmt: skip
    page = open_page("/livez", locale="fr-FR", reduced_motion="reduce")

    found = {path: wrong(page, path) for path in paths}

    assert {path: what for path, what in found.items() if what} == {}


def test_a_form_asks_for_what_its_kind_needs(open_page, boss):
    page = open_page("/admin/jobs/job/add/")
    url, callable_ = page.locator("#id_http_url"), page.locator("#id_callable")

    page.select_option("#id_kind", "http")
    expect(url).to_be_visible()
    expect(callable_).to_be_hidden()
    page.select_option("#id_kind", "callable")
    expect(url).to_be_hidden()

    expect(callable_).to_be_visible()


def test_a_backup_asks_for_what_its_frequency_needs(open_page, boss):
    page = open_page("/admin/backups/expectedbackupjob/add/")
    names = ("expected_hour_utc", "weekdays_0", "day_of_month", "once_on", "cron")

    shown = {}
    for frequency in ("daily", "monthly", "once", "cron"):
        page.select_option("#id_backup_frequency", frequency)
        shown[frequency] = [name for name in names if page.locator(f"#id_{name}").is_visible()]

    assert shown == {"daily": ["expected_hour_utc", "weekdays_0"], "monthly": ["expected_hour_utc", "day_of_month"],
                     "once": ["expected_hour_utc", "once_on"], "cron": ["cron"]}  # fmt: skip
