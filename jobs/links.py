"""Which jobs belong together: pure. That nobody follows itself is held by the model."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def chains(links: Iterable[tuple[Key, Key]]) -> list[list[Key]]:
    """The jobs that belong together by ``links`` (parent, child), each chain in an order in which nobody comes before one it follows."""
    parents: dict[Key, set[Key]] = defaultdict(set)
    near: dict[Key, set[Key]] = defaultdict(set)
    for parent, child in links:
        parents[child].add(parent)
        near[parent].add(child)
        near[child].add(parent)
    seen: set[Key] = set()
    found = []
    for start in list(near):
        if start not in seen:
            members = _together(start, near)
            seen |= members
            found.append(_ordered(members, parents, order=list(near)))
    return found


def _together(start: Key, near: Mapping[Key, set[Key]]) -> set[Key]:
    members, pending = {start}, [start]
    while pending:
        fresh = near[pending.pop()] - members
        members |= fresh
        pending += fresh
    return members


def _ordered(members: set[Key], parents: Mapping[Key, set[Key]], *, order: Sequence[Key]) -> list[Key]:
    left = [key for key in order if key in members]
    found: list[Key] = []
    while left:
        ready = next((key for key in left if not (parents.get(key, set()) & set(left))), left[0])
        left.remove(ready)
        found.append(ready)
    return found
