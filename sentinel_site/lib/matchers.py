"""Label matchers: ``name=value``, ``name!=value``, ``name=~"regex"``, ``name!~"regex"`` (whole value, as Prometheus does).

A missing label counts as the empty string. Regular expressions are RE2's, as Prometheus's are: its time grows with the
length of a label and no faster. Python's engine backtracks, and one unlucky pattern would stop every report.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import re2
from django.utils.translation import gettext as _

MAX_LENGTH = 500
_FORM = re.compile(r'^\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|(.*?))\s*$', re.S)
_PATTERN_BYTES: Final = 1024 * 1024
"""What one compiled expression may take."""
_FEW: Final = 8
"""Fewer expressions about a label are tried one by one."""
_AT_ONCE: Final = 500
_SET_BYTES: Final = 8 * 1024 * 1024
"""What so many expressions asked at once may take."""


class MatcherError(ValueError):
    """A matcher cannot be read; the text says which one and what is expected."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    name: str
    operator: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether ``labels`` fulfil the condition."""
        actual = labels.get(self.name, "")
        if self.operator in {"=", "!="}:
            return (actual == self.value) is (self.operator == "=")
        return (_pattern(self.value).fullmatch(actual) is not None) is (self.operator == "=~")


def parse(text: str | None) -> Matcher:
    """The matcher written in ``text``. Raises MatcherError, for None too: a list in the database may hold it."""
    found = _FORM.match(text) if text is not None and len(text) <= MAX_LENGTH else None
    if found is None:
        raise MatcherError(
            _('%(text)s is not a matcher. Write name=value, name!=value, name=~"regex" or name!~"regex".')
            % {"text": repr((text or "")[:80])}
        )
    name, operator, quoted, bare = found.groups()
    value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted) if operator in {"=", "!="} else quoted
    if operator in {"=~", "!~"}:
        _check(value)
    return Matcher(name, operator, value)


def parse_all(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """Every matcher of ``texts``. Raises MatcherError for the first bad one."""
    return tuple(parse(text) for text in texts)


def all_hold(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether every matcher holds; true for none."""
    return all(matcher.holds(labels) for matcher in matchers)


def _check(pattern: str) -> None:
    try:
        _pattern(pattern)
    except (re2.error, UnicodeEncodeError) as error:
        why = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise MatcherError(_("%(text)s is not a regular expression (RE2): %(why)s.") % {"text": repr(pattern[:80]), "why": why}) from None


@lru_cache(maxsize=4096)
def _pattern(text: str) -> Any:
    return re2.compile(text, _options(_PATTERN_BYTES))


def _options(memory: int) -> Any:
    options = re2.Options()
    options.dot_nl, options.log_errors, options.max_mem = True, False, memory
    return options


Value = TypeVar("Value")


class Index(Generic[Value]):
    """Many conditions, asked which of them hold for some labels.

    Only those are tried whose first equality fits a label, and of those without one, whose first regular expression fits its label:
    all expressions about one label are asked at once.
    """

    def __init__(self, entries: Iterable[tuple[Sequence[Matcher], Value]]) -> None:
        self._fitting: dict[tuple[str, str], list[tuple[Sequence[Matcher], Value]]] = {}
        self._rest: list[tuple[Sequence[Matcher], Value]] = []
        patterns: dict[str, list[tuple[str, tuple[Sequence[Matcher], Value]]]] = {}
        for conditions, value in entries:
            equal = next(((each.name, each.value) for each in conditions if each.operator == "=" and each.value), None)
            pattern = next(((each.name, each.value) for each in conditions if each.operator == "=~"), None)
            if equal is not None:
                self._fitting.setdefault(equal, []).append((conditions, value))
            elif pattern is not None:
                patterns.setdefault(pattern[0], []).append((pattern[1], (conditions, value)))
            else:
                self._rest.append((conditions, value))
        self._patterns = {name: [_Together(each[start : start + _AT_ONCE]) for start in range(0, len(each), _AT_ONCE)]
                          for name, each in patterns.items()}  # fmt: skip

    def __bool__(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._fitting or self._patterns or self._rest)

    def find(self, labels: Mapping[str, str]) -> list[Value]:
        """The values of all conditions that hold for ``labels``."""
        candidates = [entry for label in labels.items() for entry in self._fitting.get(label, ())] if self._fitting else []
        for name, several in self._patterns.items():
            for together in several:
                candidates += together.find(labels.get(name, ""))
        return [value for conditions, value in (*candidates, *self._rest) if all_hold(conditions, labels)]


class _Together(Generic[Value]):
    """Entries, each with a regular expression; one pass over a text says which may hold for it."""

    def __init__(self, entries: Sequence[tuple[str, tuple[Sequence[Matcher], Value]]]) -> None:
        self._entries = [entry for _, entry in entries]
        self._set: Any = None
        if len(entries) >= _FEW:
            found = re2.Set.FullMatchSet(_options(_SET_BYTES))
            try:
                found.Add(".*")  # holds for every text: without it in the answer, the set ran out of memory
                for pattern, _ in entries:
                    found.Add(pattern)
                found.Compile()
            except re2.error:  # too large together: each is tried by itself
                return
            self._set = found

    def find(self, text: str) -> list[tuple[Sequence[Matcher], Value]]:
        """The entries whose expression fits ``text``; all of them where that cannot be said."""
        found = self._set.Match(text) if self._set is not None else None
        return self._entries if not found else [self._entries[place - 1] for place in found if place]
