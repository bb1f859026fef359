"""Making, changing and ending silences and inhibitions, so that what they held is asked about again at once."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from alerts import escalation
from alerts.models import Inhibition, Silence

INSTANT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


def check(silence: Silence, *, at: datetime) -> None:
    """Raises ValidationError, besides what the model refuses, when it would hold nothing, or begin anew.

    What began keeps its beginning: the eight hours for a P1 and the seven days count from there.
    """
    if silence.ends_at <= at:
        raise ValidationError({"ends_at": _("It ends in the past, and would hold nothing back. To end a silence now, delete it.")})
    known = None if silence._state.adding else Silence.objects.filter(pk=silence.pk).first()
    if known is None or known.starts_at > at:
        return
    if abs(known.starts_at - silence.starts_at) >= SECOND:
        raise ValidationError({"starts_at": _("It has begun, and keeps its beginning. End it, and make a new one.")})
    silence.starts_at = known.starts_at


def save(suppression: Silence | Inhibition, *, by: AbstractBaseUser | AnonymousUser | None, at: datetime) -> None:
    """Store it. Whatever it held back and now does not is told at once. A new silence gets ``by`` as its author."""
    if isinstance(suppression, Silence) and suppression._state.adding:
        suppression.author_id = by.pk if by else None
    if isinstance(suppression, Silence):
        suppression.digested_at = None
    with transaction.atomic():
        _alerts_first(suppression, at=at)
        suppression.save()
        escalation.release(str(suppression.pk), at=at)


def end(silence: Silence, *, at: datetime) -> None:
    """End it now; it stays in the list, with its hits. One that is over is left alone, one that has not begun is deleted.

    Except for the next occurrence of a maintenance window: that stays, as ended, or it would be made again.
    """
    if silence.starts_at < at or silence.window_id is not None:
        expire(silence, at=at)
        return
    held_by = str(silence.pk)
    with transaction.atomic():
        silence.delete()
        escalation.release(held_by, at=at)  # by another clock it may have begun


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
        _alerts_first(inhibition, at=at)
        inhibition.delete()
        escalation.release(held_by, at=at)


def _alerts_first(suppression: Silence | Inhibition, *, at: datetime) -> None:
    """Lock what an inhibition holds before its row: in this order a sweep does, which counts its hits."""
    if isinstance(suppression, Inhibition) and not suppression._state.adding:
        escalation.release(str(suppression.pk), at=at)
