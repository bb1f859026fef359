"""What a change would have meant: the past is replayed with it and without it, and the two are compared (effects.py).

It says what people would have been spared, and as plainly what they would not have heard of: what somebody acted on, what was called
useful, and what was a P2. A change that would have kept a P1 or a life from being told is no proposal.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from alerts import effects, replay, supposing
from alerts.changes import Changes, changed
from alerts.effects import Effect
from alerts.enums import Priority
from alerts.noise import nights
from alerts.noise.calm import Loudness
from alerts.noise.drafts import Draft
from alerts.noise.kinds import Ground, Raised
from alerts.past import Past
from alerts.replay import Replayed

MISSED: Final = 0.2
"""Of what would be spared, so large a share that somebody acted on is too much."""
EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Weighed:
    """A draft with its effect; ``spared`` is how many messages fewer people would have got."""

    draft: Draft
    effect: Mapping[str, Any]
    spared: int


class Scales:
    """The past as it would go today, kept once, against which every draft is put."""

    def __init__(self, past: Sequence[Past], today: Sequence[Replayed], ground: Ground, policies: Mapping[int, Loudness]) -> None:
        self._past, self._today, self._ground, self._policies = past, today, ground, policies
        self._raised = {each.was.alert: each for each in ground.alerts}
        told = [each.was.alert for each in today if each.was and each.was.messages and effects.told(each)]
        self._told = frozenset(told)
        self._messages = sum(self._raised[pk].told for pk in told)

    def weigh(self, draft: Draft) -> Weighed | None:
        """What ``draft`` would have meant; None when it is not worth proposing. Raises what `changes.changed` raises."""
        if draft.held is not None:
            return self._weighed(draft, spared=(draft.held & self._told) - self._ground.urgent, fewer={}, later=frozenset())
        after = self._replayed(draft)
        found = effects.compare(self._today, after)
        fewer = self._fewer(found, {each.was.alert: each for each in after if each.was and each.course})
        return self._weighed(draft, spared=self._told & frozenset(found.spared), fewer=fewer, later=self._told & frozenset(found.later))

    def _replayed(self, draft: Draft) -> list[Replayed]:
        since, until = self._ground.since, self._ground.at
        supposed = changed(Changes.model_validate(draft.changes), since=since, until=until)
        return list(replay.replay(self._past, supposing.setting(supposed, since=since, until=until)))

    def _fewer(self, found: Effect, after: Mapping[UUID, Replayed]) -> dict[UUID, int]:
        """The alerts told by another policy or only then, each with how many messages fewer that is; less than 0 when they are more."""
        fewer = {}
        for pk in (self._told & frozenset(found.otherwise)) | frozenset(found.new) & self._raised.keys():
            course, raised = after[pk].course, self._raised[pk]
            if course is not None and (way := self._policies.get(course.choice.snapshot.pk)):
                heard = raised.was.acknowledged_at or raised.was.closed_at or self._ground.at
                fewer[pk] = (raised.told if pk in self._told else 0) - way.messages(heard - raised.at)
        return fewer

    def _weighed(self, draft: Draft, *, spared: Collection[UUID], fewer: Mapping[UUID, int], later: Collection[UUID]) -> Weighed | None:
        calmer, new = fewer.keys() & self._told, fewer.keys() - self._told
        touched = [self._raised[pk] for pk in sorted({*spared, *calmer})]
        messages = sum(self._raised[pk].told for pk in spared) + sum(fewer.values())
        acted = sum(each.was.acted for each in touched)
        if messages <= 0 or any(self._forbidden(self._raised[pk]) for pk in {*spared, *fewer, *later}) or acted > MISSED * len(touched):
            return None
        effect = {
            "told": {"before": len(self._told), "after": len(self._told) - len(spared) + len(new)},
            "messages": {"before": self._messages, "after": self._messages - messages},
            "spared": len(spared), "messages_spared": messages, "calmer": len(calmer), "new": len(new), "later": len(later),
            "nights": len(_nights(touched, self._ground.zone)), "missed": self._missed(touched, acted),
        }  # fmt: skip
        return Weighed(draft, effect, messages)

    def _missed(self, touched: Sequence[Raised], acted: int) -> dict[str, Any]:
        """What there would have been to lose; ``examples``: the numbers of the newest of these alerts."""
        useful = self._ground.useful & {each.was.alert for each in touched}
        worth = [each for each in touched if each.was.acted or each.was.alert in useful or each.was.priority == Priority.P2]
        return {
            "acted": acted, "useful": len(useful), "p2": sum(each.was.priority == Priority.P2 for each in touched),
            "examples": [{"id": str(each.was.alert), "number": each.was.number} for each in worth[-EXAMPLES:]],
        }  # fmt: skip

    def _forbidden(self, each: Raised) -> bool:
        source = self._ground.sources.get(each.report.source)
        return each.was.priority == Priority.P1 or each.was.alert in self._ground.urgent or source is None or source.life_safety


def _nights(touched: Iterable[Raised], zone: ZoneInfo) -> set[Any]:
    """The nights, by the site's clock, in which people were told of any of these."""
    told: list[datetime] = [each.was.told_at for each in touched if each.was.told_at]
    return {night for at in told if (night := nights.night_of(at, zone))}
