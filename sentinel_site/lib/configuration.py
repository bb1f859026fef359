"""What an operator configures, and who is changing it: what the history of changes is made from.

A leaf. Each app's module ``configuration`` declares its kinds; sentinel_site/changes/ listens to their rows and writes the history.
A change is put down where somebody acts: within `acting`, which the web, REST and commands enter. What Sentinel does by itself, in its
loops and at intake, is none, and costs nothing here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

from django.db import transaction
from django.db.models import Model, QuerySet, TextChoices
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

MODULE: Final = "configuration"
Values = dict[str, Any]
Shown = Callable[[Values, str], str]
"""Makes of a row's plain values and a secret's text what may be shown of it."""


class Via(TextChoices):
    """The way by which somebody changed something."""

    ADMIN = "admin", _("Admin")
    PAGE = "page", _("Page")
    REST = "rest", _("REST")
    IMPORT = "import", _("Imported file")
    INTEGRATION = "integration", _("Integration")
    COMMAND = "command", _("Command")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that belong to a row and are told of as one of its fields, whole: the steps of a policy.

    ``owner`` is the lookup from a part to its owner's key. ``fields`` may be lookups, too; they come in ``order``.
    """

    name: str
    model: type[Model]
    owner: str
    fields: tuple[str, ...]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One model that operators configure: ``fields`` are told of, ``engine`` are Sentinel's own and never are.

    ``within`` names foreign keys to rows whose history shows its changes as well. Encrypted fields are secrets; ``secrets`` adds others.
    Of a secret it is told that it changed, and at the most what ``shown`` makes of it.
    """

    model: type[Model]
    fields: tuple[str, ...]
    engine: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    within: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    shown: Mapping[str, Shown] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """``app.model``."""
        return self.model._meta.label_lower


@dataclass(slots=True)
class Acting:
    """Somebody who acts. ``by`` and ``where`` are asked when there is something to put down, and not before."""

    via: Via
    by: Callable[[], Any] = lambda: None
    where: Callable[[], str] = lambda: ""
    address: Callable[[], str] = lambda: ""
    before: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What each row was like before this transaction touched it."""
    written: dict[tuple[str, str], Any] = field(default_factory=dict)
    """The entry about each row that this transaction has written."""
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    """What rows that are gone since were called."""
    gathering: list[Model] = field(default_factory=list)

    def forget(self) -> None:
        """The transaction is over: what follows is another change."""
        self.before.clear()
        self.written.clear()
        self.words.clear()


class Listener(Protocol):
    """Who writes the history."""

    def begin(self, acting: Acting, kind: Kind, keys: Sequence[Any]) -> None:
        """Remember what these rows are like."""

    def end(self, acting: Acting, kind: Kind, keys: Sequence[Any]) -> None:
        """Put down what has become of them."""


_kinds: Final[dict[type[Model], Kind]] = {}
_left_out: Final[dict[type[Model], str]] = {}
_acting: Final[ContextVar[Acting | None]] = ContextVar("acting", default=None)
_listeners: Final[list[Listener]] = []


def declare(model: type[Model], fields: Sequence[str], **rest: Any) -> None:
    """``model`` is configured by operators; see `Kind`."""
    _kinds[model] = Kind(model, tuple(fields), **rest)


def leave_out(model: type[Model], why: str) -> None:
    """``model`` can be changed in the admin, and has no history, because ``why``."""
    _left_out[model] = why


def load() -> Mapping[type[Model], Kind]:
    """Every kind of every installed app, by its model."""
    autodiscover_modules(MODULE)
    return kinds()


def kinds() -> Mapping[type[Model], Kind]:
    """Every kind that is loaded."""
    return MappingProxyType(_kinds)


def left_out() -> Mapping[type[Model], str]:
    """Every model without a history, with the reason."""
    return MappingProxyType(_left_out)


def listen(listener: Listener) -> None:
    """Tell ``listener`` of what happens within `changing` and `gathered`."""
    if listener not in _listeners:
        _listeners.append(listener)


def current() -> Acting | None:
    """Who acts; None while nobody does but Sentinel itself."""
    return _acting.get()


@contextmanager
def acting(who: Acting | None) -> Iterator[Acting | None]:
    """Within, changes are ``who``'s; None: nobody's, and no history is written."""
    token = _acting.set(who)
    try:
        yield who
    finally:
        _acting.reset(token)


@contextmanager
def changing(rows: QuerySet[Any]) -> Iterator[None]:
    """Within, ``rows`` are changed by statements that no signal tells of: by `update` or `bulk_create`. One transaction."""
    kind, who = _kinds.get(rows.model), _acting.get()
    if kind is None or who is None or not _listeners:
        yield
        return
    keys = list(rows.order_by().values_list("pk", flat=True))
    with transaction.atomic():
        for listener in _listeners:
            listener.begin(who, kind, keys)
        yield
        for listener in _listeners:
            listener.end(who, kind, keys)


@contextmanager
def gathered(row: Model) -> Iterator[None]:
    """Within, ``row`` and its parts are saved one after another: what became of it is put down once, at the end. One transaction."""
    kind, who = _kinds.get(type(row)), _acting.get()
    if kind is None or who is None or not _listeners:
        yield
        return
    with transaction.atomic():
        if not row._state.adding:
            for listener in _listeners:
                listener.begin(who, kind, [row.pk])
        who.gathering.append(row)
        try:
            yield
        finally:
            who.gathering.remove(row)
        for listener in _listeners:
            listener.end(who, kind, [row.pk])


def made(rows: Sequence[Model]) -> None:
    """``rows`` of one model were stored at once, by a statement that no signal tells of. Call it in the same transaction."""
    who = _acting.get()
    kind = _kinds.get(type(rows[0])) if rows else None
    if kind is None or who is None:
        return
    for listener in _listeners:
        listener.end(who, kind, [row.pk for row in rows])
