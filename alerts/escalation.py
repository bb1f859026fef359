"""The only writer of Alert.next_step_at: who is told next, and when.

The database holds the timer. ``advance_due`` asks what is due, claims it, and writes the messages into the outbox in
the same transaction; any number of runners may do so at once. An alert's steps are numbered as in plan.py.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from pydantic_core import to_json

from alerts import flapping, grouping, messages, policies, reading, record, suppression
from alerts.enums import FINAL, OPEN, AlertStatus, EventKind, LogKind, Priority, StopsAt
from alerts.models import Alert, PolicySnapshot
from alerts.plan import LAST_RESORT_GRACE_SECONDS, Plan
from alerts.record import By
from notifications import dispatch
from notifications.message import Order, Told
from sentinel_site.lib import prepared, wake

RETRY_FAILED_SECONDS = 60
OVERDUE = timedelta(seconds=60)
"""Who is told later than this, after an outage, still gets time to answer before the alert expires."""
_Ask = Callable[..., Mapping[UUID, suppression.Hold]]
logger = logging.getLogger(__name__)

_CLAIM = """
SELECT {columns} FROM (VALUES (1), (2), (3), (4), (5)) AS level (priority), LATERAL (
    SELECT * FROM alerts_alert
    WHERE priority = level.priority AND next_step_at IS NOT NULL AND next_step_at <= %(at)s
    ORDER BY next_step_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
) AS alert LIMIT %(limit)s
"""
_HELD = ~Q(suppressed_by=[])
"""What the index alert_held is made of."""
_EXPLAINED_BY = """
SELECT id FROM alerts_alert WHERE NOT (suppressed_by = '[]'::jsonb) AND suppressed_by @? %s::jsonpath
AND status IN ('PENDING', 'DELIVERED', 'SEEN', 'ACKNOWLEDGED')
"""
_HOLD = """
UPDATE alerts_alert SET next_step_at = new.until, suppressed_by = new.reasons,
    round_started_at = alerts_alert.round_started_at + (new.until - %(at)s),
    deadline_at = CASE WHEN deadline_at <= %(at)s THEN new.until + %(grace)s * interval '1 s' ELSE deadline_at + (new.until - %(at)s) END
FROM json_to_recordset(%(holds)s::json) AS new (id uuid, until timestamptz, reasons jsonb) WHERE alerts_alert.id = new.id
"""
_TAKE = """
INSERT INTO alerts_stepclaim (alert_id, round, step, at, due_at)
SELECT taken.alert, taken.round, taken.step, %s::timestamptz, taken.due_at
FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::timestamptz[]) AS taken (alert, round, step, due_at)
ON CONFLICT DO NOTHING RETURNING alert_id, round, step
"""
_MOVE_ON = """
UPDATE alerts_alert SET step = new.step, next_step_at = new.next_step_at, told = alerts_alert.told + new.told,
    last_sent_at = CASE WHEN new.told > 0 THEN %s::timestamptz ELSE last_sent_at END,
    unanswered = alerts_alert.unanswered OR new.unanswered, deadline_at = greatest(alerts_alert.deadline_at, new.not_before)
FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::int[], %s::bool[], %s::timestamptz[])
    AS new (id, step, next_step_at, told, unanswered, not_before)
WHERE alerts_alert.id = new.id
"""


@dataclass(slots=True)
class _Turn:
    """One alert's turn in a sweep: the steps it takes together, and what came of it."""

    alert: Alert
    plan: Plan
    steps: range
    due_at: datetime
    order: Order | None = None
    told: Told = field(default_factory=Told)
    fresh: bool = True

    @property
    def last(self) -> int:
        """The highest step taken."""
        return self.steps[-1]

    @property
    def unanswered(self) -> bool:
        """Whether the steps are all taken and the last resort is told."""
        return self.last == self.plan.last_resort_step


def first_step_at(plan: Plan, *, at: datetime) -> datetime:
    """When the first step of an alert raised at ``at`` is due."""
    return at + plan.steps[0].delay


