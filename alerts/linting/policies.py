"""Policies and steps that reach nobody, or are never reached."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from alerts.linting.finding import Finding, Level, things
from alerts.linting.setup import Setup
from alerts.models import EscalationPolicy, PolicyStep
from notifications import transports
from notifications.models import ContactMethod, OnCallSchedule, Recipient, RecipientGroup
from sentinel_site.lib.ages import precise


def find(setup: Setup) -> Iterator[Finding]:
    """Everything that is wrong with the policies of ``setup``."""
    for policy in setup.policies:
        used = policy.pk in setup.used
        yield from _reach(policy, used=used)
        yield from _time(policy)
        if not used:
            text = _("The policy %(policy)s is not used: no route that is enabled and no source names it.") % {"policy": policy}
            yield Finding("policy-unused", Level.NOTICE, text, _("Use it in a route, or delete it."), things(policy))


def _reach(policy: EscalationPolicy, *, used: bool) -> Iterator[Finding]:
    steps = list(policy.steps.all())
    empty = [str(step) for step in steps if not _step_reaches(step)]
    if len(empty) == len(steps):
        text = _("The policy %(policy)s reaches nobody.") % {"policy": policy}
        fix = _("Put recipients with a working contact method into its groups.")
        yield Finding("policy-reaches-nobody", Level.ERROR if used else Level.WARNING, text, fix, things(policy))
    elif empty:
        text = _("The policy %(policy)s has steps that reach nobody: %(steps)s.") % {"policy": policy, "steps": ", ".join(empty)}
        yield Finding("step-reaches-nobody", Level.WARNING, text, _("Name somebody with a working contact method."), things(policy))
    if used and not _last_reaches(policy):
        text = _("The last resort of the policy %(policy)s reaches nobody: who answers when nobody did?") % {"policy": policy}
        yield Finding("last-resort-reaches-nobody", Level.NOTICE, text, _("Name a group or a person as its last resort."), things(policy))


def _time(policy: EscalationPolicy) -> Iterator[Finding]:
    steps, expires = list(policy.steps.all()), policy.expires_after_seconds
    late = [step for step in steps if step.delay_seconds >= expires]
    if late:
        named = ", ".join(_("“%(name)s”") % {"name": step} for step in late)
        said = _("The policy %(policy)s never comes to %(steps)s: an unanswered alert expires after %(span)s.")
        text = said % {"policy": policy, "steps": named, "span": precise(expires)}
        yield Finding("step-unreached", Level.WARNING, text, _("Let it expire later, or take the step earlier."), things(policy))
    last = max((step.delay_seconds for step in steps), default=0) + policy.last_resort_after_seconds
    if not late and last >= expires:
        said = _("The policy %(policy)s expires after %(span)s, before its last resort is told (%(last)s).")
        text = said % {"policy": policy, "span": precise(expires), "last": precise(last)}
        yield Finding(
            "last-resort-unreached", Level.WARNING, text, _("Let it expire later, or tell the last resort earlier."), things(policy)
        )


def _step_reaches(step: PolicyStep) -> bool:
    return _reaches(step.groups.all(), step.recipients.all(), step.schedules.all(), kinds=step.kinds)


def _last_reaches(policy: EscalationPolicy) -> bool:
    groups, people, schedules = policy.last_resort_groups.all(), policy.last_resort_recipients.all(), policy.last_resort_schedules.all()
    return _reaches(groups, people, schedules)


def _reaches(
    groups: Iterable[RecipientGroup], people: Iterable[Recipient], schedules: Iterable[OnCallSchedule], *, kinds: Iterable[str] = ()
) -> bool:
    """Whether anybody named, or taking turns, can be told: a person by any method they have, a group's own by the kinds wanted."""
    everyone = [*people, *(member for group in groups for member in group.members.all())]
    everyone += [member.recipient for each in schedules for rotation in each.rotations.all() for member in rotation.members.all()]
    wanted = set(kinds)
    return any(works(method) for person in everyone if person.active for method in person.contact_methods.all()) or any(
        works(method) and (not wanted or method.kind in wanted) for group in groups for method in group.contact_methods.all()
    )


def works(method: ContactMethod) -> bool:
    """Whether a message may be sent to it, and its transport can."""
    return method.usable and not transports.unready(method)
