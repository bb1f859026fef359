"""Takes rows in by REST's forms: all of them or none. Looked at first, which stores nothing and says what would be new and changed."""

import json
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _
from pydantic import ValidationError as FormInvalid

from alerts import linting
from alerts.linting.finding import Finding, Level
from sentinel_site.lib import configuration, english
from sentinel_site.lib.problems import Problem
from sentinel_site.transfer.files import Row
from sentinel_site.transfer.names import Names
from sentinel_site.transfer.sorts import Sort

BUDGET_SECONDS: Final = 20.0
NEW, CHANGED, SAME, WRONG = "new", "changed", "same", "wrong"
ORDER: Final = (WRONG, NEW, CHANGED, SAME)
NOWHERE: Final = object()


class TooSlow(Exception):
    """The file takes longer than a request may; nothing was stored."""


@dataclass(slots=True)
class Line:
    """What becomes of one row. ``changes``: field → before and after, as JSON."""

    number: int
    name: str
    state: str = WRONG
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    error: str = ""


@dataclass(slots=True)
class Outcome:
    """What becomes of a file. ``findings``: who would not be told any more, or what would not work, that is so only because of it."""

    lines: list[Line]
    findings: list[Finding] = field(default_factory=list)

    def count(self, state: str) -> int:
        """How many rows are so."""
        return sum(line.state == state for line in self.lines)

    @property
    def good(self) -> bool:
        """Whether every row can be taken in."""
        return not self.count(WRONG)

    @property
    def says(self) -> str:
        """What was looked at, to be told apart from what is so later."""
        return json.dumps([[line.name, line.state, line.changes] for line in self.lines])


def look(sort: Sort, rows: Sequence[Row], *, by: User, at: datetime) -> Outcome:
    """What taking ``rows`` in would do. Stores nothing, and is nobody's change. Raises TooSlow."""
    with configuration.acting(None), transaction.atomic():
        outcome = _take(sort, rows, by, at)
        transaction.set_rollback(True)
    sort.changed()
    return outcome


def take_in(sort: Sort, rows: Sequence[Row], *, by: User, at: datetime, expected: str) -> Outcome | None:
    """Store ``rows``, all of them; None, and nothing is stored, unless that does what ``expected`` (`Outcome.says`) is. Raises TooSlow."""
    with transaction.atomic():
        outcome = _take(sort, rows, by, at)
        kept = outcome.good and outcome.says == expected
        if not kept:
            transaction.set_rollback(True)
    sort.changed()
    return outcome if kept else None


@dataclass(slots=True)
class _Taking:
    """One file on its way in. ``known``: the rows that are there, by name."""

    sort: Sort
    by: User
    names: Names
    known: dict[str, list[Any]]
    twice: set[str]


def _take(sort: Sort, rows: Sequence[Row], by: User, at: datetime) -> Outcome:
    before = _errors(at)
    names = Names()
    stored = [(sort.values(each, names), each) for each in sort.rows()]
    several = _twice(_name(sort, row) for row in rows) | _twice(_name(sort, values) for values, _each in stored) if sort.also else set()
    lines = [Line(number, _name(sort, row, several)) for number, row in enumerate(rows, start=1)]
    taking = _Taking(sort, by, names, {}, _twice(line.name for line in lines))
    for values, each in stored:
        taking.known.setdefault(_name(sort, values, several), []).append(each)
    ends, waiting = time.monotonic() + BUDGET_SECONDS, list(zip(lines, rows, strict=True))
    while waiting:  # a row may name one that comes after it: as long as some could be taken in, the others are tried again
        for line, row in waiting:
            if time.monotonic() > ends:
                raise TooSlow
            _one(taking, line, row)
        left = [(line, row) for line, row in waiting if line.state == WRONG]
        if len(left) == len(waiting):
            break
        waiting = left
    outcome = Outcome(lines)
    if outcome.good:
        outcome.findings = [each for name, each in _errors(at).items() if name not in before]
    return outcome


def _errors(at: datetime) -> dict[tuple[str, str], Finding]:
    return {(each.code, each.text): each for each in linting.examine(at=at) if each.level is Level.ERROR}


def _one(taking: _Taking, line: Line, row: Row) -> None:
    """Take one row in, in a savepoint of its own, and note what became of it."""
    try:
        if line.name in taking.twice:
            raise ValidationError(_("This is in the file more than once. Leave one of them."))
        with transaction.atomic():
            _store(taking, line, row)
        line.error = ""
    except (Problem, FormInvalid, ValidationError, IntegrityError, DataError, ObjectDoesNotExist) as error:
        line.state, line.error, line.changes = WRONG, _said(error), {}


def _store(taking: _Taking, line: Line, row: Row) -> None:
    sort, known = taking.sort, _known(taking, line)
    before = sort.values(known, taking.names) if known is not None else {}
    secret = [name for name in row if name in sort.hidden]
    if known is not None and not secret and all(_text(value) == _text(before.get(name, NOWHERE)) for name, value in row.items()):
        line.state = SAME
        return
    present = sort.form_of(known) if known is not None else {}
    given = taking.names.numbered(row, present)
    form = sort.form.model_validate({**{name: present[name] for name in present if name not in sort.hidden}, **given})
    target = known if known is not None else sort.model()
    with configuration.gathered(target):
        sort.save(target, form, taking.by)
    stored = sort.rows().get(pk=target.pk)
    taking.known[line.name] = [stored]
    after = sort.values(stored, taking.names)
    line.changes = {name: (_text(before.get(name)), _text(after[name])) for name in after if known is None or before[name] != after[name]}
    line.changes |= dict.fromkeys(secret, ("", _("another one, not shown")))
    line.state = NEW if known is None else CHANGED if line.changes else SAME


def _known(taking: _Taking, line: Line) -> Any:
    """The row that is there already; None for a new one. Raises ValidationError where the file does not say which of several."""
    if not line.name.strip(" /"):
        raise ValidationError(_("Write what it is called: %(names)s.") % {"names": ", ".join(taking.sort.key)})
    found = taking.known.get(line.name, [])
    if len(found) > 1:
        raise ValidationError(
            _("There are %(n)s called “%(name)s”, so that nobody knows which is meant. Rename one first.")
            % {"n": len(found), "name": line.name[:80]}
        )
    return found[0] if found else None


def _name(sort: Sort, row: Mapping[str, Any], several: Collection[str] = ()) -> str:
    """What tells it apart, with ``sort.also`` where that is among ``several``; a part that the file does not say is as the form has it."""
    parts = [_text(row[name] if name in row else sort.form.model_fields[name].get_default()) for name in (*sort.key, *sort.also)]
    short = " / ".join(parts[: len(sort.key)])
    return " / ".join(parts) if short in several else short


def _twice(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def _said(error: Exception) -> str:
    if isinstance(error, FormInvalid):
        found = error.errors(include_url=False, include_input=False)
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}" for each in found)[:1000]
    if isinstance(error, ValidationError):
        return " ".join(english.messages(error))[:1000]
    if isinstance(error, Problem):
        return error.detail.replace("body.", "")[:1000]
    return "It cannot be stored like that: something has its name already, or a value is out of range."


@contextmanager
def imported(name: str) -> Iterator[None]:
    """Within, changes are told of as coming from the file ``name``."""
    who = configuration.current()
    if who is None:
        yield
        return
    fresh = configuration.Acting(configuration.Via.IMPORT, by=who.by, where=lambda: name, address=who.address)
    with configuration.acting(fresh):
        yield
