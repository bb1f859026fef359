"""Words in English whoever asks: for REST, logs, stored texts and keys, where the labels of choices have every reader's language."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Choices
from django.utils import translation


def text(words: object) -> str:
    """``words``, which may be lazy, as it stands in the code. Loads no language."""
    with translation.override(None):
        return str(words)


def label(choices: type[Choices], value: Any) -> str:
    """The English label of ``value``; the value itself where it is none of ``choices``. ``get_…_display`` speaks the reader's language."""
    return text(choices(value).label) if value in choices.values else str(value)


def messages(error: ValidationError) -> list[str]:
    """What a form was refused for."""
    with translation.override(None):
        return list(error.messages)
