"""Which charts the dashboards have, for whom, and what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext_noop

STACK, LINES, BARS, HEAT = "stack", "lines", "bars", "heat"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure of a chart. ``kind``: how it is drawn; ``says``: what it shows, in a sentence."""

    id: str
    title: str
    kind: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A part of the page: one address of REST, its figures and tables, and the permissions that it takes."""

    id: str
    title: str
    permissions: tuple[str, ...]
    figures: tuple[Drawn, ...]
    tables: Mapping[str, str] = field(default_factory=dict)
    filters: bool = False


CHARTS: Final[Sequence[Chart]] = (
    Chart(
        "alerts",
        gettext_noop("Alerts"),
        ("alerts.view_alert",),
        (
            Drawn("raised", gettext_noop("Alerts raised"), STACK),
            Drawn(
                "to_acknowledge",
                gettext_noop("Time until somebody took it"),
                LINES,
                gettext_noop("By when the alert was raised. Nobody took the others."),
            ),
            Drawn("to_resolve", gettext_noop("Time until it was over"), LINES, gettext_noop("By when the alert was raised.")),
            Drawn(
                "noise",
                gettext_noop("Noise"),
                LINES,
                gettext_noop("Repeats were folded into an open alert; of the untold nobody was told."),
            ),
        ),
        {"by_priority": gettext_noop("By priority"), "by_source": gettext_noop("By source")},
        filters=True,
    ),
    Chart(
        "steps",
        gettext_noop("Promises"),
        ("alerts.view_alert",),
        (
            Drawn(
                "due",
                gettext_noop("Steps that were due"),
                BARS,
                gettext_noop("Late: more than a second after it was due. Very late: more than a minute."),
            ),
            Drawn("lateness", gettext_noop("How late steps were taken"), LINES),
        ),
        {"promises": gettext_noop("The ledger of promises")},
        filters=True,
    ),
)
WORDS: Final = {
    "median": gettext_noop("Median"),
    "p95": gettext_noop("95 % are within"),
    "worst": gettext_noop("Worst"),
    "raised": gettext_noop("Raised"),
    "repeats": gettext_noop("Repeats"),
    "untold": gettext_noop("Untold"),
    "flapped": gettext_noop("Flapping"),
    "noise": gettext_noop("Said to be noise"),
    "due": gettext_noop("Due"),
    "late": gettext_noop("Late"),
    "very_late": gettext_noop("Very late"),
    "others": gettext_noop("Others"),
    "all": gettext_noop("All"),
    "priority": gettext_noop("Priority"),
    "source": gettext_noop("Source"),
    "messages": gettext_noop("Messages"),
    "acknowledged": gettext_noop("Acknowledged"),
    "resolved": gettext_noop("Resolved"),
    "expired": gettext_noop("Expired"),
    "to_acknowledge_count": gettext_noop("Taken"),
    "to_acknowledge_mean_seconds": gettext_noop("Mean until taken"),
    "to_acknowledge_median_seconds": gettext_noop("Median until taken"),
    "to_acknowledge_p95_seconds": gettext_noop("95 % taken within"),
    "to_resolve_count": gettext_noop("Ended"),
    "to_resolve_mean_seconds": gettext_noop("Mean until over"),
    "to_resolve_median_seconds": gettext_noop("Median until over"),
    "to_resolve_p95_seconds": gettext_noop("95 % over within"),
    "p95_seconds": gettext_noop("95 % within"),
    "worst_seconds": gettext_noop("Worst"),
    "begin": gettext_noop("From"),
}
SENTENCES: Final = {
    "steps": gettext_noop("{due} steps due, {late} late, worst {worst}"),
    "nothing": gettext_noop("Nothing was counted in this time."),
    "counting": gettext_noop("Loading"),
    "error": gettext_noop("Medians and percentiles are exact to {percent} %."),
    "range": gettext_noop("{since} to {until} ({zone})"),
}
PRESETS: Final = (
    (1, gettext_noop("24 hours")),
    (7, gettext_noop("7 days")),
    (30, gettext_noop("30 days")),
    (90, gettext_noop("90 days")),
    (365, gettext_noop("1 year")),
)
