"""Whether every part of Sentinel lives and keeps time, as JSON for /healthz and as sentences for people."""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts import timeouts
from notifications import outbox
from sentinel_site.models import ProcessBeat

Role = ProcessBeat.Role
LIMITS: Final = {Role.WORKER: timedelta(seconds=60), Role.WATCHDOG: timedelta(seconds=15), Role.MONITOR: timedelta(seconds=30)}
"""A role whose last beat is older than this is dead."""
WORKER_ALONE: Final = timedelta(seconds=150)
"""The worker's limit while the watchdog, which gives it a canary every 15 s, is dead: it then runs tasks by the minute only."""
LATE_SECONDS: Final = 60
"""A step or a delivery that is overdue by more than this is a fault of its own, whoever beats."""
KEEP_SECONDS: Final = 2.0
MEANS: Final = {
    Role.WORKER: gettext_noop("AI opinions, scans and clean-ups stand still, and escalation has lost its second runner."),
    Role.WATCHDOG: gettext_noop("Escalations and messages are up to a minute late: the worker does them once a minute."),
    Role.MONITOR: gettext_noop("No device is measured."),
}
_kept: "tuple[float, State] | None" = None


@dataclass(frozen=True)
class State:
    """What was found: every process's beat, and when the oldest step or delivery that waits is due."""

    database: bool
    channel_layer: bool = True
    beats: tuple[ProcessBeat, ...] = ()
    oldest_due_at: datetime | None = None

    def last(self, role: ProcessBeat.Role) -> datetime | None:
        """The last sign of life of ``role``; None when it never ran."""
        return max((beat.beat_at for beat in self.beats if beat.role == role), default=None)

    def since(self, at: datetime) -> datetime | None:
        """When the longest-running process that lives at ``at`` started; None when none lives."""
        return min(
            (beat.started_at for beat in self.beats if beat.role in LIMITS and at - beat.beat_at < LIMITS[Role(beat.role)]), default=None
        )


def report(*, at: datetime) -> dict[str, Any]:
    """What /healthz answers: ``status`` is "ok" when everything is. At most two seconds old. Raises nothing."""
    state = _state(at=at)
    roles = {role.value: "dead" if _silent(role, state, at=at) else "ok" for role in LIMITS}
    late = _late_seconds(state, at=at)
    whole = state.database and state.channel_layer and late <= LATE_SECONDS and set(roles.values()) == {"ok"}
    return {
        "status": "ok" if whole else "degraded",
        "database": "ok" if state.database else "down",
        "channel_layer": "ok" if state.channel_layer else "down",
        **roles,
        "oldest_due_seconds": late,
        "version": settings.VERSION,
    }


def problems(*, at: datetime) -> list[str]:
    """What is wrong, in sentences for a banner; empty when nothing is. At most two seconds old. Raises nothing."""
    state = _state(at=at)
    if not state.database:
        return [_("The database cannot be reached: nothing can be reported, escalated or sent.")]
    found = [_sentence(role, state) for role in _dead(state, at=at)]
    if not state.channel_layer:
        found.append(_("Redis cannot be reached: live pages are updated every few seconds only. No alert is lost."))
    if (late := _late_seconds(state, at=at)) > LATE_SECONDS:
        found.append(_("A step or a message should have gone out %(late)d seconds ago and has not.") % {"late": late})
    return found


def dead_roles(*, at: datetime) -> frozenset[str]:
    """Roles without a sign of life for longer than their limit, counted from the start of the house. Raises database errors."""
    return frozenset(_dead(_look(), at=at))


def banner(_request: HttpRequest) -> dict[str, object]:
    """Context processor: ``health_problems``, read only when a template asks."""
    return {"health_problems": lambda: problems(at=timezone.now())}


def forget() -> None:
    """Look again at the next question."""
    global _kept
    _kept = None


def _state(*, at: datetime) -> State:
    """What was found at most two seconds ago."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > KEEP_SECONDS:
        try:
            found = _look()
        except DatabaseError:
            found = State(database=False)
        _kept = (time.monotonic(), replace(found, channel_layer=_redis_answers()))
    return _kept[1]


def _look() -> State:
    due = [moment for moment in (timeouts.next_at()[0], outbox.next_due_at()) if moment is not None]
    return State(database=True, beats=tuple(ProcessBeat.objects.all()), oldest_due_at=min(due, default=None))


def _dead(state: State, *, at: datetime) -> list[ProcessBeat.Role]:
    """Silent roles, leaving time to those that may still be starting with the rest of the house."""
    return [role for role in LIMITS if _silent(role, state, at=at, since=state.since(at))]


def _silent(role: ProcessBeat.Role, state: State, *, at: datetime, since: datetime | None = None) -> bool:
    heard = [moment for moment in (state.last(role), since) if moment is not None]
    return not heard or at - max(heard) > _limit(role, state, at=at)


def _limit(role: ProcessBeat.Role, state: State, *, at: datetime) -> timedelta:
    if role == Role.WORKER and _silent(Role.WATCHDOG, state, at=at):
        return WORKER_ALONE
    return LIMITS[role]


def _sentence(role: ProcessBeat.Role, state: State) -> str:
    beat_at = state.last(role)
    said = _("The %(role)s has given no sign of life since %(since)s UTC.") if beat_at else _("The %(role)s has never run.")
    return said % {"role": role, "since": f"{beat_at:%Y-%m-%d %H:%M:%S}" if beat_at else ""} + " " + _(MEANS[role])


def _late_seconds(state: State, *, at: datetime) -> int:
    return max(0, int((at - state.oldest_due_at).total_seconds())) if state.oldest_due_at else 0


def _redis_answers() -> bool:
    try:
        cache.get("health")
    except Exception:  # the client's own errors; importing it for their names would cost 6 MiB where it is never asked
        return False
    return True
