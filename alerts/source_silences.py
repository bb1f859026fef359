"""Silencing one source for some minutes, as a script does around its work; said again, it lasts longer."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction

from alerts import silences
from alerts.enums import SILENCE_LONGEST, SilenceOrigin
from alerts.models import Silence, Source


class SourceSilenceError(ValueError):
    """This source is not silenced; the text says why."""


class LifeSafetyError(SourceSilenceError):
    """Lives depend on the source."""


class Silenced(NamedTuple):
    """The silence, and whether there was one already that now lasts longer."""

    silence: Silence
    extended: bool


@transaction.atomic
def begin(slug: str, *, minutes: int, reason: str, by: AbstractBaseUser | AnonymousUser, at: datetime) -> Silenced:
    """Silence the source for ``minutes`` from ``at``.

    A silence that ``by`` began like this and that still runs is made longer, never shorter.
    Raises Source.DoesNotExist, SourceSilenceError.
    """
    source = Source.objects.select_for_update(no_key=True).get(slug=slug)  # two calls at once make one silence
    if source.life_safety:
        raise LifeSafetyError(f"Lives depend on the source {slug}: nothing holds its alerts back, and no silence was made.")
    until = at + timedelta(minutes=minutes)
    running = Silence.objects.filter(
        origin=SilenceOrigin.SCRIPT, matchers=[_matcher(slug)], author_id=by.pk, starts_at__lte=at, ends_at__gt=at
    ).order_by("-ends_at")
    silence = running.first() or Silence(matchers=[_matcher(slug)], starts_at=at, ends_at=until, origin=SilenceOrigin.SCRIPT)
    extended = not silence._state.adding
    silence.reason, silence.ends_at = reason, max(silence.ends_at, until)
    if silence.ends_at - silence.starts_at > SILENCE_LONGEST:
        raise SourceSilenceError(f"It is silenced since {silence.starts_at:%Y-%m-%d %H:%M} UTC, and a silence lasts 7 days at the most.")
    silences.save(silence, by=by, at=at)
    return Silenced(silence, extended)


def _matcher(slug: str) -> str:
    return f'source="{slug}"'
