"""Any JSON, read by the expressions that an operator wrote. Pure: a mapping and a value in, what it says out."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from alerts.enums import Severity
from alerts.folding import NewReport
from alerts.incoming import contract, expressions
from alerts.incoming.cloudevents import ACTIONS
from alerts.incoming.contract import Action, FormatError, Incoming
from alerts.incoming.expressions import Budget, ExpressionError

ROOT: Final = "_root"
NOTHING: Final = "the expression for items found an empty list"


class Mapped(NamedTuple):
    """A mapping as it is applied; every field but ``source`` and ``words`` is an expression, or empty."""

    source: str
    title: str
    items: str = ""
    action: str = ""
    severity: str = ""
    dedup_key: str = ""
    type: str = ""
    subject: str = ""
    description: str = ""
    link: str = ""
    labels: str = ""
    words: Sequence[str] = ()


def read(mapping: Mapped, value: Any, *, at: datetime) -> list[Incoming]:
    """What ``value`` says. Raises FormatError, which names the expression: nothing is guessed, and nothing of the message is lost."""
    budget = Budget()
    words = meanings(mapping.words)
    if not mapping.items:
        return [_one(mapping, value, contract.raw(value), words, budget, at=at)]
    found = _found("items", mapping.items, value, budget)
    if not isinstance(found, list):
        raise FormatError(f"items: {mapping.items!r} finds no list in this message")
    if len(found) > contract.MAX_ITEMS:
        raise FormatError(f"items: {len(found)} of them; send at most {contract.MAX_ITEMS} at once")
    if not found:
        return [Incoming(Action.IGNORE, NewReport(mapping.source, title="", raw=contract.raw(value)), why=NOTHING)]
    return [
        _item(mapping, item, place, value, words, budget, at=at) for place, item in enumerate(found)
    ]  # fmt: skip


def meanings(lines: Sequence[str]) -> dict[str, str]:
    """``word=meaning`` lines as a mapping. Raises ValueError for a line that says nothing known."""
    found = {}
    for line in lines:
        word, equals, meaning = (part.strip().lower() for part in line.partition("="))
        if not equals or not word or not (meaning in ACTIONS or contract.severity(meaning)):
            known = ", ".join((*Action, *Severity.values))
            raise ValueError(_("“%(line)s” is not word=meaning; meanings are %(known)s") % {"line": line[:60], "known": known})
        found[word] = meaning
    return found


def _item(
    mapping: Mapped, item: Any, place: int, root: Any, words: Mapping[str, str], budget: Budget, *, at: datetime
) -> Incoming:  # fmt: skip
    """One of the list. The first one's report keeps the whole message, the others their own part of it."""
    seen = {**item, ROOT: root} if isinstance(item, dict) else item
    try:
        return _one(mapping, seen, contract.raw(root if place == 0 else item), words, budget, at=at)
    except FormatError as error:
        raise FormatError(f"item {place}: {error}") from None


def _one(mapping: Mapped, value: Any, raw: str, words: Mapping[str, str], budget: Budget, *, at: datetime) -> Incoming:
    def text(name: str) -> str:
        expression = getattr(mapping, name)
        return str(contract.cleaned(_found(name, expression, value, budget, how=expressions.text))) if expression else ""

    def word(name: str) -> str:
        said = text(name).strip().lower()
        return words.get(said, said)

    action = ACTIONS.get(word("action"), Action.TRIGGER)
    raises = action in (Action.TRIGGER, Action.TEST)  # what ends an alert often says less, and needs no title
    title = text("title").strip() if raises else ""
    if raises and not title:
        raise FormatError(f"title: {mapping.title!r} finds nothing in this message")
    report = NewReport(
        mapping.source, title=title, type=text("type"), severity=contract.severity(word("severity")), subject=text("subject"),
        description=text("description") if raises else "", dedup_key=text("dedup_key").strip() or None,
        labels=_labels(mapping, value, budget),
        links=contract.links([("Where it comes from", text("link"))]), raw=raw,
    )  # fmt: skip
    return Incoming(action, contract.bounded(report, at=at), why="the mapping says so")


def _labels(mapping: Mapped, value: Any, budget: Budget) -> dict[str, str]:
    found = _found("labels", mapping.labels, value, budget) if mapping.labels else None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise FormatError(f"labels: {mapping.labels!r} finds no object in this message")
    return contract.labels(contract.cleaned({str(name): each for name, each in found.items()}))


def _found(name: str, expression: str, value: Any, budget: Budget, *, how: Callable[..., Any] = expressions.search) -> Any:
    try:
        return how(expression, value, budget)
    except ExpressionError as error:
        raise FormatError(f"{name}: {error}") from None
