"""The dashboards in a real browser: drawn from REST, stored as a picture and as CSV, readable as tables."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from alerts import lifecycle
from sentinel_site import statistics
from tests.conftest import HOUR, MINUTE
from tests.factories import make_source, raise_alert

XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def counted(responder):
    make_source(name=XSS)
    at = timezone.now()
    alert = raise_alert(at=at - HOUR, severity="high")
    lifecycle.acknowledge(alert, by=responder, at=at - HOUR + 3 * MINUTE)
    statistics.run_due(at=at)


def test_figures_are_drawn_told_as_tables_and_stored(open_page, counted):
    page = open_page("/live/dashboards/", viewport={"width": 380, "height": 800}, locale="fr-FR")

    raised = page.locator('[data-figure="raised"]')
    expect(raised.locator("canvas")).to_be_visible()
    expect(page.locator('[data-table="by_source"] tbody th')).to_have_text(XSS)
    expect(page.locator('[data-table="by_priority"] tbody')).to_contain_text("3 min")
    raised.get_by_role("button", name="Tableau").click()
    expect(raised.locator("tbody td").filter(has_text="1")).to_have_count(1)
    with page.expect_download() as picture:
        raised.get_by_role("button", name="PNG").click()
    with page.expect_download() as file:
        raised.get_by_role("link", name="CSV").click()

    assert picture.value.suggested_filename == "sentinel-raised.png"
    assert file.value.suggested_filename.startswith("sentinel-alerts-raised-")
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    assert page.complaints == []


def test_what_is_chosen_stands_in_the_address_and_comes_back(open_page, counted):
    page = open_page("/live/dashboards/?days=7")
    page.get_by_label("Source", exact=True).select_option("probe")
    page.get_by_role("button", name="1 year").click()
    expect(page.locator("#chart-alerts")).to_have_attribute("aria-busy", "false")

    page.reload()

    expect(page.get_by_role("button", name="1 year")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Source", exact=True)).to_have_value("probe")
    assert page.complaints == []
