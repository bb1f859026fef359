"""Which alerts nearly always follow another, agree with it in a label, and end with it: what an inhibition says. Pure."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from alerts.models.suppression import LABEL_NAME
from alerts.noise.kinds import FEW_DAYS, Ground, Kind, Raised, eligible

SOON: Final = timedelta(minutes=2)
TOGETHER: Final = timedelta(minutes=5)
"""It ends with the other one when it is over by so long after that."""
SHARE: Final = 0.9
FEW: Final = 5
SELDOM: Final = 0.05
"""What is raised so often that its two minutes fill more of the period than this explains nothing: anything follows it."""
MOST_RECENT: Final = 50
"""So many that came just before are looked at, the newest."""
OWN: Final = "subject"
TAKEN: Final = frozenset({"source", "type", "severity", OWN})
"""Names that matchers see with another meaning than that of a report's label."""
_Key = tuple[str, str]


@dataclass(slots=True)
class _Following:
    """How often an effect followed a cause, how often with which labels equal, and on which days (UTC)."""

    times: int = 0
    equal: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Pair:
    """``effect`` follows ``cause``, in ``times`` of its cases, with ``label`` equal."""

    cause: Kind
    effect: Kind
    label: str
    times: int

    @property
    def share(self) -> float:
        """In how many of its cases."""
        return self.times / len(self.effect.alerts)


def pairs(ground: Ground) -> list[Pair]:
    """Every pair that an inhibition would explain; of several causes of one effect the likeliest. Never a P1 or lives as the effect."""
    effects = {_key(kind.alerts[0]): kind for kind in eligible(ground) if len(kind.alerts) >= FEW}
    kinds: dict[_Key, list[Raised]] = {}
    for each in ground.alerts:
        kinds.setdefault(_key(each), []).append(each)
    period = ground.at - ground.since
    causes = {key for key, those in kinds.items() if len(those) * SOON <= SELDOM * period}
    found: dict[_Key, Pair] = {}
    for (cause, effect), following in _followed(ground.alerts, causes, set(effects)).items():
        pair = _pair(cause, effects[effect], kinds[cause], following, ground)
        if pair and (effect not in found or pair.times > found[effect].times):
            found[effect] = pair
    return sorted(found.values(), key=lambda pair: -pair.effect.messages)


def _followed(alerts: Sequence[Raised], causes: set[_Key], effects: set[_Key]) -> dict[tuple[_Key, _Key], _Following]:
    """How often each of ``effects`` came soon after each of ``causes``, and ended with it. One pass over the time."""
    recent: deque[Raised] = deque(maxlen=MOST_RECENT)
    found: dict[tuple[_Key, _Key], _Following] = {}
    for each in alerts:
        while recent and each.at - recent[0].at > SOON:
            recent.popleft()
        key = _key(each)
        if key in effects:
            equal: dict[_Key, set[str]] = {}
            for cause in recent:
                if (other := _key(cause)) != key and _ends_with(each, cause):
                    equal.setdefault(other, set()).update(_equal(cause, each))
            for other, labels in equal.items():
                following = found.setdefault((other, key), _Following())
                following.times += 1
                following.equal.update(labels)
                following.days.add(each.at.date())
        if key in causes:
            recent.append(each)
    return found


def _pair(cause: _Key, effect: Kind, causes: Sequence[Raised], following: _Following, ground: Ground) -> Pair | None:
    if following.times < max(FEW, SHARE * len(effect.alerts)) or not following.equal:
        return None
    if len(following.days) < FEW_DAYS:  # one bad day raises everything at once, and explains nothing
        return None
    label, times = min(following.equal.items(), key=lambda item: (-item[1], item[0] != OWN, item[0]))
    source = ground.sources.get(cause[0])
    if source is None or times < max(FEW, SHARE * len(effect.alerts)):
        return None
    return Pair(Kind(source, cause[1], None, causes), effect, label, times)


def _ends_with(effect: Raised, cause: Raised) -> bool:
    """Whether it was open together with its cause, and over when that was, or soon after."""
    if cause.was.closed_at is None or effect.was.closed_at is None:
        return False
    return effect.at <= cause.was.closed_at and effect.was.closed_at <= cause.was.closed_at + TOGETHER


def _equal(one: Raised, other: Raised) -> list[str]:
    """The labels in which both agree, that say something, and that an inhibition can name."""
    same = [name for name, value in one.report.labels.items() if value and other.report.labels.get(name) == value]
    found = [name for name in same if LABEL_NAME.fullmatch(name) and name not in TAKEN]
    return [*found, *([OWN] if one.report.subject and one.report.subject == other.report.subject else [])]


def _key(each: Raised) -> _Key:
    return each.report.source, each.report.type
