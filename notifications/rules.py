"""By which of a person's methods a message goes, and after which delay: the person's own rules, as pure functions.

A rule is for a range of priorities and names one method, or every method of one kind. Where rules speak, they decide
instead of the step's kinds: the person knows best how to be woken. They never make a person unreachable or slow when
it matters: at the urgency "emergency" and for the last resort every method is used at once, P1 and life-safety begin
with the first method at once, and when no rule's method can be used, any other is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from notifications.enums import Reason, Urgency
from notifications.message import Message
from notifications.models import ContactMethod

CALLING: Final = (Reason.FIRST, Reason.REMINDER, Reason.BUNDLE)
"""Messages that ask for an answer and are followed by others: these are the ones that rules may delay."""
MAX_DELAY_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: from priority ``first`` to ``last`` (1 is P1), ``method`` or every method of ``kind``, after ``delay_seconds``."""

    first: int
    last: int
    kind: str
    method: UUID | None
    delay_seconds: int

    def names(self, method: ContactMethod) -> bool:
        """Whether the rule is about ``method``."""
        return method.pk == self.method if self.method else method.kind == self.kind


Choice = tuple[ContactMethod, int]
"""A method, and the seconds to wait before it is used."""


def choose(able: Sequence[ContactMethod], rules: Sequence[Rule], message: Message, kinds: frozenset[str]) -> list[Choice]:
    """The methods among ``able`` (those that can be used, in their order) for ``message``, the first to be used first.

    Never empty unless ``able`` is.
    """
    own = _by_rules(able, [rule for rule in rules if rule.first <= message.priority <= rule.last])
    if message.reason in CALLING and message.urgency != Urgency.EMERGENCY and own:
        soonest = own[0][1] if message.priority == 1 or message.life_safety else 0
        return [(method, delay - soonest) for method, delay in own]
    listed = able if message.reason in CALLING or message.reason == Reason.UNANSWERED else [method for method, _ in own] or able
    wanted = [method for method in listed if not kinds or method.kind in kinds]
    wanted = wanted or [method for method in able if not kinds or method.kind in kinds] or list(able)
    return [(method, 0) for method in wanted]


def _by_rules(able: Sequence[ContactMethod], rules: Sequence[Rule]) -> list[Choice]:
    """Each method that a rule names, with its shortest delay."""
    found = [(method, [rule.delay_seconds for rule in rules if rule.names(method)]) for method in able]
    return sorted([(method, min(delays)) for method, delays in found if delays], key=lambda choice: choice[1])