def first_deadline(plan: Plan, *, at: datetime) -> datetime | None:
    """When an alert raised at ``at`` expires unanswered."""
    return plan.deadline(AlertStatus.PENDING, since=at)


class Sweep(NamedTuple):
    """What one sweep did: how many alerts it handled, and whether a life or a P1 was among them."""

    handled: int
    urgent: bool


def advance_due(*, at: datetime, limit: int = 100) -> int:
    """See `sweep`. Returns the number of alerts handled; call again while it equals ``limit``."""
    return sweep(at=at, limit=limit).handled


def sweep(*, at: datetime, limit: int = 100) -> Sweep:
    """Take the escalation steps of the alerts whose next step is due at ``at``, the most urgent first.

    Rows are claimed with SKIP LOCKED, so concurrent sweeps share the work, and each step is taken once by a unique
    StepClaim. When a sweep fails, its alerts are tried one by one; one that fails alone is put back a minute later
    and the failure is logged on it.
    """
    try:
        with transaction.atomic():
            due = _claim(at=at, limit=limit)
            _take(due, at=at)
            return Sweep(len(due), any(alert.life_safety or alert.priority == Priority.P1 for alert in due))
    except Exception:  # whatever it is, the other alerts must not wait for it
        logger.exception("an escalation sweep failed; its alerts are tried one by one")
    done = 0
    for _ in range(limit):
        with transaction.atomic():
            alone = _claim(at=at, limit=1)
            if not alone:
                break
            _take_or_put_back(alone, at=at)
        done += 1
    return Sweep(done, urgent=True)


def timers(alert: Alert, to: AlertStatus, *, at: datetime) -> dict[str, datetime | bool | None]:
    """The timers ``alert`` gets when it moves to status ``to`` at ``at``: the columns lifecycle writes with the status."""
    plan = policies.plan_of(alert.policy)
    next_step_at, deadline_at, unanswered = alert.next_step_at, alert.deadline_at, alert.unanswered
    if to in FINAL:
        next_step_at = deadline_at = None
    elif to == AlertStatus.ACKNOWLEDGED:
        next_step_at, unanswered = None, False
        deadline_at = plan.deadline(to, since=at)
    elif to == AlertStatus.SEEN:
        if plan.stops_at == StopsAt.SEEN and next_step_at is not None:
            next_step_at = None if plan.seen_hold is None else max(next_step_at, at + plan.seen_hold)
        held_until = next_step_at if alert.suppressed_by else None
        deadline_at = plan.deadline(to, since=held_until or at)
    return {"next_step_at": next_step_at, "deadline_at": deadline_at, "unanswered": unanswered or to == AlertStatus.EXPIRED}


def halt(alert: Alert, *, at: datetime) -> None:
    """Stop an escalation that runs on an acknowledged alert; the acknowledgement counts from now again."""
    deadline = policies.plan_of(alert.policy).deadline(AlertStatus.ACKNOWLEDGED, since=at)
    Alert.objects.filter(pk=alert.pk).update(next_step_at=None, deadline_at=deadline, unanswered=False)


def start_round(alert: Alert, *, at: datetime, by: By = None, why: str) -> None:
    """Begin the policy again from its first step, now. The caller holds the row and announces."""
    plan = policies.plan_of(alert.policy)
    deadline = plan.deadline(AlertStatus.PENDING, since=at)
    Alert.objects.filter(pk=alert.pk).update(
        round=F("round") + 1, step=0, round_started_at=at, next_step_at=first_step_at(plan, at=at), deadline_at=deadline
    )
    record.write([record.Entry(alert.pk, LogKind.ROUND, by, {"why": why})], at=at)


