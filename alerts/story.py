"""The story of an alert: everything that is known of it, in one order, from the samples before its onset to its resolution.

A fixed number of statements, however much happened; what is left out of a very long one is said in it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from alerts import describe, story_messages, story_origin, story_record
from alerts.models import Alert
from alerts.signals import story_wanted
from alerts.story_parts import Asked, Chart, Entry, Part

MAX_ENTRIES: Final = 2500
"""More than all parts together give; what a part above us adds beyond is left out, and said."""
_ORDER: Final = attrgetter("at", "rank", "place")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Story:
    """An alert, the route and policy ``chosen`` for it, its ``entries`` in their order, the ``charts`` of what was measured.

    ``left_out`` says in sentences what is not told, and why.
    """

    alert: Alert
    chosen: Mapping[str, Any]
    entries: Sequence[Entry]
    charts: Sequence[Chart]
    left_out: Sequence[str]


def read(alert_id: UUID, *, may: Callable[[str], bool], at: datetime) -> Story:
    """The story of an alert up to ``at``, in the language that is switched on, for a reader whose permissions ``may`` knows.

    Raises Alert.DoesNotExist.
    """
    alert = describe.readable().select_related("previous").defer(None).get(pk=alert_id)
    asked = Asked(alert, at, may)
    own = [story_origin.part(asked), story_record.part(asked), story_messages.part(asked)]
    parts = [*own, *_others(asked)]
    entries = sorted((entry for part in parts for entry in part.entries), key=_ORDER)
    left_out = [text for part in parts for text in part.left_out]
    if len(entries) > MAX_ENTRIES:
        left_out.append(_("The last %(n)d entries are left out.") % {"n": len(entries) - MAX_ENTRIES})
    return Story(alert, story_origin.chosen(alert), entries[:MAX_ENTRIES], [chart for part in parts for chart in part.charts], left_out)


def _others(asked: Asked) -> Iterable[Part]:
    """What the apps above know of it."""
    answers: list[tuple[Any, Any]] = story_wanted.send_robust(sender=Alert, asked=asked)
    for receiver, answer in answers:
        if isinstance(answer, Exception):
            logger.error("%s cannot tell its part of the story of alert %s", receiver, asked.alert.pk, exc_info=answer)
            yield Part(left_out=[_("Something that is known of it could not be read; the log of Sentinel says why.")])
        elif answer is not None:
            yield answer
