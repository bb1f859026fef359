"""Which open alert explains which: the graph that the inhibitions span, decided so that somebody is told whatever it looks like.

An alert is held back when something explains it that is not held back itself, perhaps over others in between. Alerts that explain
each other in a ring, with nothing outside that explains them, are told by one of them: the most urgent, and of those the oldest. Values
in, values out; who is asked first, and in which order the alerts came, makes no difference.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sentinel_site.lib import matchers

MOST_CAUSES: Final = 20
"""So many alerts that may explain one are looked at, the most urgent and oldest first. Leaving others out holds back less, never more."""
MOST_ALERTS: Final = 2000
"""A web of more alerts than these is not followed: only what is plain at once is held back."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An inhibition that could be read."""

    id: int
    name: str
    source: tuple[matchers.Matcher, ...]
    target: tuple[matchers.Matcher, ...]
    equal: tuple[str, ...] = ()
    wait: timedelta = timedelta(0)

    def values(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """What must be equal; a missing label counts as the empty string, as in Alertmanager."""
        return tuple([labels.get(name, "") for name in self.equal])


@dataclass(frozen=True, slots=True)
class Node:
    """An open alert, and what matchers see of it."""

    pk: UUID
    priority: int
    labels: Mapping[str, str] = field(compare=False)
    life_safety: bool = False
    number: int = 0

    @property
    def rank(self) -> tuple[int, UUID]:
        """The most urgent first, then the oldest: ids are born in order."""
        return self.priority, self.pk


class Cause(NamedTuple):
    """Why an alert is held back: the rule, the alert that explains it, and every alert whose end may change that."""

    rule: Rule
    alert: Node
    because: tuple[UUID, ...]


class _Place(NamedTuple):
    """Where targets look for their causes: alike for all that agree in the rule's labels. ``both``: they could be its sources, too."""

    rule: int
    values: tuple[str, ...]
    both: bool


Lookup = Callable[[Rule, Collection[tuple[str, ...]]], Iterable[Node]]
"""The open alerts that may be sources of the rule with one of these values, by rank. It may give others as well: they are asked."""


def explain(nodes: Sequence[Node], rules: Sequence[Rule], lookup: Lookup) -> dict[UUID, tuple[Cause, ...]]:
    """The nodes that are held back, with why: one cause a rule, the one that counts first."""
    web = _Web(rules, lookup)
    web.grow(nodes)
    return {node.pk: causes for node in nodes if (causes := web.causes(node))}


class _Web:
    """As much of the graph as is needed to decide about some nodes: everything that may explain them."""

    def __init__(self, rules: Sequence[Rule], lookup: Lookup) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self._lookup = lookup
        self._found: dict[_Place, list[Node]] = {}
        self._plain: set[_Place] = set()
        """Where the cause is an alert that no rule could hold back: nothing more need be known there."""
        self._places: dict[UUID, tuple[_Place, ...]] = {}
        self._above: dict[UUID, dict[UUID, tuple[Node, UUID, int]]] = {}
        self._too_large = False

    def grow(self, nodes: Sequence[Node]) -> None:
        """Look up what may explain ``nodes``, and what may explain that."""
        seen, frontier = {node.pk for node in nodes}, list(nodes)
        while frontier:
            fresh = dict.fromkeys(place for node in frontier for place in self._where(node) if place not in self._found)
            for rule in self._rules.values():
                if places := [place for place in fresh if place.rule == rule.id]:
                    self._fill(rule, places)
            following = {node.pk: node for place in fresh if place not in self._plain for node in self._found[place]}
            frontier = [node for pk, node in following.items() if pk not in seen]
            seen |= following.keys()
            if len(seen) > MOST_ALERTS:
                self._too_large = True
                return

    def causes(self, node: Node) -> tuple[Cause, ...]:
        """What holds ``node`` back; empty: it is told."""
        first = self._reason(node)
        if first is None:
            return ()
        others = [
            Cause(self._rules[place.rule], found[0], (found[0].pk,))
            for place in self._where(node)
            if place.rule != first.rule.id and (found := self._found.get(place))
        ]
        return first, *others

    def _reason(self, node: Node) -> Cause | None:
        """The nearest alert above that ``node`` does not explain itself, or that goes before it where they explain each other."""
        if self._too_large:
            plain = [place for place in self._where(node) if place in self._plain]
            return Cause(self._rules[plain[0].rule], self._found[plain[0]][0], (self._found[plain[0]][0].pk,)) if plain else None
        above = self._ancestors(node)
        for pk, (ancestor, _, _) in above.items():
            if ancestor.rank < node.rank or node.pk not in self._ancestors(ancestor):
                return self._cause(node, pk, above)
        return None

    def _cause(self, node: Node, pk: UUID, above: Mapping[UUID, tuple[Node, UUID, int]]) -> Cause:
        """The way from the alert ``pk`` down to ``node``, as the cause of the last step."""
        way = [pk]
        while above[way[-1]][1] != node.pk:
            way.append(above[way[-1]][1])
        alert, _, rule = above[way[-1]]
        return Cause(self._rules[rule], alert, tuple(way))

    def _ancestors(self, node: Node) -> dict[UUID, tuple[Node, UUID, int]]:
        """Everything above ``node``, the nearest first: each with the alert below it on the way, and the rule between them."""
        if node.pk not in self._above:
            above: dict[UUID, tuple[Node, UUID, int]] = {}
            waiting = [node]
            for each in waiting:  # grows meanwhile
                for place in self._where(each):
                    for cause in self._found.get(place, ()):
                        if cause.pk not in above:
                            above[cause.pk] = (cause, each.pk, place.rule)
                            waiting.append(cause)
            self._above[node.pk] = above
        return self._above[node.pk]

    def _where(self, node: Node) -> tuple[_Place, ...]:
        """Where ``node`` may have its causes; nowhere, if no rule can hold it back."""
        if node.pk not in self._places:
            self._places[node.pk] = () if node.life_safety else tuple(
                _Place(rule.id, rule.values(node.labels), matchers.all_hold(rule.source, node.labels))
                for rule in self._rules.values()
                if matchers.all_hold(rule.target, node.labels)
            )  # fmt: skip
        return self._places[node.pk]

    def _fill(self, rule: Rule, places: Sequence[_Place]) -> None:
        """Find the causes at ``places``. As in Alertmanager, two alerts that match both sides of one rule do not touch each other."""
        self._found |= {place: [] for place in places}
        open_places = set(places)
        for node in self._lookup(rule, {place.values for place in places}):
            if not matchers.all_hold(rule.source, node.labels):
                continue
            mine = self._where(node)
            both = any(place.rule == rule.id for place in mine)
            for place in (_Place(rule.id, rule.values(node.labels), both=False), _Place(rule.id, rule.values(node.labels), both=True)):
                if place not in open_places or (both and place.both):
                    continue
                if mine:
                    self._found[place].append(node)
                else:
                    self._found[place] = [node]
                    self._plain.add(place)
                if not mine or len(self._found[place]) >= MOST_CAUSES:
                    open_places.discard(place)
            if not open_places:
                return