def raise_priority(alert_id: UUID, snapshot: PolicySnapshot, *, priority: int, severity: str, at: datetime, why: str = "") -> bool:
    """Raise an open alert's priority, never lower it, and begin the policy of the new priority. False: nothing to raise.

    The caller holds a transaction and announces. Even an acknowledged alert is told again: who took it took less.
    """
    alert = Alert.objects.select_for_update(of=["self"], no_key=True).select_related("policy").get(pk=alert_id)
    if priority >= alert.priority or not alert.is_open:
        return False
    before = alert.priority
    Alert.objects.filter(pk=alert_id).update(priority=priority, severity=severity, policy=snapshot)
    alert.policy = snapshot
    record.write([record.Entry(alert_id, LogKind.REPEATED, None, {"priority": [before, priority], "severity": severity})], at=at)
    start_round(alert, at=at, why=why or "priority raised")
    return True


def escalate_now(alert: Alert, *, by: By, at: datetime) -> Alert:
    """Somebody asks for the next step at once. An acknowledged or finished escalation begins again.

    Raises IllegalTransition when the alert is closed.
    """
    with transaction.atomic():
        held = Alert.objects.select_for_update(of=["self"], no_key=True).select_related("policy").get(pk=alert.pk)
        messages.require_open(held)
        if held.next_step_at is None:
            start_round(held, at=at, by=by, why="escalated by hand")
            Alert.objects.filter(pk=held.pk).update(next_step_at=at)
        else:
            pushed = Alert.objects.filter(pk=held.pk)
            if held.suppressed_by:
                _ask_again(pushed, at=at)
            else:
                pushed.update(next_step_at=at)
            record.write([record.Entry(held.pk, LogKind.ROUND, by, {"why": "next step at once"})], at=at)
        record.announce([(EventKind.ESCALATED, held.pk)], at=at, wake_also=(wake.DUE,))
    return Alert.objects.select_related("source", "policy", "group").get(pk=alert.pk)


def tell_last_resort(alert: Alert, *, at: datetime, deadline_at: datetime) -> None:
    """Tell the last resort now, outside of the steps, and mark the alert unanswered. The caller holds the row and announces."""
    plan = policies.plan_of(alert.policy)
    told = dispatch.tell([messages.last_resort(alert, plan, at=at, key=f"{alert.pk}:{alert.round}:timeout")], at=at)[0]
    Alert.objects.filter(pk=alert.pk).update(unanswered=True, deadline_at=deadline_at, told=F("told") + told.deliveries)
    record.write([record.Entry(alert.pk, LogKind.UNANSWERED, None, _evidence(told))], at=at)


def _claim(*, at: datetime, limit: int) -> list[Alert]:
    return reading.alerts(_CLAIM, {"at": at, "limit": limit})


def _take_or_put_back(alerts: Sequence[Alert], *, at: datetime) -> None:
    try:
        with transaction.atomic():
            _take(alerts, at=at, ask=suppression.holds_if_any)
    except Exception as error:  # the second failure of this step: it must not keep the others from their turn
        if isinstance(error, DatabaseError) and connection.needs_rollback:
            raise
        logger.exception("the escalation step of %s failed; tried again in a minute", alerts[0])
        later = at + timedelta(seconds=RETRY_FAILED_SECONDS)
        Alert.objects.filter(pk=alerts[0].pk).update(next_step_at=later)
        detail = {"error": f"{type(error).__name__}: {error}"[:300]}
        record.write([record.Entry(alerts[0].pk, LogKind.STEP_FAILED, None, detail)], at=at)


def _take(due: Sequence[Alert], *, at: datetime, ask: _Ask = suppression.holds) -> None:
    """Tell everyone who is next for each alert, and plan the step after."""
    held = _hold_back(due, at=at, ask=ask)
    free = [alert for alert in due if alert.pk not in held]
    waiting = _join_groups([alert for alert in free if grouping.may_join(alert)], at=at)
    turns = [_turn(alert, at=at) for alert in free if alert.pk not in waiting]
    _mark_fresh(turns, at=at)
    _tell([turn for turn in turns if turn.fresh], at=at)
    _move_on(turns, at=at)
    record.write([entry for turn in turns if turn.fresh for entry in _entries(turn, at=at)], at=at)
    events = [(EventKind.ESCALATED, turn.alert.pk, record.UNANSWERED if turn.unanswered else "") for turn in turns]
    events += [(EventKind.UPDATED, pk, "") for pk in (*waiting, *held)]
    record.announce(events, at=at, wake_also=(wake.PLANNED,) if events else ())


