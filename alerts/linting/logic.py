"""What follows from matchers, without a label to try them on: pure.

It answers only what is certain. Of a label with a ``domain`` (severity has five values, source one a source) everything is known; of
any other, what an equality or a list of plain words says.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sentinel_site.lib.matchers import Matcher

Domain = Mapping[str, Sequence[str]]
_WORDS: Final = re.compile(r"[\w /:@%,-]+(\|[\w /:@%,-]+)*")
"""A regular expression that only lists words."""


def values(conditions: Sequence[Matcher], name: str, domain: Domain) -> list[str] | None:
    """The values of the label ``name`` with which all ``conditions`` on it hold; None when nobody can list them."""
    own = [each for each in conditions if each.name == name]
    listed = domain.get(name)
    if listed is None:
        listed = next((found for each in own if (found := _listed(each)) is not None), None)
    return None if listed is None else [value for value in listed if all(each.holds({name: value}) for each in own)]


def impossible(conditions: Sequence[Matcher], domain: Domain) -> list[Matcher]:
    """The conditions that no labels fulfil together; none when some labels may."""
    for name in dict.fromkeys(each.name for each in conditions):
        if values(conditions, name, domain) == []:
            return [each for each in conditions if each.name == name]
    return []


def implies(given: Sequence[Matcher], wanted: Matcher, domain: Domain) -> bool:
    """Whether ``wanted`` holds whenever all of ``given`` do."""
    if wanted in given:
        return True
    known = values(given, wanted.name, domain)
    if known is not None:
        return all(wanted.holds({wanted.name: value}) for value in known)
    if wanted.operator == "!=":  # nothing that is given leaves the one value that it excludes
        return any(each.name == wanted.name and not each.holds({each.name: wanted.value}) for each in given)
    return (wanted.operator, wanted.value) == ("=~", ".*")


def imply_all(given: Sequence[Matcher], wanted: Sequence[Matcher], domain: Domain) -> bool:
    """Whether every one of ``wanted`` holds whenever all of ``given`` do."""
    return all(implies(given, each, domain) for each in wanted)


def _listed(matcher: Matcher) -> list[str] | None:
    if matcher.operator == "=":
        return [matcher.value]
    if matcher.operator == "=~" and _WORDS.fullmatch(matcher.value):
        return matcher.value.split("|")
    return None
