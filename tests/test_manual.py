"""The manual builds with every link and every page in its place, from this machine alone, and its reference is what the code has."""

import re
import warnings
from pathlib import Path

import pytest
from django.utils import timezone
from mkdocs.commands.build import build
from mkdocs.config import load_config

from alerts.enums import AlertStatus
from sentinel_site import metrics
from tests.test_docs import settings_read

ROOT = Path(__file__).parent.parent
FETCHED = re.compile(r"""<(?:script|link|img|iframe|source|video)\b[^>]*\b(?:src|href)=["']?(https?:|//)""")


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    """The folder of the built manual. A broken link, or a page that the navigation does not know, stops the build."""
    place = tmp_path_factory.mktemp("manual")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's libraries
        build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(place), strict=True))
    return place


def page(manual, name):
    return (manual / f"{name}.html").read_text()


def test_a_browser_fetches_nothing_from_elsewhere(manual):
    pages = {path.name: path.read_text() for path in manual.rglob("*.html")}

    assert len(pages) > 30
    assert [name for name, text in pages.items() if FETCHED.search(text)] == []
    assert [path.name for path in manual.rglob("*.css") if re.search(r"url\([\"']?https?:|@import", path.read_text())] == []


def test_every_setting_is_shown_as_the_code_reads_it(manual):
    rows = page(manual, "settings").partition("As the code reads them")[2]

    assert [name for name in settings_read() if f"<code>{name}</code>" not in rows] == []
    assert re.search(r"<code>SENTINEL_DATABASE_POOL</code></td>\s*<td>whole number</td>\s*<td><code>16</code>", rows)


def test_every_word_and_way_of_a_status_is_shown(manual):
    words = page(manual, "reference/words")

    assert [status for status in AlertStatus.values if f"<code>{status}</code>" not in words] == []
    assert re.search(r"<code>SEEN</code></td>.*?Someone opened it.*?<code>PENDING</code>, <code>DELIVERED</code>", words, re.S)


@pytest.mark.django_db
def test_every_metric_that_is_served_is_shown_and_no_other(manual):
    served = set(re.findall(r"^# HELP (\w+)", metrics.text(at=timezone.now()), re.M))

    assert set(re.findall(r"<td><code>(sentinel_\w+)</code>", page(manual, "reference/metrics"))) == served


def test_every_operation_of_the_api_and_every_command_is_shown(manual):
    assert "<code>POST /api/v1/detections</code>" in page(manual, "reference/api-alerts")
    assert "--demo" in page(manual, "reference/commands")


def test_every_picture_is_one_that_the_script_takes_and_together_they_are_small():
    taken = set(re.findall(r'^    "([\w-]+)": Picture\(', (ROOT / "docs" / "screenshots.py").read_text(), re.M))
    kept = {path.stem: path.stat().st_size for path in (ROOT / "docs" / "images").glob("*.png")}

    assert set(kept) == taken
    assert sum(kept.values()) < 1_500_000
