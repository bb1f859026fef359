"""What could be changed about noise, each as the request that would make it. Only drafts: weighing.py says what they would have meant."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext

from alerts import describe, flapping
from alerts.enums import ProposalKind
from alerts.intake import OWN_SOURCE
from alerts.models import Route, Source
from alerts.noise import flaps, hours, kinds, pairs
from alerts.noise.calm import Loudness, calmest
from alerts.noise.kinds import Ground, Kind, Raised
from alerts.replay import Course, Replayed

LATELY: Final = timedelta(hours=48)
"""What broke in so long is broken now."""
STILL: Final = timedelta(hours=12)
BURST: Final = 10
RATIO: Final = 4
"""So many times as often as before."""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """A change, and what it is about. ``facts``: what its words are made of (words.py).

    ``changes`` is what a replay has to suppose, in the words of changes.Changes. ``held`` instead: the alerts that would be held back,
    where no replay can tell.
    """

    kind: ProposalKind
    facts: Mapping[str, Any]
    method: str
    path: str
    body: Mapping[str, Any]
    weight: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    held: frozenset[UUID] | None = None


def drafts(ground: Ground, today: Sequence[Replayed], policies: Mapping[int, Loudness]) -> list[Draft]:
    """Everything worth weighing, what is about the most messages first. ``today``: the past as today's configuration takes it."""
    bursts, asked = _bursts(ground), _Asked(today, policies)
    broken = {(kind.source.slug, kind.type) for kind, _ in bursts}
    found = [_silence(kind, recent, ground) for kind, recent in bursts]
    for kind in kinds.unacted(ground):
        if (kind.source.slug, kind.type) not in broken:
            habit = hours.habit(kind, zone=ground.zone)
            found.append(_window(kind, habit, ground) if habit else _route(kind, asked, ground))
    found += [_inhibition(pair) for pair in pairs.pairs(ground)]
    found += [_flapping(source, those) for source, those in _by_source(ground)]
    made = [draft for draft in found if draft is not None]
    return sorted(made, key=lambda draft: (-draft.weight, draft.path, str(draft.body)))


class _Asked:
    """How alerts go today: by which route, and how loud their policy is."""

    def __init__(self, today: Sequence[Replayed], policies: Mapping[int, Loudness]) -> None:
        self._courses = {each.was.alert: each.course for each in today if each.was and each.course}
        self._policies = policies
        self._positions = dict(Route.objects.filter(catch_all=False).values_list("pk", "position"))
        self.calmest = calmest(policies)

    def present(self, kind: Kind) -> Loudness | None:
        """The policy that most of them get."""
        met = Counter(course.choice.snapshot.pk for course in self._of(kind))
        return self._policies.get(met.most_common(1)[0][0]) if met else None

    def position(self, kind: Kind) -> int:
        """Before every route that decides about them; where none does, after all others."""
        deciding = [self._positions[course.choice.route] for course in self._of(kind) if course.choice.route in self._positions]
        return max(0, min(deciding) - 1) if deciding else min(1_000_000, max(self._positions.values(), default=0) + 10)

    def priority(self, kind: Kind) -> int:
        """The least urgent that they get."""
        return max((course.priority for course in self._of(kind)), default=5)

    def _of(self, kind: Kind) -> list[Course]:
        return [self._courses[each.was.alert] for each in kind.alerts if each.was.alert in self._courses]


def _route(kind: Kind, asked: _Asked, ground: Ground) -> Draft | None:
    """What nobody acts on is told calmly."""
    present, calm, texts = asked.present(kind), asked.calmest, kind.matchers()
    if texts is None or present is None or calm is None or calm.rank >= present.rank:
        return None
    priority = min(5, max(4, asked.priority(kind) + 1))
    body = {"position": asked.position(kind), "matchers": texts, "policy": calm.name, "priority": f"P{priority}"}
    facts = {**_facts(kind), "policy": calm.name, "was_policy": present.name, "priority": f"P{priority}", "days": _days(ground)}
    return Draft(ProposalKind.ROUTE, facts, "POST", "/api/v1/routes", body, kind.messages, {"routes": [body]})


def _bursts(ground: Ground) -> list[tuple[Kind, list[Raised]]]:
    """Kinds, or single subjects of them, that are broken now: many lately, few before, and nobody takes them. With the late ones."""
    found = []
    for whole in kinds.eligible(ground):
        parts = [(kind, recent) for kind in kinds.by_subject(whole) if (recent := _burst(kind, ground))]
        if parts or (recent := _burst(whole, ground)):
            found += parts or [(whole, recent)]
    return found


def _burst(kind: Kind, ground: Ground) -> list[Raised]:
    recent, known = kinds.within(kind.alerts, LATELY, at=ground.at), ground.at - LATELY - ground.since
    if known < LATELY:  # nothing is known of before
        return []
    if len(recent) < BURST or recent[-1].at < ground.at - STILL or any(_minded(each, ground) for each in recent):
        return []
    before = (len(kind.alerts) - len(recent)) / max(1.0, (ground.at - LATELY - ground.since) / DAY)
    return recent if len(recent) / (LATELY / DAY) >= RATIO * before else []


