"""The phones that the app registers for push."""

from datetime import datetime
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from notifications import web_push
from notifications.enums import Platform, PushKind, Transport
from notifications.models import ContactMethod, Recipient
from sentinel_site.lib import configuration, crypto
from sentinel_site.lib.problems import Problem, invalid

MOST: Final = 20
"""So many phones and browsers one person may have."""


def register(
    user: AbstractBaseUser, token: str, *, platform: str, label: str = "", at: datetime, kind: str = PushKind.TOKEN
) -> tuple[ContactMethod, bool]:
    """The phone with ``token`` as a contact method of ``user``, and whether it is new.

    The user becomes a recipient when it is none yet. The app proves by asking that the phone is the user's: the method is
    verified, and enabled again if it was disabled. A phone that belonged to somebody else belongs to this user from now on.
    A browser's token is its subscription (web_push.py). Raises a Problem: 422 for one that is none, 409 beyond MOST of them.
    """
    token, kind, platform = _read(token, kind, platform)
    digest = crypto.digest(token, purpose="address")
    fields = {"platform": platform, "label": label[:80], "push_kind": kind, "active": True, "disabled_at": None, "disabled_reason": ""}
    with transaction.atomic():
        recipient = _recipient(user)
        mine = ContactMethod.objects.filter(kind=Transport.PUSH, address_digest=digest)
        mine.exclude(recipient=recipient).delete()
        others = ContactMethod.objects.filter(recipient=recipient, kind=Transport.PUSH).exclude(address_digest=digest)
        if others.count() >= MOST and not mine.filter(recipient=recipient).exists():
            raise Problem(409, _("You have %(n)s phones and browsers already. Remove one that you do not use any more.") % {"n": MOST})
        method, created = ContactMethod.objects.get_or_create(
            recipient=recipient, kind=Transport.PUSH, address_digest=digest, defaults={"address": token, "verified": True, **fields}
        )
        if not created:
            with configuration.changing(ContactMethod.objects.filter(pk=method.pk)):
                ContactMethod.objects.filter(pk=method.pk).update(verified=True, **fields)
            method.refresh_from_db()
    return method, created


def unregister(user: AbstractBaseUser, token: str) -> bool:
    """Forget the phone. False: the user has no such phone."""
    token, *_kind = _read(token, "", "")
    digest = crypto.digest(token, purpose="address")
    deleted, _ = ContactMethod.objects.filter(recipient__user_id=user.pk, kind=Transport.PUSH, address_digest=digest).delete()
    return deleted > 0


def _read(token: str, kind: str, platform: str) -> tuple[str, str, str]:
    """The address of ``token``, its kind, and its platform. Raises a 422 Problem."""
    if not web_push.is_subscription(token):
        return token, kind, platform
    try:
        return web_push.written(token), PushKind.WEB, Platform.WEB
    except ValueError as error:
        raise invalid([(("body", "token"), str(error))]) from None


def _recipient(user: AbstractBaseUser) -> Recipient:
    """The user's recipient, made when there is none; two requests at once make one."""
    found = Recipient.objects.filter(user_id=user.pk).first()
    if found:
        return found
    full_name: str = user.get_full_name() if hasattr(user, "get_full_name") else ""
    try:
        with transaction.atomic():
            return Recipient.objects.create(user_id=user.pk, name=(full_name or user.get_username())[:120])
    except IntegrityError:
        return Recipient.objects.get(user_id=user.pk)
