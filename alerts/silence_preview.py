"""What a silence would hold back if it began now: shown before it is saved. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext, ngettext

from alerts import subjects
from alerts.enums import OPEN, Priority
from alerts.models import Alert
from sentinel_site.lib import matchers
from sentinel_site.lib.matchers import Matcher

EXAMPLES: Final = 5
MOST: Final = 20_000
"""So many open alerts are looked at, the newest first."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Of the alerts that are open now: how many match, and of those how many are exempt, and how many are a P1 (8 hours at the most)."""

    open: int
    matching: int
    exempt: int
    p1: int
    examples: tuple[Alert, ...]

    @property
    def counted(self) -> str:
        """How many match, in words."""
        if not self.matching:
            said = gettext("None of the %(open)d open alerts matches now.") if self.open else gettext("No alert is open now.")
            return said % {"open": self.open}
        return _matching(self.matching, self.open)

    @property
    def sentence(self) -> str:
        """All of it in words."""
        if not self.matching:
            return self.counted
        parts = [self.counted]
        if self.exempt:
            parts.append(gettext("Lives may depend on %(exempt)d of them: not held back, whatever you write.") % {"exempt": self.exempt})
        if self.p1:
            said = ngettext("%(p1)d of them is a P1: held for 8 hours at the most.", "%(p1)d of them are P1: held for 8 hours at the most.",
                            self.p1)  # fmt: skip
            parts.append(said % {"p1": self.p1})
        return " ".join(parts)


def preview(conditions: Sequence[Matcher]) -> Preview:
    """What ``conditions`` match among the open alerts."""
    found: list[Alert] = []
    looked_at = 0
    rows = Alert.objects.filter(status__in=OPEN).select_related("source").order_by("-pk")
    for alert in rows[:MOST].iterator(chunk_size=500):
        looked_at += 1
        if matchers.all_hold(conditions, subjects.labels_of(alert)):
            found.append(alert)
    exempt = sum(alert.life_safety for alert in found)
    p1 = sum(alert.priority == Priority.P1 and not alert.life_safety for alert in found)
    return Preview(looked_at, len(found), exempt, p1, tuple(found[:EXAMPLES]))


def describe(found: Preview, *, at: datetime) -> dict[str, object]:
    """``found`` as REST and the admin's form show it."""
    examples = [
        {
            "id": str(alert.pk),
            "number": alert.number,
            "title": alert.own_title,
            "priority": f"P{alert.priority}",
            "life_safety": alert.life_safety,
        }
        for alert in found.examples
    ]
    counted = {"open": found.open, "matching": found.matching, "exempt": found.exempt, "p1": found.p1}
    return {**counted, "says": found.sentence, "examples": examples, "at": at.isoformat()}


def _matching(count: int, of: int) -> str:
    if of == 1:
        return gettext("1 of 1 open alert matches now.")
    said = ngettext("%(matching)d of %(open)d open alerts matches now.", "%(matching)d of %(open)d open alerts match now.", count)
    return said % {"matching": count, "open": of}
