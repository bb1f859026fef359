"""Silences and inhibitions that hold nothing back. How long a silence may last the database says."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count
from django.utils.translation import gettext as _

from alerts.linting import logic
from alerts.linting.finding import Finding, Level, things
from alerts.linting.setup import Setup, read_matchers, written
from alerts.models import Inhibition, Silence
from sentinel_site.lib.matchers import Matcher

QUIET: Final = timedelta(days=1)
"""One in force for so long without holding anything back may not match what it was made for."""
MOST: Final = 1000


def find(setup: Setup, *, at: datetime) -> Iterator[Finding]:
    """Everything that is wrong with what holds alerts back at ``at`` or later."""
    for silence in Silence.objects.filter(ends_at__gt=at).annotate(held=Count("holds")).order_by("ends_at", "id")[:MOST]:
        yield from _silence(silence, setup, at=at)
    for rule in Inhibition.objects.filter(enabled=True).order_by("name"):
        yield from _inhibition(rule, setup)


def _silence(silence: Silence, setup: Setup, *, at: datetime) -> Iterator[Finding]:
    why = _idle(silence.matchers, setup)
    if why:
        text = _("The silence “%(silence)s” holds nothing back: %(why)s.") % {"silence": silence, "why": why}
        yield Finding("silence-without-effect", Level.WARNING, text, _("Correct what it matches, or end it."), things(silence))
    elif silence.starts_at <= at - QUIET and silence.hits == 0:
        since = f"{silence.starts_at:%Y-%m-%d %H:%M} UTC"
        said = _("The silence “%(silence)s” has been in force since %(since)s and has held nothing back.")
        text = said % {"silence": silence, "since": since}
        yield Finding(
            "silence-without-hits", Level.NOTICE, text, _("See whether it matches what it was made for, or end it."), things(silence)
        )


def _inhibition(rule: Inhibition, setup: Setup) -> Iterator[Finding]:
    source, target = read_matchers(rule.source_matchers), read_matchers(rule.target_matchers)
    why = _never_open(source, setup) or _idle(rule.target_matchers, setup)
    if not why and source and target and _alike(source, target, setup):
        why = _("its source and its target are the same alerts, and such alerts do not hold each other back")
    if why:
        text = _("The inhibition “%(rule)s” holds nothing back: %(why)s.") % {"rule": rule, "why": why}
        yield Finding("inhibition-without-effect", Level.WARNING, text, _("Correct its matchers, or delete it."), things(rule))


def _alike(some: Sequence[Matcher], others: Sequence[Matcher], setup: Setup) -> bool:
    domain = setup.open_domain
    return logic.imply_all(some, others, domain) and logic.imply_all(others, some, domain)


def _never_open(conditions: Sequence[Matcher] | None, setup: Setup) -> str:
    if conditions is None:
        return _("a matcher of its source cannot be read")
    against = logic.impossible(conditions, setup.open_domain)
    return _("its source can never be: no alert fulfils %(what)s") % {"what": written(against)} if against else ""


def _idle(texts: Sequence[str], setup: Setup) -> str:
    """Why nothing that these matchers name is ever held back; empty when something may be."""
    conditions = read_matchers(texts)
    if conditions is None:
        return _("a matcher cannot be read")
    against = logic.impossible(conditions, setup.open_domain)
    if against:
        return _("no alert fulfils %(what)s") % {"what": written(against)}
    sources = logic.values(conditions, "source", setup.open_domain) or []
    if setup.life_safety.issuperset(sources):
        return _("it names only sources on which lives depend, and those are never held back")
    return ""
