"""The story of an alert as a PDF: what the page shows, black on white, with everything that a stranger needs to judge it by."""

from typing import Any, Final

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from alerts import images, story_chart, story_page
from alerts.models import Alert
from alerts.story import Story
from alerts.story_file import Made
from alerts.story_page import Told
from alerts.story_parts import Chart
from sentinel_site.lib import given
from sentinel_site.lib.paper import LEADING, LEFT, RIGHT, Margins, Paper

CLOCK: Final = LEFT + 66.0
FACTS: Final = CLOCK + 130.0
AXIS, CHART_HEIGHT = 34.0, 130.0
DATA_LINES: Final = 400
"""So many lines of one text are printed; the JSON file has all that is told."""


def make(story: Story, made: Made, file: dict[str, Any], *, picture: bytes | None) -> bytes:
    """The document. ``file``: what story_file.document made of the same story; ``picture``: for who may see it, or None.

    In the language and the time zone that are switched on.
    """
    alert = story.alert
    paper = Paper(_margins(alert, made, file))
    paper.text(_("The story of alert #%(number)s") % {"number": alert.number}, size=10, grey=0.25, space=2)
    paper.text(alert.own_title, size=16, bold=True, most=8, space=4)
    if alert.own_description:
        paper.text(alert.own_description, size=9.5, most=DATA_LINES, space=4)
    _list(paper, _("Not told here"), story.left_out)
    paper.heading(_("In short"))
    for line in story_page.summary(alert, story.chosen):
        paper.pair(line.label, line.text)
    for chart in story.charts:
        _chart(paper, chart)
    _picture(paper, file["story"]["picture"], picture)
    _days(paper, story)
    _policy(paper, story)
    _about(paper, made, file)
    language = translation.get_language() or settings.LANGUAGE_CODE
    return paper.pdf(title=f"Sentinel #{alert.number}", author=settings.SENTINEL_SITE_NAME, language=language)


def picture_of(alert: Alert) -> bytes | None:
    """The alert's picture; None when there is none, or none any more. Ask only for who may see it."""
    try:
        return images.path_of(alert.image).read_bytes() if alert.image else None
    except (OSError, ValueError):
        return None


def _margins(alert: Alert, made: Made, file: dict[str, Any]) -> Margins:
    words = {"at": story_page.moment(made.at), "by": made.by or "–"}
    return Margins(
        left=f"{settings.SENTINEL_SITE_NAME} · Sentinel", right=_("Alert #%(number)s") % {"number": alert.number},
        foot=[_("Made at %(at)s for %(by)s") % words, f"SHA-256 {file['sha256']}"],
        page=_("Page %(page)d of %(pages)d"),
    )  # fmt: skip


def _list(paper: Paper, title: str, texts: Any) -> None:
    if texts:
        paper.heading(title)
        for text in texts:
            paper.text(f"– {text}")


def _picture(paper: Paper, known: dict[str, Any] | None, picture: bytes | None) -> None:
    if known is None:
        return
    paper.heading(_("The picture"), need=120)
    try:
        if picture is not None:
            paper.picture(picture)
    except OSError:
        paper.text(_("The picture cannot be read."))
    paper.text(f"SHA-256 {known['sha256']}" if known["kept"] else _("The picture is no longer kept."), size=8, grey=0.25)
    paper.text(_("The picture was written anew when it came: its digest differs from that of the sender's file."), size=8, grey=0.25)


def _days(paper: Paper, story: Story) -> None:
    for day in story_page.days(story):
        paper.heading(day.title)
        for told in day.entries:
            _entry(paper, told)


def _entry(paper: Paper, told: Told) -> None:
    """One entry: its time on the left; the facts and what was printed follow below it."""
    if told.passed:
        paper.text(f"– {told.passed} –", size=8, left=CLOCK, grey=0.35, space=2)
    paper.need(26)
    paper.put(told.clock, LEFT, paper.y - 9.0 * LEADING, size=9.0, grey=0.25)
    paper.text(told.text + (f" ({told.who})" if told.who else ""), left=CLOCK, most=DATA_LINES)
    for line in told.facts:
        paper.pair(line.label, line.text, size=7.5, left=CLOCK, middle=FACTS)
    if told.quoted:
        paper.text(told.quoted, size=7.5, left=CLOCK + 10, most=DATA_LINES, grey=0.15)
    paper.y -= 4.0


