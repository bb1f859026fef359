"""What `alerts` offers as work. Each reads the clock and makes one idempotent call; it may be run twice, or be stopped at any moment."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop

from alerts import reach_alerts, replays, retention
from alerts.noise import making
from sentinel_site.lib.registry import Outcome, job, progress

BUDGET_SECONDS = 240


@job("alerts.retention", title=gettext_noop("Forget old alerts"), every="7 * * * *", timeout=300)
def forget() -> Outcome:
    """Delete alerts, reports, events and pictures that were kept long enough. What is left is done by the next run."""
    done = retention.sweep(at=timezone.now(), budget_seconds=BUDGET_SECONDS)
    failed = done[retention.FAILED]
    return Outcome(dict(done), "Some could not be deleted: see the log of the worker." if failed else "", warning=bool(failed))


@job("alerts.reachability", title=gettext_noop("Look whether a P1 would reach somebody"), every="3,33 * * * *", timeout=45)
def reachability() -> dict[str, Any]:
    """Tell the administrators about minutes in which a P1 would reach nobody."""
    return {"policies_with_a_gap": reach_alerts.check(at=timezone.now())}


@job("alerts.replay", title=gettext_noop("Replay reports"), timeout=1800)
def replay(*, replay: str) -> dict[str, Any]:
    """Work a replay out that somebody asked for on the page “Replay”; it names the replay's id. Changes nothing else."""
    row = replays.carry_out(UUID(replay), progress=progress)
    return {"reports": row.answer["reports"], "different": row.answer["different"]}


@job("alerts.noise", title=gettext_noop("Work out the noise report"), every="40 4 * * *", timeout=1800)
def noise(*, report: str = "") -> dict[str, Any]:
    """Say what was noise in the last 30 days, and what could be changed about it. With a report's id, the one that somebody asked for."""
    row = making.carry_out(UUID(report), progress=progress) if report else making.nightly(at=timezone.now(), progress=progress)
    return {"proposals": len(row.answer.get("proposals", ()))}
