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

MAX_LENGTH = 500
_FORM = re.compile(r'^\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|(.*?))\s*$', re.S)
_PATTERN_BYTES: Final = 1024 * 1024
"""What one compiled expression may take."""


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


def parse(text: str) -> Matcher:
    """The matcher written in ``text``. Raises MatcherError."""
    found = _FORM.match(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise MatcherError(f'{text[:80]!r} is not a matcher. Write name=value, name!=value, name=~"regex" or name!~"regex".')
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
        raise MatcherError(f"{pattern[:80]!r} is not a regular expression (RE2): {why}.") from None


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Any:
    options = re2.Options()
    options.dot_nl, options.log_errors, options.max_mem = True, False, _PATTERN_BYTES
    return re2.compile(text, options)


Value = TypeVar("Value")


class Index(Generic[Value]):
    """Many conditions, asked which of them hold for some labels: only those are tried whose first equality fits a label."""

    def __init__(self, entries: Iterable[tuple[Sequence[Matcher], Value]]) -> None:
        self._fitting: dict[tuple[str, str], list[tuple[Sequence[Matcher], Value]]] = {}
        self._rest: list[tuple[Sequence[Matcher], Value]] = []
        for conditions, value in entries:
            key = next(((each.name, each.value) for each in conditions if each.operator == "=" and each.value), None)
            (self._rest if key is None else self._fitting.setdefault(key, [])).append((conditions, value))

    def find(self, labels: Mapping[str, str]) -> list[Value]:
        """The values of all conditions that hold for ``labels``."""
        candidates = [entry for label in labels.items() for entry in self._fitting.get(label, ())] if self._fitting else []
        return [value for conditions, value in (*candidates, *self._rest) if all_hold(conditions, labels)]
