"""People who cannot be told, addresses that nobody proved, and stretches in which nobody is on call."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from alerts import reachability
from alerts.linting.finding import Finding, Level, things
from alerts.linting.setup import Setup
from alerts.models import EscalationPolicy, PolicyStep
from alerts.reachability import Span
from notifications import duty, proofs, reach
from notifications.models import ContactMethod, OnCallSchedule

SHOWN = 10
"""So many of a kind are named; the rest is counted."""


def find(setup: Setup, *, at: datetime) -> Iterator[Finding]:
    """Everything that keeps people from being told in the next days."""
    yield from gaps(at=at)
    yield from _schedules(setup, at=at)
    yield from _unreached()
    yield from _unverified()
    yield from _unproved(at=at)


def gaps(*, at: datetime) -> Iterator[Finding]:
    """The stretches in which a P1 would reach nobody."""
    found = reachability.gaps(since=at, until=at + timedelta(days=reachability.DAYS))
    policies = {policy.name: policy for policy in EscalationPolicy.objects.filter(name__in={gap.policy for gap in found})}
    for gap in found[:SHOWN]:
        text = f"A P1 under the policy {gap.policy} would reach nobody {_when(gap.span)}: {'; '.join(gap.why)}."
        about = things(policies[gap.policy]) if gap.policy in policies else ()
        level = Level.ERROR if gap.span.since <= at else Level.WARNING
        yield Finding("nobody-reachable", level, text, "Put somebody on call, or name a last resort who can always be told.", about)


def _schedules(setup: Setup, *, at: datetime) -> Iterator[Finding]:
    """The stretches in which a schedule that a policy in use names has nobody on call."""
    alone = _alone(setup)
    until = at + timedelta(days=reachability.DAYS)
    rows = list(duty.schedules().filter(pk__in=alone).order_by("name"))
    shifts = duty.shifts(rows, since=at, until=until)
    for row in rows:
        empty = reachability.rest(Span(at, until), [Span(shift.starts_at, shift.ends_at) for shift in shifts[str(row.pk)]])
        if empty:
            more = f", and {len(empty) - 1} more times in the next {reachability.DAYS} days" if len(empty) > 1 else ""
            text = f"The schedule {row} has nobody on call {_when(empty[0])}{more}."
            level = Level.WARNING if alone[row.pk] else Level.NOTICE
            yield Finding("schedule-gap", level, text, "Add a layer beneath, or an override.", things(row))


def _alone(setup: Setup) -> dict[UUID, bool]:
    """The schedules that policies in use name, and whether a step rests on nobody else."""
    found: dict[UUID, bool] = {}
    for policy in setup.policies:
        if policy.pk in setup.used:
            named: list[tuple[list[OnCallSchedule], bool]] = [_named(step) for step in policy.steps.all()]
            others = [*policy.last_resort_groups.all(), *policy.last_resort_recipients.all()]
            named.append((list(policy.last_resort_schedules.all()), bool(others)))
            for schedules, has_others in named:
                found |= {each.pk: found.get(each.pk, False) or not (has_others or len(schedules) > 1) for each in schedules}
    return found


def _named(step: PolicyStep) -> tuple[list[OnCallSchedule], bool]:
    return list(step.schedules.all()), bool(step.groups.all() or step.recipients.all())


def _unreached() -> Iterator[Finding]:
    for person, why in reach.unreached(limit=SHOWN):
        text = f"{person} cannot be told anything: {person} {why}."
        yield Finding(
            "person-unreachable", Level.WARNING, text, "Add a contact method, verify it, and send a test message.", things(person)
        )


def _unverified() -> Iterator[Finding]:
    """The addresses of people who have another that works: nobody notices that this one is never used."""
    found = ContactMethod.objects.filter(active=True, verified=False).exclude(recipient__active=False)
    waiting = found.select_related("recipient", "group").defer("address", "secret").order_by("id")
    for method in waiting[:SHOWN]:
        text = f"{method} of {method.recipient or method.group} is not verified, so nothing is sent to it."
        fix = "Enter the code that is sent to it, or delete it."
        yield Finding("method-unverified", Level.NOTICE, text, fix, things(method))


def _unproved(*, at: datetime) -> Iterator[Finding]:
    stale = proofs.unproved(at=at)
    for method in stale[:SHOWN]:
        since = f"since {method.proved_at:%Y-%m-%d}" if method.proved_at else "ever"
        text = f"Nothing has proved {since} that {method} reaches {method.recipient or method.group}."
        yield Finding("method-unproved", Level.WARNING, text, "Send a test message, or ask them.", things(method))
    if stale[SHOWN : SHOWN + 1]:
        text = f"{stale.count() - SHOWN} more contact methods were not proved for long."
        yield Finding("method-unproved", Level.WARNING, text, "See the list of contact methods, filtered by proof.")


def _when(span: Span) -> str:
    return f"from {span.since:%Y-%m-%d %H:%M} to {span.until:%Y-%m-%d %H:%M} UTC"
