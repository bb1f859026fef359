"""Finding trouble in technicians' notes: cover, supply, tank, environment. Pure: text in, findings out.

A note is cut into clauses. A clause complains when it names a thing and its trouble (“couvercle fissuré”, “the lid does not close”),
when a thing is missing (“no power”), or when it holds what is trouble by itself (“moisissures”, “humidity 91 %”). Words that are denied
(“no leak”, “pas de fuite”) are none, and so are normal readings (“humidity 45 % ok”). A clause that says it was repaired ends the
complaints about its thing, or about the last one named; unless that is still to be done. In doubt it is a complaint: somebody will
read the note.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from devices import note_words as lists
from devices.enums import NoteKind

MAX_WORDS: Final = 200
DRY, HUMID = 35.0, 70.0
"""Readings in % between them are normal."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a note says of one kind: trouble, in its own ``words``, or that it is over."""

    kind: NoteKind
    words: str
    repaired: bool


def scan(text: str) -> list[Found]:
    """What ``text`` says, one for each kind it complains of or calls repaired, in the order of NoteKind."""
    found: dict[NoteKind, Found] = {}
    last: tuple[NoteKind, ...] = ()
    for clause in _clauses(text):
        kinds = clause.kinds or last
        trouble, repaired = clause.trouble(), clause.repaired()
        for kind in kinds if repaired else ():
            found[kind] = Found(kind, clause.words, repaired=True)
        for kind in trouble if not repaired else ():
            found[kind] = Found(kind, clause.words, repaired=False)
        last = clause.kinds or tuple(trouble) or last
    return [found[kind] for kind in NoteKind if kind in found]


def fold(text: str) -> str:
    """``text`` in small letters without accents, and with plain apostrophes; a letter for a letter."""
    plain = (unicodedata.normalize("NFKD", letter)[0] if letter not in _APOSTROPHES else "'" for letter in text)
    return "".join(letter.lower()[0] for letter in plain)


_APOSTROPHES: Final = "’‘ʼ´`"
NEAR: Final = 80
"""So many letters before or behind a word are looked at."""


def _pattern(listed: str) -> re.Pattern[str]:
    each = "|".join(word.replace("_", r"\s{1,3}") for word in listed.split())
    return re.compile(rf"(?<!\w)(?:{each})(?!\w)" if each else r"(?!)")


