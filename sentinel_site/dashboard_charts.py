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
        "open",
        gettext_noop("Open and late"),
        ("alerts.view_alert",),
        (
            Drawn(
                "open",
                gettext_noop("Open at once"),
                LINES,
                gettext_noop("The most at any full hour. Late: nobody had taken it within its priority's time."),
            ),
            Drawn("open_by_priority", gettext_noop("Open at once, by priority"), LINES),
        ),
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
    Chart(
        "deliveries",
        gettext_noop("Messages"),
        ("notifications.view_delivery",),
        (
            Drawn("messages", gettext_noop("Messages by transport"), STACK),
            Drawn("provider", gettext_noop("The provider's time"), LINES, gettext_noop("The median of the last attempt.")),
            Drawn(
                "outcome",
                gettext_noop("What became of messages"),
                LINES,
                gettext_noop("Accepted by the provider; proved by a receipt; failed."),
            ),
        ),
        {"by_transport": gettext_noop("By transport")},
    ),
    Chart(
        "people",
        gettext_noop("Load of people"),
        ("notifications.view_notification",),
        (Drawn("rings", gettext_noop("What rang"), STACK, gettext_noop("Push, Slack, SMS, calls and Apprise; a mail rings nowhere.")),),
        {"by_person": gettext_noop("By person (nights are from 22 to 7 by their own clock)")},
    ),
    Chart(
        "devices",
        gettext_noop("Devices"),
        ("devices.view_reading",),
        (
            Drawn(
                "up",
                gettext_noop("Time with readings"),
                LINES,
                gettext_noop("Of the hours that are over, those in which any reading came."),
            ),
            Drawn("readings", gettext_noop("Readings"), STACK),
        ),
        {"by_device": gettext_noop("By device")},
    ),
    Chart(
        "backups",
        gettext_noop("Backups"),
        ("backups.view_backupentry",),
        (Drawn("verdicts", gettext_noop("Backups day by day"), HEAT, gettext_noop("The colour is that of the worst of the day.")),),
        {"by_backup": gettext_noop("By backup")},
    ),
    Chart(
        "jobs",
        gettext_noop("Jobs"),
        ("jobs.view_job", "jobs.view_jobrun"),
        (
            Drawn("ended", gettext_noop("How runs ended"), STACK),
            Drawn("lasted", gettext_noop("How long runs took"), LINES),
        ),
        {"by_job": gettext_noop("By job")},
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
    "accepted": gettext_noop("Accepted"),
    "proved": gettext_noop("Proved"),
    "failed": gettext_noop("Failed"),
    "cancelled": gettext_noop("Cancelled"),
    "transport": gettext_noop("Transport"),
    "provider_median_seconds": gettext_noop("Provider, median"),
    "provider_p95_seconds": gettext_noop("Provider, 95 % within"),
    "waited_median_seconds": gettext_noop("Until sent, median"),
    "waited_p95_seconds": gettext_noop("Until sent, 95 % within"),
    "person": gettext_noop("Person"),
    "rings": gettext_noop("Rang"),
    "nights": gettext_noop("Nights"),
    "night_rings": gettext_noop("Rang at night"),
    "hours": gettext_noop("Hours on call"),
    "night_hours": gettext_noop("Hours on call at night"),
    "device": gettext_noop("Device"),
    "readings": gettext_noop("Readings"),
    "up_percent": gettext_noop("Time with readings"),
    "backup": gettext_noop("Backup"),
    "success": gettext_noop("Success"),
    "suspicious": gettext_noop("Suspicious"),
    "hash_mismatch": gettext_noop("Hash mismatch"),
    "transfer_integrity_failed": gettext_noop("Transfer integrity failed"),
    "missing": gettext_noop("Missing"),
    "job": gettext_noop("Job"),
    "runs": gettext_noop("Runs"),
    "warning": gettext_noop("Warning"),
    "error": gettext_noop("Error"),
    "orphaned": gettext_noop("Orphaned"),
    "skipped": gettext_noop("Skipped"),
    "lasted_median_seconds": gettext_noop("Median run"),
    "lasted_p95_seconds": gettext_noop("95 % run within"),
    "lasted_worst_seconds": gettext_noop("Longest run"),
    "open": gettext_noop("Open"),
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
