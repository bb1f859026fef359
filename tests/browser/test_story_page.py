"""The story of an alert in a real browser: whole as it comes, on any width, with nothing that the page complains of."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from alerts import lifecycle
from tests.factories import make_source, raise_alert

XSS = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture
def alert():
    make_source()
    at = timezone.now()
    alert = raise_alert(at=at, title=f"{XSS} \u202egnihton {'W' * 150}", severity="high", description=XSS, labels={"room": "W" * 300})
    lifecycle.comment(alert, by=None, at=at, note=XSS * 3)
    return alert


def test_it_is_reached_from_the_alert_and_fits_a_telephone(open_page, alert):
    page = open_page(f"/live/alerts/{alert.pk}", viewport={"width": 380, "height": 800}, locale="fr-FR")

    page.get_by_role("link", name="L’histoire de l’alerte").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{XSS} gnihton")
    expect(page.get_by_role("button", name="Imprimer")).to_be_visible()
    expect(page.get_by_text("Un signalement est arrivé")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    assert page.complaints == []
    with page.expect_download() as waited:
        page.get_by_role("link", name="En PDF").click()
    assert waited.value.suggested_filename == f"sentinel-alert-{alert.number}.pdf"
