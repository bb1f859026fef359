"""Telling the administrators, beforehand, that a P1 would reach nobody: an alert per policy, closed when the gap is."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Final

from django.utils import translation
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from alerts import folding, intake, lifecycle, reachability, tongues
from alerts.enums import DEFAULT_PRIORITY, OPEN, Resolution, Severity
from alerts.models import Alert
from alerts.reachability import Gap
from notifications.models import Recipient

TYPE: Final = "nobody-reachable"
Anew = Callable[[str], list[Gap]]
"""All gaps, with their reasons in the language that is switched on, by its code."""
SOON: Final = timedelta(hours=24)
"""A gap that begins within it makes the alert high, a later one medium."""


def check(*, at: datetime) -> int:
    """Raise, keep, or make more urgent an alert for every policy with a gap in the next days, and resolve the others.

    Returns how many policies have a gap.

    Nothing is raised as long as there is no recipient at all: the first steps on the overview say so.
    """
    found: dict[str, list[Gap]] = defaultdict(list)
    if Recipient.objects.filter(active=True).exists():
        with translation.override(tongues.STORED):
            gaps = _gaps(at=at)
        for gap in gaps:
            found[gap.policy].append(gap)
    raised = {alert.subject: alert for alert in Alert.objects.filter(source__slug=intake.OWN_SOURCE, type=TYPE, status__in=OPEN)}
    anew = cache(lambda _language: _gaps(at=at))
    news = [(policy, gaps) for policy, gaps in found.items() if _is_news(_severity(gaps[0], at=at), raised.get(policy[:200]))]
    intake.accept([_report(policy, gaps, anew, at=at) for policy, gaps in news], at=at)
    for policy, alert in raised.items():
        if policy not in {name[:200] for name in found}:
            note = tongues.note(lambda: _("A P1 reaches somebody in every minute again."))
            lifecycle.resolve(alert, by=None, at=at, resolution=Resolution.RECOVERED, note=note)
    return len(found)


def _is_news(severity: Severity, raised: Alert | None) -> bool:
    """Whether nothing is said of the gap yet, or it has come nearer: then the same alert becomes more urgent, and calls again."""
    return raised is None or DEFAULT_PRIORITY[severity] < raised.priority


def _severity(first: Gap, *, at: datetime) -> Severity:
    if first.span.since <= at:
        return Severity.CRITICAL
    return Severity.HIGH if first.span.since < at + SOON else Severity.MEDIUM


def _report(policy: str, gaps: list[Gap], anew: Anew, *, at: datetime) -> folding.NewReport:
    first = gaps[0]
    words = partial(_words, policy, first, len(gaps) - 1, anew, now=first.span.since <= at)
    return folding.NewReport(
        source=intake.OWN_SOURCE, type=TYPE, subject=policy[:200], severity=_severity(first, at=at),
        dedup_key=f"{TYPE}:{policy}"[:300], **tongues.report(words),
    )  # fmt: skip


def _words(policy: str, first: Gap, more: int, anew: Anew, *, now: bool) -> dict[str, str]:
    """What is said of it in the language that is switched on; the reasons are asked for anew in another than that they are stored in."""
    language = get_language() or tongues.STORED
    same = [gap for gap in anew(language) if (gap.policy, gap.span) == (policy, first.span)] if language != tongues.STORED else []
    why = "; ".join((same or [first])[0].why)
    since, until = f"{first.span.since:%Y-%m-%d %H:%M}", f"{first.span.until:%Y-%m-%d %H:%M}"
    said = _("A P1 would reach nobody from %(since)s UTC (policy %(policy)s)")
    if now:
        said = _("A P1 would reach nobody now (policy %(policy)s)")
    lines = [_("Until %(until)s UTC: %(why)s.") % {"until": until, "why": why}]
    if more:
        counted = ngettext("And %(n)d more stretch in the next %(days)d days.", "And %(n)d more stretches in the next %(days)d days.", more)
        lines.append(counted % {"n": more, "days": reachability.DAYS})
    lines.append(_("See “Who would be called” in the admin."))
    return {"title": said % {"since": since, "policy": policy}, "description": " ".join(lines)}


def _gaps(*, at: datetime) -> list[Gap]:
    return reachability.gaps(since=at, until=at + timedelta(days=reachability.DAYS))
