"""The configuration a replay runs against: today's, or today's with something changed. Nothing of it is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from alerts import routing, standing
from alerts.models import Inhibition, Route, Silence, Source
from alerts.standing import Standing
from alerts.subjects import Found, Subject
from sentinel_site.lib import matchers

Conditions = tuple[matchers.Matcher, ...]


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
class Rule:
    """An inhibition as it is asked: its conditions are read once."""

    reason: Mapping[str, Any]
    source: Conditions
    target: Conditions
    equal: tuple[str, ...]

    def place(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Where source and target must meet."""
        return tuple(labels.get(name, "") for name in self.equal)


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
    inhibitions = _instead(Inhibition.objects.all(), changed.inhibitions)
    rules = tuple(rule for inhibition in inhibitions if inhibition.enabled and (rule := _rule(inhibition)) is not None)
    return Setting(routing.supposed(changed.routes, changed.sources, index), index, rules)


def _instead(stored: Any, given: Sequence[Any]) -> Iterator[Any]:
    """The stored rows, those that are given in their place, and the new ones."""
    by_id = {row.pk: row for row in given if not row._state.adding}
    yield from (by_id.pop(row.pk, row) for row in stored)
    yield from by_id.values()
    yield from (row for row in given if row._state.adding)


def _rule(inhibition: Inhibition) -> Rule | None:
    source, target = _read(inhibition.source_matchers), _read(inhibition.target_matchers)
    if source is None or target is None:
        return None
    reason = {"kind": "inhibition", "id": str(inhibition.pk or ""), "reason": inhibition.name, "until": None}
    return Rule(reason, source, target, tuple(inhibition.equal))


def _read(texts: Sequence[str]) -> Conditions | None:
    try:
        return matchers.parse_all(texts)
    except matchers.MatcherError:  # written past the form: what cannot be read holds nothing
        return None


def _found(silence: Standing, until: datetime) -> Found:
    return Found({"kind": "silence", "id": silence.id, "reason": silence.reason, "until": until.isoformat()}, until)
