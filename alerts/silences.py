"""Making, changing and ending silences and inhibitions, so that what they held is asked about again at once."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction

from alerts import escalation
from alerts.models import Inhibition, Silence

INSTANT = timedelta(microseconds=1)


def save(suppression: Silence | Inhibition, *, by: AbstractBaseUser | AnonymousUser | None, at: datetime) -> None:
    """Store it. Whatever it held back and now does not is told at once. A new silence gets ``by`` as its author."""
    if isinstance(suppression, Silence) and suppression._state.adding:
        suppression.author_id = by.pk if by else None
    with transaction.atomic():
        suppression.save()
        escalation.release(str(suppression.pk), at=at)


def end(silence: Silence, *, at: datetime) -> None:
    """End it now; it stays in the list, with its hits. One that has not begun is deleted, one that is over is left alone."""
    with transaction.atomic():
        if silence.starts_at >= at:
            silence.delete()
        elif silence.ends_at > at:
            silence.ends_at = at
            silence.save(update_fields=["ends_at", "changed_at"])
        escalation.release(str(silence.pk), at=at)


def expire(silence: Silence, *, at: datetime) -> None:
    """End it now and keep it in the list, even if it has not begun."""
    with transaction.atomic():
        if silence.ends_at > at:
            silence.starts_at, silence.ends_at = min(silence.starts_at, at - INSTANT), at
            silence.save(update_fields=["starts_at", "ends_at", "changed_at"])
        escalation.release(str(silence.pk), at=at)


def remove(inhibition: Inhibition, *, at: datetime) -> None:
    """Delete it; whatever it held back is told at once."""
    held_by = str(inhibition.pk)
    with transaction.atomic():
        inhibition.delete()
        escalation.release(held_by, at=at)
