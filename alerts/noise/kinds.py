"""Alerts of a kind, as the proposals see them: alike in source and type, perhaps in subject, and told by matchers. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from alerts.enums import Priority
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.intake import OWN_SOURCE
from alerts.models import Source
from alerts.noise.figures import FEW
from alerts.past import Past, Was
from sentinel_site.lib import matchers

BARE = re.compile(r"[A-Za-z0-9_.:/@+-]+")
FEW_DAYS = 3
"""What comes on fewer days is one trouble, and no habit."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert of the past: what it said, and what became of it. ``told``: how many messages people really got."""

    report: NewReport
    was: Was
    at: datetime

    @property
    def told(self) -> int:
        """Messages that were written about it."""
        return self.was.messages


@dataclass(frozen=True, slots=True)
class Ground:
    """What proposals are made from: the alerts of a period, in the order of time, and what people said of them.

    ``urgent``: those that would be a P1 today.
    """

    alerts: Sequence[Raised]
    useful: frozenset[UUID]
    sources: Mapping[str, Source]
    since: datetime
    at: datetime
    zone: ZoneInfo
    urgent: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Kind:
    """Alerts that agree in source and type, and in ``subject`` unless that is None."""

    source: Source
    type: str
    subject: str | None
    alerts: Sequence[Raised]

    @property
    def told(self) -> int:
        """Of how many of them people were told."""
        return sum(bool(each.told) for each in self.alerts)

    @property
    def messages(self) -> int:
        """How many messages that took."""
        return sum(each.told for each in self.alerts)

    @property
    def title(self) -> str:
        """What the newest of them says."""
        return self.alerts[-1].report.title

    def days(self, zone: ZoneInfo) -> int:
        """On how many days they came."""
        return len({each.at.astimezone(zone).date() for each in self.alerts})

    def matchers(self) -> list[str] | None:
        """What matches them, and nothing of another severity; None when no matcher can say it."""
        severities = sorted({each.report.severity or "" for each in self.alerts})
        texts = [text("source", self.source.slug), text("type", self.type)]
        texts += [] if self.subject is None else [text("subject", self.subject)]
        texts.append(text("severity", severities[0]) if len(severities) == 1 else f'severity=~"{"|".join(severities)}"')
        return texts if all(map(readable, texts)) else None


def text(name: str, value: str) -> str:
    """The matcher that asks for exactly this value."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f"{name}={value}" if BARE.fullmatch(value) else f'{name}="{escaped}"'


def readable(matcher: str) -> bool:
    """Whether it can be stored, and stands on one line of a form."""
    try:
        return len(matcher.splitlines()) == 1 and matcher == matcher.strip() and bool(matchers.parse(matcher))
    except matchers.MatcherError:
        return False


def raised(past: Iterable[Past]) -> list[Raised]:
    """``past`` without what cannot be read or became nothing."""
    return [Raised(each.report, each.was, each.at) for each in past if each.was and not isinstance(each.report, InvalidReport)]


def eligible(ground: Ground) -> list[Kind]:
    """Every kind about which something may be proposed, the one with the most messages first: no lives, no P1, not Sentinel itself."""
    found: dict[tuple[str, str], list[Raised]] = {}
    for each in ground.alerts:
        found.setdefault((each.report.source, each.report.type), []).append(each)
    kinds = [
        Kind(source, word, None, those)
        for (slug, word), those in found.items()
        if slug != OWN_SOURCE and (source := ground.sources.get(slug)) and not source.life_safety
    ]  # fmt: skip
    return sorted((kind for kind in kinds if not urgent(kind, ground)), key=lambda kind: (-kind.messages, kind.source.slug, kind.type))


def urgent(kind: Kind, ground: Ground) -> bool:
    """Whether any of them was a P1, or would be one today."""
    return any(each.was.priority == Priority.P1 or each.was.alert in ground.urgent for each in kind.alerts)


def by_subject(kind: Kind) -> list[Kind]:
    """``kind`` taken apart; empty when it has one subject only."""
    found: dict[str, list[Raised]] = {}
    for each in kind.alerts:
        found.setdefault(each.report.subject, []).append(each)
    return [Kind(kind.source, kind.type, subject, those) for subject, those in found.items()] if len(found) > 1 else []


def unacted(ground: Ground) -> list[Kind]:
    """Kinds of which people are told again and again, that nobody acted on or called useful; of other kinds, the subjects that are so."""
    found = []
    for kind in eligible(ground):
        if _idle(kind, ground):
            found.append(kind)
        else:
            found += [each for each in by_subject(kind) if _idle(each, ground)]
    return sorted(found, key=lambda kind: -kind.messages)


def _idle(kind: Kind, ground: Ground) -> bool:
    if kind.told < FEW or kind.days(ground.zone) < FEW_DAYS:
        return False
    return not any(each.was.acted or each.was.alert in ground.useful for each in kind.alerts)


def within(alerts: Iterable[Raised], span: timedelta, *, at: datetime) -> list[Raised]:
    """Those of ``alerts`` that came within ``span`` before ``at``."""
    return [each for each in alerts if each.at > at - span]