_THINGS: Final = {kind: _pattern(listed) for kind, listed in lists.THINGS.items()}
_ALONE: Final = {kind: _pattern(listed) for kind, listed in lists.ALONE.items()}
_TROUBLE: Final = {kind: _pattern(lists.ENVIRONMENT_TROUBLE if kind == NoteKind.ENVIRONMENT else lists.TROUBLE) for kind in NoteKind}
_ANY_THING: Final = _pattern(" ".join(lists.THINGS.values()))
_ANY_TROUBLE: Final = _pattern(f"{lists.TROUBLE} {lists.ENVIRONMENT_TROUBLE} {' '.join(lists.ALONE.values())}")
_GOOD, _NORMAL, _REPAIRED, _TO_DO, _NOT_YET = (
    _pattern(each) for each in (lists.GOOD, lists.NORMAL, lists.REPAIRED, lists.TO_DO, lists.NOT_YET)
)
_NOT, _BADLY, _BETWEEN = (frozenset(each.split()) for each in (lists.NOT, lists.BADLY, lists.BETWEEN))
_TOKEN: Final = re.compile(r"[a-z0-9]+(?:'t(?![a-z]))?|,")
_WHOLE: Final = {"n": "ne", "d": "de"}
_READING: Final = re.compile(r"(?:humidite|hygrometrie|humidity|\brh|\bhr)\b[^0-9%]{0,25}([0-9]{1,3}(?:[.,][0-9]{1,2})?)\s?%")
_SENTENCE: Final = re.compile(r"[.;!?\n\r](?![0-9])")
_JOINT: Final = re.compile(r",(?![0-9])|\s-\s|\b(?:mais|but|et|and|puis|then|however|cependant)\b")


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of a note that speaks of one thing, or of several alike. ``text`` is folded, ``said`` as it was written."""

    text: str
    said: str

    @property
    def words(self) -> str:
        """What was said, short enough to be kept."""
        return " ".join(self.said.strip(" ,:-").split())[:MAX_WORDS]

    @property
    def kinds(self) -> tuple[NoteKind, ...]:
        """What it names."""
        return tuple(kind for kind in NoteKind if _THINGS[kind].search(self.text) or _ALONE[kind].search(self.text))

    @property
    def tells(self) -> bool:
        """Whether it says how something is, and does not only name it."""
        states = (_ANY_TROUBLE, _GOOD, _NORMAL, _REPAIRED, _TO_DO, _READING)
        return any(pattern.search(self.text) for pattern in states) or any(self._lacks(kind) for kind in NoteKind)

    def trouble(self) -> list[NoteKind]:
        """The kinds it complains of."""
        return [
            kind for kind in NoteKind if self._holds(kind) or (_THINGS[kind].search(self.text) and self._ails(kind)) or self._lacks(kind)
        ]

    def repaired(self) -> bool:
        """Whether it says that something was repaired, and not that this is still to be done."""
        done = [match for match in _REPAIRED.finditer(self.text) if not self._denied(match.start())]
        if _TO_DO.search(self.text) or (_NOT_YET.search(self.text) and not self._before_plans(done)):
            return False
        return bool(done) or any(self._no_more(match) for match in _ANY_TROUBLE.finditer(self.text))

    def _holds(self, kind: NoteKind) -> bool:
        """Whether it holds what is trouble by itself."""
        if any(not self._denied(match.start()) for match in _ALONE[kind].finditer(self.text)):
            return True
        readings = _READING.finditer(self.text) if kind == NoteKind.ENVIRONMENT else ()
        return any(not DRY <= float(match[1].replace(",", ".")) < HUMID for match in readings)

    def _ails(self, kind: NoteKind) -> bool:
        """Whether it says that the thing it names is not as it should be."""
        if any(not self._denied(match.start()) and not self._means_else(match) for match in _TROUBLE[kind].finditer(self.text)):
            return True
        undone = _TO_DO.search(self.text) or (_REPAIRED.search(self.text) and not self.repaired())
        return bool(undone) or any(self._denied(match.start(), _BADLY) for match in _GOOD.finditer(self.text))

    def _lacks(self, kind: NoteKind) -> bool:
        """Whether it says that there is none: “plus de courant”, “no water”; but not “no water leak”. Of the air there always is some."""
        for thing in _THINGS[kind].finditer(self.text) if kind != NoteKind.ENVIRONMENT else ():
            before, behind = self._before(thing.start()), self._behind(thing.end())[:3]
            none = before[-1:] in (["no"], ["sans"], ["without"], ["aucun"], ["aucune"]) or before[-2:] in (["pas", "de"], ["plus", "de"])
            if none and not any(_ANY_TROUBLE.fullmatch(token) or _GOOD.fullmatch(token) for token in behind):
                return True
        return False

    def _denied(self, start: int, more: frozenset[str] = frozenset()) -> bool:
        """Whether the word at ``start`` is denied: before it (“no sign of a leak”) or right behind it (“ne fuit pas”)."""
        if self._behind(start)[1:2] in (["pas"], ["plus"], ["not"], ["jamais"]):
            return True
        before, others, listed = self._before(start), 0, True
        for place in reversed(range(len(before))):
            word = before[place]
            if word in _NOT or word in more or (word == "plus" and _is_no_more(before, place)):
                return True
            if word == ",":
                if not listed or not _ANY_TROUBLE.fullmatch(before[place - 1] if place else ""):
                    return False
            elif word not in _BETWEEN and not _ANY_TROUBLE.fullmatch(word):
                listed, others = False, others + (not _ANY_THING.fullmatch(word))
            if others > 1:
                return False
        return False

    def _no_more(self, match: re.Match[str]) -> bool:
        """“Ne fuit plus”, “no longer leaking”, “plus de fuite”: it did, and does not any more."""
        before = self._before(match.start())[-2:]
        return before in (["no", "longer"], ["plus", "de"]) or self._behind(match.end())[:1] == ["plus"]

    def _before_plans(self, done: list[re.Match[str]]) -> bool:
        """Whether the repair stands before all plans: “fixed, will look again tomorrow”."""
        plan = _NOT_YET.search(self.text)
        return plan is not None and any(match.start() < plan.start() for match in done)

    def _means_else(self, match: re.Match[str]) -> bool:
        """Accents that tell words apart: “vidé” (somebody did) is not “vide” (it is), and only “usé” is worn."""
        accent = "é" in self.said[match.start() : match.end()].lower()
        return (match[0].startswith("vid") and accent) or (match[0].startswith("us") and not accent)

    def _before(self, start: int) -> list[str]:
        return _tokens(self.text[max(0, start - NEAR) : start])

    def _behind(self, start: int) -> list[str]:
        return _tokens(self.text[start : start + NEAR])


def _tokens(text: str) -> list[str]:
    return [_WHOLE.get(token, token) for token in _TOKEN.findall(text)]


def _is_no_more(before: list[str], place: int) -> bool:
    """Whether “plus” at ``place`` means “no more”: “plus de fuite”, “n'est plus cassé”; and not “plus bas”."""
    return before[place + 1 : place + 2] in (["de"], ["aucun"], ["aucune"]) or "ne" in before[max(0, place - 3) : place]


def _clauses(text: str) -> Iterator[_Clause]:
    """The parts of ``text``. What only names or only tells is joined with what stands beside it."""
    text = unicodedata.normalize("NFC", text)
    folded = fold(text)
    for sentence in _spans(_SENTENCE, folded, 0, len(folded)):
        if not folded[slice(*sentence)].strip():
            continue
        begin, named, told = sentence[0], False, False
        end = begin
        for first, last in _spans(_JOINT, folded, *sentence):
            own = _Clause(folded[first:last], text[first:last])
            names, tells = bool(own.kinds), own.tells
            goes_on = not named and _ANY_TROUBLE.match(own.text.lstrip())  # a list: “aucune fuite, fissure ou casse”
            if names and told and (named or tells) and not goes_on:
                yield _Clause(folded[begin:end], text[begin:end])
                begin, named, told = first, False, False
            named, told, end = named or names, told or tells, last
        yield _Clause(folded[begin:end], text[begin:end])


def _spans(pattern: re.Pattern[str], text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """What stands between the matches of ``pattern``."""
    for match in pattern.finditer(text, begin, end):
        yield begin, match.start()
        begin = match.end()
    yield begin, end
