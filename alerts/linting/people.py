"""People who cannot be told, addresses that nobody proved, and stretches in which nobody is on call."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts import reachability
from alerts.linting.finding import Finding, Level, things
from alerts.linting.setup import Setup
from alerts.models import EscalationPolicy, PolicyStep
from alerts.reachability import Span
from notifications import duty, proofs, reach
from notifications.book import in_words
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
        said = _("A P1 under the policy %(policy)s would reach nobody %(when)s: %(why)s.")
        text = said % {"policy": gap.policy, "when": _when(gap.span), "why": _("; ").join(gap.why)}
        about = things(policies[gap.policy]) if gap.policy in policies else ()
        level = Level.ERROR if gap.span.since <= at else Level.WARNING
        fix = _("Put somebody on call, or name a last resort who can always be told.")
        yield Finding("nobody-reachable", level, text, fix, about)


def _schedules(setup: Setup, *, at: datetime) -> Iterator[Finding]:
    """The stretches in which a schedule that a policy in use names has nobody on call."""
    alone = _alone(setup)
    until = at + timedelta(days=reachability.DAYS)
    rows = list(duty.schedules().filter(pk__in=alone).order_by("name"))
    shifts = duty.shifts(rows, since=at, until=until)
    for row in rows:
        empty = reachability.rest(Span(at, until), [Span(shift.starts_at, shift.ends_at) for shift in shifts[str(row.pk)]])
        if empty:
            text = _("The schedule %(schedule)s has nobody on call %(when)s.") % {"schedule": row, "when": _often(empty)}
            level = Level.WARNING if alone[row.pk] else Level.NOTICE
            yield Finding("schedule-gap", level, text, _("Add a layer beneath, or an override."), things(row))


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
        text = _("%(person)s cannot be told anything: %(person)s %(why)s.") % {"person": person, "why": in_words(why)}
        fix = _("Add a contact method, verify it, and send a test message.")
        yield Finding("person-unreachable", Level.WARNING, text, fix, things(person))


def _unverified() -> Iterator[Finding]:
    """The addresses of people who have another that works: nobody notices that this one is never used."""
    found = ContactMethod.objects.filter(active=True, verified=False).exclude(recipient__active=False)
    waiting = found.select_related("recipient", "group").defer("address", "secret").order_by("id")
    for method in waiting[:SHOWN]:
        said = _("%(method)s of %(owner)s is not verified, so nothing is sent to it.")
        text = said % {"method": method, "owner": method.recipient or method.group}
        fix = _("Enter the code that is sent to it, or delete it.")
        yield Finding("method-unverified", Level.NOTICE, text, fix, things(method))


def _unproved(*, at: datetime) -> Iterator[Finding]:
    stale = proofs.unproved(at=at)
    for method in stale[:SHOWN]:
        said = _("Nothing has proved since %(day)s that %(method)s reaches %(owner)s.")
        said = said if method.proved_at else _("Nothing has proved ever that %(method)s reaches %(owner)s.")
        day = f"{method.proved_at:%Y-%m-%d}" if method.proved_at else ""
        text = said % {"day": day, "method": method, "owner": method.recipient or method.group}
        yield Finding("method-unproved", Level.WARNING, text, _("Send a test message, or ask them."), things(method))
    if stale[SHOWN : SHOWN + 1]:
        more = stale.count() - SHOWN
        said = ngettext("%(n)d more contact method was not proved for long.", "%(n)d more contact methods were not proved for long.", more)
        yield Finding("method-unproved", Level.WARNING, said % {"n": more}, _("See the list of contact methods, filtered by proof."))


def _when(span: Span) -> str:
    return _("from %(since)s to %(until)s") % {"since": f"{span.since:%Y-%m-%d %H:%M}", "until": f"{span.until:%Y-%m-%d %H:%M} UTC"}


def _often(empty: Sequence[Span]) -> str:
    """The first of the stretches, and how many more there are."""
    if len(empty) == 1:
        return _when(empty[0])
    more = len(empty) - 1
    said = ngettext(
        "%(when)s, and %(n)d more time in the next %(days)d days", "%(when)s, and %(n)d more times in the next %(days)d days", more
    )
    return said % {"when": _when(empty[0]), "n": more, "days": reachability.DAYS}
