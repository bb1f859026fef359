"""The configuration a replay runs against: today's, or today's with something changed. Nothing of it is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from alerts import inhibiting, routing, standing
from alerts.causes import Rule
from alerts.models import Inhibition, Route, Silence, Source
from alerts.standing import Standing
from alerts.subjects import Found, Subject
from sentinel_site.lib import matchers


@dataclass(frozen=True, slots=True)
class Changed:
    """What is supposed to be different from today. A saved row takes the place of what is stored of it; an unsaved one is added.

    To take a route or an inhibition away, give it with ``enabled`` false; a silence, with an end before the reports.
    """

    routes: Sequence[Route] = ()
    sources: Sequence[Source] = ()
    silences: Sequence[Silence] = ()
    inhibitions: Sequence[Inhibition] = ()


NOTHING: Final = Changed()


@dataclass(frozen=True, slots=True)
class Setting:
    """Routes, policies and sources as intake reads them, and what holds people back between two instants."""

    table: routing.Table
    silences: matchers.Index[Standing]
    rules: tuple[Rule, ...] = field(default=())

    def silenced(self, subject: Subject, *, at: datetime) -> list[Found]:
        """The silences that hold ``subject`` back at ``at``."""
        holding = ((each, each.until(subject.alert.priority, at=at)) for each in self.silences.find(subject.labels))
        return [_found(silence, until) for silence, until in holding if until]


def setting(changed: Changed = NOTHING, *, since: datetime, until: datetime) -> Setting:
    """Today's configuration with what ``changed`` says, for reports between ``since`` and ``until``. A fixed number of statements."""
    silences = _instead(Silence.objects.filter(starts_at__lt=until, ends_at__gt=since), changed.silences)
    index = standing.index_of(silences)
    inhibitions = [row for row in _instead(Inhibition.objects.order_by("pk"), changed.inhibitions) if row.enabled]
    rules = [
        replace(rule, id=row.pk or -number) for number, row in enumerate(inhibitions, 1) if (rule := inhibiting.rule_of(row)) is not None
    ]  # fmt: skip
    return Setting(routing.supposed(changed.routes, changed.sources, index), index, tuple(rules))


def _instead(stored: Any, given: Sequence[Any]) -> Iterator[Any]:
    """The stored rows, those that are given in their place, and the new ones."""
    by_id = {row.pk: row for row in given if not row._state.adding}
    yield from (by_id.pop(row.pk, row) for row in stored)
    yield from by_id.values()
    yield from (row for row in given if row._state.adding)


def _found(silence: Standing, until: datetime) -> Found:
    return Found({"kind": "silence", "id": silence.id, "reason": silence.reason, "until": until.isoformat()}, until)
