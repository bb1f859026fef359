"""Who reads a page: what they may do, and the words of its buttons in their language."""

from collections.abc import Iterable
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from alerts import record
from alerts.enums import Resolution

ENDINGS: Final = (Resolution.HANDLED, Resolution.HELP_SENT, Resolution.FALSE_ALARM, Resolution.TEST)
"""How a person may end an alert."""


def reader(request: HttpRequest) -> dict[str, Any]:
    """Who reads the page, what they may do, and where they sign in."""
    user = request.user
    return {
        "me": record.actor(user).name if user.is_authenticated else "",
        "user": str(user.pk or ""),
        "can_answer": user.has_perm("alerts.answer_alert"),
        "can_escalate": user.has_perm("alerts.escalate_alert"),
        "login": f"{reverse('login')}?next={request.path}",
    }


def resolutions() -> list[tuple[str, str]]:
    """How an alert may end, with the words in the reader's language."""
    return said((choice.value, choice.label) for choice in ENDINGS)


def said(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """The choices with their labels in the reader's language."""
    return [(value, gettext(str(label))) for value, label in choices]
