"""Names that Sentinel itself gave: shown in the reader's language as long as nobody changes them, and stored in English."""

from typing import Final

from django.utils.translation import gettext, gettext_noop

GIVEN: Final = frozenset({
    gettext_noop("On call"), gettext_noop("Managers"), gettext_noop("Directors"), gettext_noop("On call and managers"),
    gettext_noop("Managers and directors"), gettext_noop("First notice"), gettext_noop("Reminder 1"), gettext_noop("Reminder 2"),
    gettext_noop("Reminder 3"), gettext_noop("URGENT reminder"), gettext_noop("Maximum escalation"), gettext_noop("Last resort"),
    gettext_noop("Test"), gettext_noop("Fall"), gettext_noop("Default"),
})  # fmt: skip
"""Groups, policies and their steps of a new installation (bootstrap.py), and the labels of messages that no step sends."""


def shown(name: str) -> str:
    """``name`` in the language that is switched on, if it is one of ours."""
    return gettext(name) if name in GIVEN else name
