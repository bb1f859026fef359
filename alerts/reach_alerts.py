"""Telling the administrators, beforehand, that a P1 would reach nobody: an alert per policy, closed when the gap is."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from django.utils import translation

from alerts import folding, intake, lifecycle, reachability
from alerts.enums import DEFAULT_PRIORITY, OPEN, Resolution, Severity
from alerts.models import Alert
from alerts.reachability import Gap
from notifications.models import Recipient

TYPE: Final = "nobody-reachable"
SOON: Final = timedelta(hours=24)
"""A gap that begins within it makes the alert high, a later one medium."""


def check(*, at: datetime) -> int:
    """Raise, keep, or make more urgent an alert for every policy with a gap in the next days, and resolve the others.

    Returns how many policies have a gap.

    Nothing is raised as long as there is no recipient at all: the first steps on the overview say so.
    """
    found: dict[str, list[Gap]] = defaultdict(list)
    if Recipient.objects.filter(active=True).exists():
        with translation.override(None):  # it is stored
            gaps = reachability.gaps(since=at, until=at + timedelta(days=reachability.DAYS))
        for gap in gaps:
            found[gap.policy].append(gap)
    raised = {alert.subject: alert for alert in Alert.objects.filter(source__slug=intake.OWN_SOURCE, type=TYPE, status__in=OPEN)}
    reports = [_report(policy, gaps, at=at) for policy, gaps in found.items()]
    intake.accept([report for report in reports if _is_news(report, raised.get(report.subject))], at=at)
    for policy, alert in raised.items():
        if policy not in {name[:200] for name in found}:
            lifecycle.resolve(alert, by=None, at=at, resolution=Resolution.RECOVERED, note="A P1 reaches somebody in every minute again.")
    return len(found)


def _is_news(report: folding.NewReport, raised: Alert | None) -> bool:
    """Whether nothing is said of the gap yet, or it has come nearer: then the same alert becomes more urgent, and calls again."""
    return raised is None or DEFAULT_PRIORITY[Severity(report.severity or Severity.MEDIUM)] < raised.priority


def _report(policy: str, gaps: list[Gap], *, at: datetime) -> folding.NewReport:
    first = gaps[0]
    now = first.span.since <= at
    severity = Severity.CRITICAL if now else Severity.HIGH if first.span.since < at + SOON else Severity.MEDIUM
    since = "now" if now else f"from {first.span.since:%Y-%m-%d %H:%M} UTC"
    return folding.NewReport(
        source=intake.OWN_SOURCE, type=TYPE, subject=policy[:200], severity=severity, dedup_key=f"{TYPE}:{policy}"[:300],
        title=f"A P1 would reach nobody {since} (policy {policy})"[:300],
        description=f"Until {first.span.until:%Y-%m-%d %H:%M} UTC: {'; '.join(first.why)}."
        + (f" And {len(gaps) - 1} more stretches in the next {reachability.DAYS} days." if len(gaps) > 1 else "")
        + " See “Who would be called” in the admin.",
    )  # fmt: skip