def release(suppression_id: str, *, at: datetime) -> int:
    """Ask again at once about every open alert that the silence or inhibition with this id holds back. Returns how many.

    The caller holds a transaction.
    """
    held = Alert.objects.filter(_HELD, status__in=OPEN, next_step_at__gt=at, suppressed_by__contains=[{"id": suppression_id}])
    # In the order in which everyone else locks several of them.
    released = _ask_again(Alert.objects.filter(pk__in=list(_locked(held).values_list("pk", flat=True))), at=at)
    wake.up(wake.DUE)
    return released


def explained_by(alerts: Collection[UUID]) -> list[UUID]:
    """The open alerts that are held back because one of ``alerts`` is open."""
    found = prepared.run(_EXPLAINED_BY, ["$[*].because[*] ? (" + " || ".join(f'@ == "{pk}"' for pk in alerts) + ")"]) if alerts else ()
    return [pk for (pk,) in found]


def release_explained(explained: Collection[UUID], *, at: datetime) -> None:
    """Ask again at once about alerts that `explained_by` found: what explained them is over. The caller holds them, and announces."""
    if explained:
        _ask_again(Alert.objects.filter(_HELD, pk__in=explained, status__in=OPEN, next_step_at__gt=at), at=at)


def _locked(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    return alerts.select_for_update(of=["self"], no_key=True).order_by("pk")


def _ask_again(held: QuerySet[Alert], *, at: datetime) -> int:
    """Make the next step of suppressed alerts due, and take back what their clocks were put off by."""
    early = F("next_step_at") - at
    return held.update(next_step_at=at, round_started_at=F("round_started_at") - early, deadline_at=F("deadline_at") - early)


def _hold_back(due: Sequence[Alert], *, at: datetime, ask: _Ask) -> Mapping[UUID, suppression.Hold]:
    """Put off the steps of suppressed alerts until the suppression ends, and their clocks with them; say so on each once."""
    held = ask(due, at=at)
    if held:
        holds = [{"id": pk, "until": hold.until, "reasons": hold.reasons} for pk, hold in held.items()]
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, {"at": at, "holds": to_json(holds).decode(), "grace": LAST_RESORT_GRACE_SECONDS})
    if freed := [alert.pk for alert in due if alert.suppressed_by and alert.pk not in held]:
        Alert.objects.filter(pk__in=freed).update(suppressed_by=[])
    entries = []
    for alert in due:
        reasons = list(held[alert.pk].reasons) if alert.pk in held else []
        if suppression.names(reasons) != suppression.names(alert.suppressed_by):
            kind = LogKind.SUPPRESSED if reasons else LogKind.RELEASED
            entries.append(record.Entry(alert.pk, kind, None, {"by": reasons or alert.suppressed_by}))
        alert.suppressed_by = reasons
    record.write(entries, at=at)
    return held


def _join_groups(alerts: Sequence[Alert], *, at: datetime) -> dict[UUID, datetime]:
    """Put the alerts into groups; those that follow are told at the group's next bundled update, which starts their clock."""
    waiting = grouping.join(alerts, at=at)
    if alerts:
        groups, told_at = [alert.group_id for alert in alerts], [waiting.get(alert.pk) for alert in alerts]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE alerts_alert SET group_id = joined.group_id, next_step_at = coalesce(joined.at, next_step_at),"
                " round_started_at = coalesce(joined.at, round_started_at), deadline_at = CASE WHEN joined.at > deadline_at"
                " THEN joined.at + %s * interval '1 s' ELSE deadline_at END"
                " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS joined (id, group_id, at) WHERE alerts_alert.id = joined.id",
                [LAST_RESORT_GRACE_SECONDS, [alert.pk for alert in alerts], groups, told_at],
            )
    return waiting


def _turn(alert: Alert, *, at: datetime) -> _Turn:
    plan = policies.plan_of(alert.policy)
    steps = plan.due(alert.step, start=alert.round_started_at, at=at)
    return _Turn(alert, plan, steps, alert.next_step_at or at)