def _policy(paper: Paper, story: Story) -> None:
    paper.heading(_("The policy, as it was when the alert was raised"))
    for number, step in enumerate(story.chosen["steps"], 1):
        named = _(" “%(name)s”") % {"name": given.shown(step["label"])} if step.get("label") else ""
        title = _("Step %(number)d") % {"number": number} + named
        words = [_("after %(span)s") % {"span": story_page.length(step.get("delay_seconds") or 0)}, ", ".join(step.get("groups") or ())]
        paper.pair(title, ", ".join(word for word in [*words, ", ".join(step.get("kinds") or ())] if word))


def _about(paper: Paper, made: Made, file: dict[str, Any]) -> None:
    paper.heading(_("About this document"))
    paper.pair(_("Installation"), f"{settings.SENTINEL_SITE_NAME}, {settings.SENTINEL_BASE_URL}")
    paper.pair(_("Made at"), story_page.moment(made.at))
    paper.pair(_("Made for"), made.by or "–")
    paper.pair(_("Times"), str(timezone.get_current_timezone()))
    paper.pair("SHA-256", file["sha256"])
    paper.y -= 4.0
    paper.text(_("The digest is that of the story in the JSON file: two files with the same digest tell the same story."), grey=0.25)
    paper.text(_("□ stands for a character that this document's font does not have; the JSON file has it."), grey=0.25)


def _chart(paper: Paper, chart: Chart) -> None:
    paper.heading(chart.title + (f" ({chart.unit})" if chart.unit else ""), need=CHART_HEIGHT + 60)
    if chart.at:
        _drawing(paper, chart)
    for line in story_page.marks(chart):
        paper.pair(line.label, line.text, size=8)
    for text in [*chart.remarks, *story_page.gap_words(chart)]:
        paper.text(text, size=8)


def _drawing(paper: Paper, chart: Chart) -> None:
    """Onset and clear are lines with a name, as there is no colour."""
    left, width, height = LEFT + AXIS, RIGHT - LEFT - AXIS - 6, CHART_HEIGHT
    drawing = story_chart.draw(chart, width=width, height=height, zone=timezone.get_current_timezone(), marks=7)
    paper.need(height + 40)
    top = paper.y - 14
    bottom = top - height

    def place(points: Any) -> list[tuple[float, float]]:
        return [(left + x, top - y) for x, y in points]

    for since, until in drawing.gaps:
        paper.area(place([(since, 0), (until, 0), (until, height), (since, height)]), grey=0.92)
    for mark in drawing.rows:
        paper.line(place([(0, mark.place), (width, mark.place)]), width=0.3, grey=0.75)
        paper.put(mark.text, left - 5, top - mark.place - 2.5, size=7, align="right")
    for mark in drawing.columns:
        paper.line(place([(mark.place, height), (mark.place, height + 3)]))
        paper.put(mark.text, left + mark.place, bottom - 12, size=7, align="middle")
    for band in drawing.bands:
        paper.area(place(band), grey=0.7)
    for line in drawing.lines:
        paper.line(place(line if len(line) > 1 else [*line, (line[0].x + 0.5, line[0].y)]), width=0.8)
    if drawing.limit is not None:
        paper.line(place([(0, drawing.limit), (width, drawing.limit)]), width=0.8, dash=(4, 3))
    for name, across in ((_("Onset"), drawing.onset), (_("Over"), drawing.clear)):
        if across is not None:
            paper.line(place([(across, 0), (across, height)]), width=1.2)
            paper.put(name, left + across, top + 4, size=7, bold=True, align="middle")
    paper.line(place([(0, 0), (0, height), (width, height)]), width=0.6)
    paper.y = bottom - 20
