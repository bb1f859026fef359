"""Rows for tests, made the short way."""

from datetime import date, datetime

from alerts import intake
from alerts.folding import NewReport
from alerts.models import Alert, EscalationPolicy, PolicyStep, Route, Source
from notifications.models import ContactMethod, OnCallSchedule, Recipient, RecipientGroup


def make_recipient(name="Robin Vale", *, groups=(), email=None, **fields) -> Recipient:
    """A recipient with one verified e-mail address, in ``groups`` (slugs, made when missing)."""
    recipient = Recipient.objects.create(name=name, **fields)
    address = email or f"{name.lower().replace(' ', '.')}@example.org"
    make_method(recipient, address=address)
    for slug in groups:
        RecipientGroup.objects.get_or_create(slug=slug, defaults={"name": slug})[0].members.add(recipient)
    return recipient


def make_method(owner, *, kind="email", address="robin@example.org", **fields) -> ContactMethod:
    """A verified contact method of a recipient or a group."""
    place = {"group": owner} if isinstance(owner, RecipientGroup) else {"recipient": owner}
    return ContactMethod.objects.create(kind=kind, address=address, **{"verified": True, **place, **fields})


def make_schedule(name="Nights", *members, **fields) -> OnCallSchedule:
    """A schedule with one layer in which ``members`` (recipients) take turns of a week from Monday 2026-01-05, 09:00 UTC."""
    layer = {"kind": "weekly", "starts_on": date(2026, 1, 5), **fields.pop("layer", {})}
    schedule = OnCallSchedule.objects.create(name=name, **fields)
    rotation = schedule.rotations.create(name="base", **layer)
    for position, member in enumerate(members):
        rotation.members.create(recipient=member, position=position)
    return schedule


def make_policy(name="Calls", *steps, groups=("oncall",), last_resort=(), **fields) -> EscalationPolicy:
    """A policy with a step per delay (seconds) in ``steps``, each to ``groups``; one step at 0 when none is given."""
    policy = EscalationPolicy.objects.create(name=name, **fields)
    for delay in steps or (0,):
        step = PolicyStep.objects.create(policy=policy, delay_seconds=delay, label=f"after {delay}")
        step.groups.set([RecipientGroup.objects.get_or_create(slug=slug, defaults={"name": slug})[0] for slug in groups])
    policy.last_resort_groups.set([RecipientGroup.objects.get_or_create(slug=slug, defaults={"name": slug})[0] for slug in last_resort])
    return policy


def make_source(slug="probe", *, policy=None, **fields) -> Source:
    """A source that does not group, and the catch-all route if there is none yet."""
    source = Source.objects.create(slug=slug, name=fields.pop("name", slug.title()), **{"group_attributes": [], **fields})
    if not Route.objects.filter(catch_all=True).exists():
        Route.objects.create(catch_all=True, policy=policy or EscalationPolicy.objects.first() or make_policy())
    return source


def report(source="probe", title="Something is wrong", **fields) -> NewReport:
    """A report ready for intake."""
    return NewReport(source=source, title=title, **fields)


def raise_alert(*, at: datetime, **fields) -> Alert:
    """Take one report in and return its alert."""
    (outcome,) = intake.accept([report(**fields)], at=at)
    return Alert.objects.select_related("source", "policy", "group").get(pk=outcome.alert_id)
