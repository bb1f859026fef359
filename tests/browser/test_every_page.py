"""Every page, in both languages, light and dark, on a telephone and a wide screen: for everybody, whole, and at home.

axe-core looks for what shuts people out (WCAG 2.2, A and AA). Nothing may be wider than the screen, nothing to press smaller than
24 px, no English may be left on a French page, and no request may leave this machine.
"""

import io
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import expect

from sentinel_site.lib import registry
from tests.browser.pages import CLOSED, ONCE, PAGES, furnish

ROOT = Path(__file__).resolve().parents[2]
EVERY = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "rules": {"target-size": {"enabled": True}}}
LOOKS = {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "html-has-lang", "html-lang-valid"]}}
AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
WIDTHS = (320, 380, 1280, 1920)
RUN = """async (rules) => {
  const why = (node) => `${node.target}: ${[...node.any, ...node.all].map((check) => check.message)}`;
  return (await axe.run(document, rules)).violations.map((each) => [each.id, ...each.nodes.slice(0, 5).map(why)]);
}"""
WIDE = """() => [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map((each) => `${each.tagName.toLowerCase()}#${each.id}.${each.className}`)"""
FITS = """async (width) => {
  const until = performance.now() + 10000;
  const fits = () => innerWidth === width && document.documentElement.scrollWidth <= width;
  while (!fits() && performance.now() < until) await new Promise((again) => setTimeout(again, 20));
  return fits();
}"""
"""A chart is drawn anew some time after its page became narrower."""
SMALL = """() => [...document.querySelectorAll(
  "a[href], button, select, textarea, summary, input:not([type=hidden], [type=radio], [type=checkbox])")]
  .filter((each) => each.checkVisibility() && !each.closest("svg, .skip, dialog:not([open])"))
  .filter((each) => [...each.getClientRects()].some((box) => box.width > 0 && (box.width < 24 || box.height < 24)))
  .slice(0, 5).map((each) => `${each.tagName.toLowerCase()}#${each.id}.${each.className} ${each.innerText}`)"""
SAID = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const unread = "script, style, .material-symbols-outlined";
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(unread)) found.push(walker.currentNode.textContent);
  for (const name of ["title", "aria-label", "placeholder", "alt"])
    for (const each of document.querySelectorAll(`[${name}]`)) found.push(each.getAttribute(name));
  return [...new Set(found.map((text) => text.replace(/^[^\\p{L}]+|[^\\p{L}.…?!:]+$/gu, "")))];
}"""
STAY = "if (location.pathname === '/offline') window.setInterval = () => 0;"
"""The page that is shown without a line leaves as soon as there is one."""
DATA = {"Sentinel itself", *(each.title for each in registry.load().values())}
"""Names that this test gave, and those of Sentinel's own jobs, which operators change."""
EXPECTED = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: the server responded with a status of 503",
    "The AudioContext was not allowed to start",
)
"""What a browser says of pages that are refused or missing, of a house without a watchdog, and of a wall that nobody has touched."""


@pytest.mark.timeout(1200)  # fifty pages, on a machine that may be busy
def test_every_page_is_for_everybody_and_fits_and_stays_at_home(open_page, web, boss):
    places, asked, found = furnish(), [], {}

    for language, scheme, rules, pages in (("fr-FR", "dark", EVERY, PAGES | ONCE), ("en-GB", "light", LOOKS, PAGES)):
        page = open_page("/livez", locale=language, color_scheme=scheme, reduced_motion="reduce")
        page.context.add_init_script(path=AXE)
        page.context.add_init_script(STAY)
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:", 1)))
        found |= {(name, language): faults(page, name, path.format(**places), rules) for name, path in pages.items()}

    assert {where: wrong for where, wrong in found.items() if wrong} == {}
    assert [url for url in asked if not url.startswith((web.url, "data:", "blob:"))] == []


def faults(page, name, path, rules):
    """Everything that is wrong with one page."""
    page.complaints.clear()
    reach(page, name, path)
    expect(page.locator("#link[data-state=connecting]")).to_have_count(0)
    language = page.locator("html").get_attribute("lang")
    wrong = [[width, *page.evaluate(WIDE)] for width in WIDTHS if overflows(page, width)]
    wrong += [] if "admin" in page.url else [[width, *small] for width in WIDTHS if (small := too_small(page, width))]
    wrong += page.evaluate(RUN, rules)
    wrong += [said for said in page.complaints if not said.startswith(EXPECTED)]
    if language == "fr":
        wrong += [text for text in page.evaluate(SAID) if text in ENGLISH]
    return wrong


def reach(page, name, path):
    """Go there, or do what leads there."""
    page.goto(path)
    if name == "sign in, closed":
        page.fill("[name=username]", CLOSED)
        page.fill("[name=password]", "guessed")
        page.keyboard.press("Enter")
        expect(page.locator("[name=username]")).to_have_count(0)


def overflows(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    return not page.evaluate(FITS, width)


def too_small(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    return page.evaluate(SMALL)


def english():
    """Every text that has other words in French."""
    files = (ROOT / "locale" / "fr" / "LC_MESSAGES").glob("*.po")
    entries = [entry for file in files for entry in read_po(io.BytesIO(file.read_bytes())) if entry.id and isinstance(entry.id, str)]
    return {entry.id for entry in entries} - {entry.string for entry in entries} - DATA


ENGLISH = english()
