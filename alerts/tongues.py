"""What Sentinel says itself, in every language it speaks: English is stored and given to programs, the others are kept beside it.

What a sender wrote is the sender's, and stays as it came.
"""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from django.conf import settings
from django.utils import translation

STORED: Final = "en"
MAX_TITLE, MAX_DESCRIPTION = 300, 100_000
Said = TypeVar("Said")
logger = logging.getLogger(__name__)


class Note(str):
    """A remark in English that knows itself in the other languages."""

    others: Mapping[str, str] = MappingProxyType({})


def report(say: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """What ``say`` says (``title``, ``description``, ``links``) in English, and under ``translations`` in the other languages.

    As fields of a NewReport. A title or description that is too long is cut; a language whose words cannot be made is left out.
    """
    said = {code: _cut(words) for code, words in _each(say).items()}
    return {**said.pop(STORED), "translations": said}


def note(say: Callable[[], str]) -> Note:
    """What ``say`` says at the end of an alert, in each language."""
    said = _each(say)
    spoken = Note(said.pop(STORED))
    spoken.others = said
    return spoken


def again(detail: Mapping[str, Any]) -> Note:
    """The remark that ``detail`` of a log entry keeps."""
    spoken = Note(detail.get("note", ""))
    spoken.others = dict(detail.get("notes") or {})
    return spoken


def _each(say: Callable[[], Said]) -> dict[str, Said]:
    said = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            try:
                said[code] = say()
            except Exception:  # an alert is never lost for its words in another language
                if code == STORED:
                    raise
                logger.exception("what Sentinel says could not be said in %s", code)
    return said


def _cut(words: Mapping[str, Any]) -> dict[str, Any]:
    long = {"description": str(words["description"])[:MAX_DESCRIPTION]} if "description" in words else {}
    return {**words, "title": str(words["title"])[:MAX_TITLE], **long}
