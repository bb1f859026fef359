"""Proving that an address belongs to whoever claims it: a code goes there, and comes back.

A code is good for fifteen minutes, one address and five tries. How many are sent is bounded per owner: nobody uses
Sentinel to ring up a stranger again and again.
"""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications import codes, dispatch, transports
from notifications.book import in_words
from notifications.enums import Reason, Urgency
from notifications.message import Message
from notifications.models import ContactMethod, Notification, Recipient, RecipientGroup, Verification
from sentinel_site.lib import configuration
from sentinel_site.lib.problems import Problem, invalid

LIFETIME: Final = timedelta(minutes=15)
TRIES: Final = 5
AGAIN_AFTER: Final = timedelta(seconds=60)
WINDOW: Final = timedelta(hours=1)
MOST_PER_WINDOW: Final = 10
"""To all methods of one owner together, those deleted meanwhile too."""
_SPACES: Final = re.compile(r"[\s-]+")


def start(method: ContactMethod, *, at: datetime) -> Verification:
    """Send a code to ``method``; an earlier code is no longer good.

    Raises a Problem: 409 when nothing can be sent to it, 429 when codes are asked for too often.
    """
    if not method.active or method.disabled_at:
        raise Problem(409, _("Nothing is sent to this contact method: it is not active, or was switched off. Enable it first."))
    if why := transports.lacking(method):
        raise Problem(409, _("No code can be sent: %(why)s.") % {"why": in_words(why)})
    with transaction.atomic():
        _require_patience(method, at=at)
        nonce = secrets.token_hex(16)
        fields = {"nonce": nonce, "address_digest": method.address_digest, "started_at": at, "expires_at": at + LIFETIME, "attempts": 0}
        held, _created = Verification.objects.update_or_create(method=method, defaults=fields)
        message = Message(reason=Reason.CODE, urgency=Urgency.HIGH, priority=2, context={"nonce": nonce}, expires_at=held.expires_at)
        dispatch.tell_method(method, message, thread=_thread(method), key=f"verify:{method.pk}:{nonce}", at=at)
    return held


def confirm(method: ContactMethod, code: str, *, at: datetime) -> None:
    """Verify ``method`` with the ``code`` that was sent to it.

    Raises a Problem: 422 for a wrong code, 409 when there is none to compare with (expired, used up, never sent). A try
    counts before it is looked at, so that many at once are no more than five.
    """
    counted = Verification.objects.filter(method=method, expires_at__gt=at, attempts__lt=TRIES).update(attempts=F("attempts") + 1)
    held = Verification.objects.filter(method=method).first()
    if not counted or held is None or held.address_digest != method.address_digest:
        raise Problem(409, _("There is no code to compare with: it is too old, was tried too often, or was never sent. Ask for a new one."))
    if not hmac.compare_digest(_SPACES.sub("", code).encode(), codes.code_of(method, held.nonce).encode()):
        left = TRIES - held.attempts
        said = ngettext("is not the code that was sent; %(n)d try left", "is not the code that was sent; %(n)d tries left", left)
        raise invalid([(("body", "code"), said % {"n": left})])
    with transaction.atomic():
        if not Verification.objects.filter(pk=held.pk, nonce=held.nonce).delete()[0]:
            raise Problem(409, _("This code was used, or replaced by a new one, a moment ago."))
        unchanged = ContactMethod.objects.filter(pk=method.pk, address_digest=held.address_digest)
        with configuration.changing(unchanged):
            unchanged.update(verified=True, proved_at=at)
    method.refresh_from_db(fields=["verified", "proved_at"])


def _require_patience(method: ContactMethod, *, at: datetime) -> None:
    """Raise a 429 Problem when codes are sent too often. Requests for one owner wait for each other."""
    owner: type[Recipient] | type[RecipientGroup] = Recipient if method.recipient_id else RecipientGroup
    owner._default_manager.select_for_update(no_key=True).filter(contact_methods=method).first()
    sent = Notification.objects.filter(
        recipient=method.recipient_id, group=method.group_id, reason=Reason.CODE, created_at__gt=at - WINDOW
    )  # fmt: skip
    times = sorted(sent.order_by().values_list("created_at", "thread"))
    last = max((when for when, thread in times if thread == _thread(method)), default=None)
    if last and at - last < AGAIN_AFTER:
        raise _too_often(_("A code was sent less than a minute ago."), until=last + AGAIN_AFTER, at=at)
    if len(times) >= MOST_PER_WINDOW:
        raise _too_often(
            _("%(n)s codes were sent within the hour.") % {"n": MOST_PER_WINDOW}, until=times[-MOST_PER_WINDOW][0] + WINDOW, at=at
        )


def _too_often(why: str, *, until: datetime, at: datetime) -> Problem:
    seconds = max(1, int((until - at).total_seconds()) + 1)
    again = ngettext("Try again in %(n)d second.", "Try again in %(n)d seconds.", seconds) % {"n": seconds}
    return Problem(429, f"{why} {again}", headers={"Retry-After": str(seconds)})


def _thread(method: ContactMethod) -> str:
    return f"verify:{method.pk}"
