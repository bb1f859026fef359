"""Deeds done to many rows at once: what each is, what it asks before it begins, and how one row of it is done.

A leaf, so that every app may declare deeds in its module ``bulk_deeds`` and offer them in its admin, without knowing who keeps
the record of them or carries out the long ones: the composition does, and says so with `keeper`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any, Final, NamedTuple, Protocol

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Model

MODULE: Final = "bulk_deeds"
AT_ONCE: Final = 50
"""More rows than this are work of the queue; so is any number of them when the deed is slow."""
MOST: Final = 10_000
SHOWN: Final = 20
"""So many rows that a deed cannot be done to are named before it begins."""
Params = Mapping[str, Any]


class Refused(Exception):
    """The deed cannot be done to this row; the text says why."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done to many rows of ``model`` ("alerts.Alert"). Doing it twice is doing it once.

    ``do(row, by, at, params)`` does it to one row, in a transaction, and raises one of ``refusals`` when it cannot be done.
    ``why_not(row, by)`` says beforehand why it cannot; empty when it can. ``says`` is what it will do, in a sentence.
    """

    name: str
    """``app.deed``: found again by it in the worker."""
    model: str
    permission: str
    title: Any
    says: Any
    do: Callable[[Any, User, datetime, Params], object]
    why_not: Callable[[Any, User], str] = lambda _row, _by: ""
    refusals: tuple[type[Exception], ...] = ()
    slow: bool = False
    here: bool = False
    """It is done by the web server whatever the number: the worker does not know such rows."""
    log: str = ""
    """What the admin's history says of a row to which it was done."""
    related: tuple[str, ...] = ()
    defaults: Params = field(default_factory=dict)

    def rows(self, pks: Iterable[Any]) -> dict[str, Model]:
        """The rows that are there, by their primary key as text."""
        found = apps.get_model(self.model)._default_manager.select_related(*self.related).in_bulk(list(pks))
        return {str(pk): row for pk, row in found.items()}

    def allowed(self, by: User) -> bool:
        """Whether ``by`` may do it."""
        return by.is_active and by.has_perm(self.permission)

    def is_long(self, count: int) -> bool:
        """Whether a worker does it, while people may watch."""
        return not self.here and (count > AT_ONCE or (self.slow and count > 1))


class Begun(NamedTuple):
    """What became of it at once: the page of the run, whether it is over, how many succeeded, and the (row, why) that failed."""

    url: str
    over: bool
    number: int = 0
    failures: tuple[tuple[str, str], ...] = ()


class Keeper(Protocol):
    """Who keeps the record of deeds."""

    def begin(self, deed: Deed, pks: Sequence[str], params: Params, *, by: User, at: datetime) -> Begun:
        """Record that ``deed`` is to be done to ``pks``, and do it or have it done."""


_keepers: list[Keeper] = []


def keeper(keeper: Keeper) -> None:
    """Say who keeps the record; the last one said so does."""
    _keepers[:] = [keeper]


def begin(deed: Deed, pks: Sequence[str], params: Params, *, by: User, at: datetime) -> Begun:
    """Do ``deed`` to the rows ``pks``, or have it done."""
    return _keepers[0].begin(deed, pks, params, by=by, at=at)


def find(name: str) -> Deed:
    """The deed of this name. Raises LookupError for one that is not declared any more."""
    app = name.partition(".")[0]
    if not apps.is_installed(app):
        raise LookupError(name)
    try:
        deeds: Sequence[Deed] = import_module(f"{app}.{MODULE}").DEEDS
    except ModuleNotFoundError:
        raise LookupError(name) from None
    found = {deed.name: deed for deed in deeds}
    if name not in found:
        raise LookupError(name)
    return found[name]