def _mark_fresh(turns: Sequence[_Turn], *, at: datetime) -> None:
    """Claim the steps; a turn none of whose steps could be claimed was taken before and only moves on."""
    rows = [(turn.alert.pk, turn.alert.round, step, turn.due_at) for turn in turns for step in turn.steps]
    if not rows:
        return
    alerts, rounds, steps, due = (list(column) for column in zip(*rows, strict=True))
    claimed = set(prepared.run(_TAKE, [at, alerts, rounds, steps, due]))
    for turn in turns:
        turn.fresh = any((turn.alert.pk, turn.alert.round, step) in claimed for step in turn.steps)


def _tell(turns: Sequence[_Turn], *, at: datetime) -> None:
    """Write the messages: one order an alert, or one for all alerts of a group that take the same steps together."""
    bundles: dict[object, list[_Turn]] = defaultdict(list)
    for turn in turns:
        alert = turn.alert
        bundles[(alert.group_id, alert.policy_id, alert.round, turn.steps) if alert.is_bundled else alert.pk].append(turn)
    groups = list(bundles.values())
    flaps = flapping.announced([turn.alert for turn in turns], at=at)
    orders = [messages.step([turn.alert for turn in group], group[0].plan, group[0].steps, at=at, flaps=flaps) for group in groups]
    for group, told in zip(groups, dispatch.tell(orders, at=at), strict=True):
        for turn in group:
            turn.told = told
    flapping.begin([turn.alert for turn in turns if turn.alert.pk in flaps and turn.told.deliveries], at=at)


def _move_on(turns: Sequence[_Turn], *, at: datetime) -> None:
    if not turns:
        return
    following = []
    for turn in turns:
        sent = bool(turn.told.deliveries) or not turn.fresh
        told = sent or turn.alert.told > 0
        following.append(turn.plan.next_at(turn.last + 1, start=turn.alert.round_started_at, at=at, sent=sent, told=told))
    prepared.run(
        _MOVE_ON,
        [at, [turn.alert.pk for turn in turns], [turn.last + 1 for turn in turns], following,
         [turn.told.deliveries for turn in turns], [turn.unanswered for turn in turns],
         [_not_before(turn, at=at) for turn in turns]],
    )  # fmt: skip


def _not_before(turn: _Turn, *, at: datetime) -> datetime | None:
    """Before when an alert told late must not time out; None: it was told in time."""
    late = turn.told.deliveries and at - turn.due_at > OVERDUE
    return at + timedelta(seconds=LAST_RESORT_GRACE_SECONDS) if late else None


def _entries(turn: _Turn, *, at: datetime) -> list[record.Entry]:
    """What the record says of a turn: the steps skipped after an outage, then the step itself."""
    alert, step = turn.alert, turn.plan.step_at(turn.last)
    entries = []
    if len(turn.steps) > 1:
        entries.append(record.Entry(alert.pk, LogKind.SKIPPED, None, {"steps": list(turn.steps[:-1])}))
    kind = LogKind.STEP if turn.told.deliveries else LogKind.EMPTY_STEP
    if turn.unanswered:
        kind = LogKind.UNANSWERED
    late = max(0.0, (at - turn.due_at).total_seconds())
    detail = {"step": turn.last, "label": step.label, "urgency": step.urgency, "late_seconds": round(late, 3), **_evidence(turn.told)}
    return [*entries, record.Entry(alert.pk, kind, None, detail)]


def _evidence(told: Told) -> dict[str, object]:
    unreachable = [f"{who} {why}" for who, why in told.unreachable]
    evidence: dict[str, object] = {"recipients": list(told.recipients), "messages": told.deliveries, "unreachable": unreachable}
    if told.held:
        evidence["held"] = [f"{who} until {until:%Y-%m-%d %H:%M} UTC" for who, until in told.held]
    if told.bundled:
        evidence["bundled"] = list(told.bundled)
    return evidence
