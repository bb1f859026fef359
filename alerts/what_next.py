"""What happens next with an alert, in plain words: pure but for the plan that is given. English, for staff."""

from collections.abc import Callable
from datetime import datetime

from alerts.enums import AckTimeoutAction, AlertStatus, Resolution
from alerts.models import Alert
from alerts.plan import Plan
from sentinel_site.lib import english, spans

Clock = Callable[[datetime], str]


def of(alert: Alert, plan: Plan, *, at: datetime, clock: Clock) -> list[str]:
    """Sentences that say it, the soonest first. ``clock`` writes an instant as the reader's clock shows it."""
    if not alert.is_open:
        return [_over(alert, clock)]
    said = [_held(alert)] if alert.suppressed_by else []
    if alert.next_step_at is not None:
        said.append(f"{_step(alert, plan)} is due {_when(alert.next_step_at, at=at, clock=clock)}.")
    elif alert.status != AlertStatus.ACKNOWLEDGED:
        said.append("No further step is planned." if alert.told else "No further step is planned, and nobody was told.")
    if alert.deadline_at is not None:
        said.append(_deadline(alert, plan, when=_when(alert.deadline_at, at=at, clock=clock)))
    return said


def _over(alert: Alert, clock: Clock) -> str:
    when = clock(alert.closed_at) if alert.closed_at else "some time ago"
    if alert.status == AlertStatus.EXPIRED:
        return f"Nothing: nobody answered, and it expired at {when}."
    how = english.label(Resolution, alert.resolution)
    return f"Nothing: it was resolved at {when} ({how})."


def _held(alert: Alert) -> str:
    why = [str(each.get("reason") or each.get("kind") or "") for each in alert.suppressed_by]
    return f"Nobody is told for now: {', '.join(why)}."


def _step(alert: Alert, plan: Plan) -> str:
    if alert.step > plan.last_resort_step:
        return "The last step, once more,"
    if alert.step == plan.last_resort_step:
        return "The last resort" if plan.last_resort else "The end of the policy, which names no last resort,"
    label = plan.step_at(alert.step).label
    return f"Step {alert.step + 1} of {len(plan.steps)}" + (f" ({label})" if label else "")


def _deadline(alert: Alert, plan: Plan, *, when: str) -> str:
    if alert.status != AlertStatus.ACKNOWLEDGED:
        return f"Unless somebody takes it, {'the last resort is told' if _resort(alert) else 'it expires'} {when}."
    if alert.next_step_at is not None or alert.unanswered:
        return f"Unless somebody takes it again, it expires {when}."
    becomes = "it is closed by itself" if plan.ack_timeout_action == AckTimeoutAction.RESOLVE else "people are called again"
    return f"{alert.acknowledged_by or 'Somebody'} has it. Unless it is resolved, {becomes} {when}."


def _resort(alert: Alert) -> bool:
    return alert.status == AlertStatus.SEEN and not alert.unanswered


def _when(instant: datetime, *, at: datetime, clock: Clock) -> str:
    return f"at {clock(instant)} ({spans.until(instant, at=at)})"