def _silence(kind: Kind, recent: Sequence[Raised], ground: Ground) -> Draft | None:
    """What is broken is silent while it is mended."""
    if (texts := kind.matchers()) is None:
        return None
    reason = gettext("It is broken and is being mended.")
    body = {"matchers": texts, "reason": reason, "starts_at": describe.instant(ground.at), "ends_at": describe.instant(ground.at + DAY)}
    supposed = {**body, "starts_at": describe.instant(recent[0].at), "ends_at": describe.instant(ground.at)}
    facts = {**_facts(kind), "lately": len(recent), "hours": int(LATELY.total_seconds() // 3600)}
    before = round((len(kind.alerts) - len(recent)) / max(1, _days(ground) - 2), 1)
    facts["before"] = int(before) if before.is_integer() else before
    weight = sum(each.told for each in recent)
    return Draft(ProposalKind.SILENCE, facts, "POST", "/api/v1/silences", body, weight, {"silences": [supposed]})


def _window(kind: Kind, habit: hours.Habit, ground: Ground) -> Draft | None:
    """What keeps to its hours is silent in them."""
    if (texts := kind.matchers()) is None:
        return None
    ends = (datetime.combine(ground.at.date(), habit.begins) + timedelta(minutes=habit.minutes)).time()
    body = {
        "name": gettext("Usual hours: {what}").format(what=kind.title)[:120], "matchers": texts,
        "reason": gettext("It is always so in these hours."), "time_zone": ground.zone.key, "weekdays": list(habit.weekdays),
        "begins": f"{habit.begins:%H:%M}", "duration_minutes": habit.minutes,
    }  # fmt: skip
    facts = {
        **_facts(kind), "share": round(100 * habit.share), "begins": body["begins"], "ends": f"{ends:%H:%M}", "weekdays": body["weekdays"],
    }  # fmt: skip
    return Draft(ProposalKind.WINDOW, facts, "POST", "/api/v1/maintenance-windows", body, kind.messages, {"windows": [body]})


def _inhibition(pair: pairs.Pair) -> Draft | None:
    """What another alert explains is held back while that is open."""
    cause, effect = pair.cause, pair.effect
    source, target = [kinds.text("source", cause.source.slug), kinds.text("type", cause.type)], effect.matchers()
    if target is None or not all(map(kinds.readable, source)):
        return None
    name = f"{cause.source.slug} {cause.type} → {effect.source.slug} {effect.type}"[:120]
    body = {"name": name, "source_matchers": source, "target_matchers": target, "equal": [pair.label]}
    facts = {**_facts(effect), "cause": cause.title, "share": round(100 * pair.share), "times": pair.times, "label": pair.label}
    weight = effect.messages
    return Draft(ProposalKind.INHIBITION, facts, "POST", "/api/v1/inhibitions", body, weight, {"inhibitions": [body]})


def _flapping(source: Source, alerts: Sequence[Raised]) -> Draft | None:
    """What comes and goes is told once."""
    found = flaps.best(alerts, flapping.limits_of(source))
    if found is None:
        return None
    limits, held = found
    seconds = int(limits.window.total_seconds())
    body = {"flap_opens": limits.opens, "flap_calm_opens": limits.calm, "flap_window_seconds": seconds}
    came = flaps.keys(held)
    often = max(came.values(), key=len)
    facts = {
        "source": source.slug, "what": often[-1].report.title, "keys": len(came), "alerts": len(alerts), "held": len(held),
        "opens": limits.opens, "minutes": seconds // 60, "was_opens": source.flap_opens, "was_minutes": source.flap_window_seconds // 60,
    }  # fmt: skip
    weight, ids = sum(each.told for each in held), frozenset(each.was.alert for each in held)
    return Draft(ProposalKind.FLAPPING, facts, "PATCH", f"/api/v1/sources/{source.slug}", body, weight, held=ids)


def _by_source(ground: Ground) -> list[tuple[Source, list[Raised]]]:
    """The alerts of each source that may flap."""
    found: dict[str, list[Raised]] = {}
    for each in ground.alerts:
        found.setdefault(each.report.source, []).append(each)
    named = [(ground.sources[slug], those) for slug, those in sorted(found.items()) if slug in ground.sources and slug != OWN_SOURCE]
    return [(source, those) for source, those in named if not source.life_safety]


def _minded(each: Raised, ground: Ground) -> bool:
    """Whether somebody did anything about it, or said that it was useful."""
    return each.was.acted or each.was.alert in ground.useful


def _facts(kind: Kind) -> dict[str, Any]:
    return {
        "source": kind.source.slug, "type": kind.type, "subject": kind.subject, "what": kind.title, "alerts": len(kind.alerts),
        "told": kind.told, "messages": kind.messages,
    }  # fmt: skip


def _days(ground: Ground) -> int:
    return max(1, round((ground.at - ground.since) / DAY))
