"""The errors of `alerts`.

AlertError
├── InvalidReport       a report cannot be accepted; ``errors`` says which field and why
│   └── UnknownSource   its source does not exist or is switched off
├── ImageRefused        a picture cannot be accepted; ``code`` says why
├── IllegalTransition   the alert's status does not move that way; ``current`` is the status it has
├── NoOpinion           the AI gave no answer that can be used; ``try_again`` says whether it may do so at once
└── ConfigurationError  a policy or a route cannot work as it is written
"""

from collections.abc import Sequence
from typing import Literal

from django.utils.translation import gettext as _

from alerts.enums import AlertStatus


class AlertError(Exception):
    """Something about an alert cannot be done; the text says the fix."""


class InvalidReport(AlertError):
    """A report cannot be accepted. ``errors`` holds (field, what to do) pairs."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in errors))
        self.errors = tuple(errors)


class UnknownSource(InvalidReport):
    """The source does not exist or is switched off."""

    def __init__(self, slug: str) -> None:
        super().__init__([("source", f"no enabled source is called {slug[:60]!r}; create it under Sources in the admin")])


class ImageRefused(AlertError):
    """A picture cannot be accepted. ``code`` says why, the text says what to do."""

    def __init__(self, code: Literal["too_large", "not_an_image", "too_many_pixels", "animated", "damaged"], text: str) -> None:
        super().__init__(text)
        self.code = code


class IllegalTransition(AlertError):
    """The alert's status does not move that way."""

    def __init__(self, current: AlertStatus, to: AlertStatus) -> None:
        super().__init__(f"An alert that is {current} cannot become {to}: status only moves forward.")
        self.current = current
        self.to = to

    @property
    def said(self) -> str:
        """The text in the reader's language; that of the error itself is for logs."""
        text = _("An alert that is “%(current)s” cannot become “%(to)s”: status only moves forward.")
        return text % {"current": self.current.label, "to": self.to.label}


class NoOpinion(AlertError):
    """The AI gave no answer that can be used; the text says why. ``try_again``: whether asking again at once may help."""

    def __init__(self, why: str, *, try_again: bool = True) -> None:
        super().__init__(why)
        self.try_again = try_again


class ConfigurationError(AlertError):
    """A policy or a route cannot work as it is written."""
