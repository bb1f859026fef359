"""Subscriptions as REST writes and shows them. Address and secret go in and never come out."""

import re
from typing import Annotated, Any, Final

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from pydantic import BaseModel, Field, StringConstraints

from alerts import describe, subscriptions
from alerts.config import Matcher, Name
from alerts.enums import EventFormat, Happening
from alerts.models import Subscription
from alerts.models.subscription import usual_happenings
from notifications import methods
from notifications.enums import Transport
from sentinel_site.lib.crud import STRICT
from sentinel_site.lib.problems import invalid

SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{16,200}={0,2}", re.A)
UNUSABLE: Final = gettext_noop("is not a signing secret; write whsec_ and at least 12 random bytes in base64, or leave it out")


class SubscriptionForm(BaseModel):
    """Where the live feed's events go. ``url`` and ``secret`` are needed for a new one and left out where they stay."""

    model_config = STRICT

    name: Name
    url: Annotated[str | None, StringConstraints(min_length=1, max_length=4096, strip_whitespace=True)] = None
    secret: Annotated[str | None, StringConstraints(max_length=300)] = None
    kinds: Annotated[list[Happening], Field(max_length=20, description="Empty: everything.")] = Field(
        default_factory=lambda: [Happening(each) for each in usual_happenings()]
    )
    matchers: Annotated[list[Matcher], Field(max_length=20, description="Empty: every alert.")] = Field(default_factory=list)
    format: EventFormat = EventFormat.STRUCTURED
    enabled: bool = True


class SubscriptionShape(BaseModel):
    """A subscription, and how far it has got: ``waiting`` counts events it has not dealt with, wanted or not."""

    id: str
    name: str
    address: str
    kinds: list[str]
    matchers: list[str]
    format: str
    enabled: bool
    state: str
    cursor: int
    waiting: int
    sent: int
    lost: int
    failures: int
    failing_since: str | None
    sent_at: str | None
    next_attempt_at: str | None
    last_error: str | None


class StartForm(BaseModel):
    """After which event to go on; null: after the newest one."""

    model_config = STRICT

    after: Annotated[int | None, Field(ge=0, lt=2**63)]


def rows() -> QuerySet[Subscription]:
    """Subscriptions."""
    return Subscription.objects.all()


def describe_subscription(subscription: Subscription) -> dict[str, Any]:
    """A subscription as api.md shows it: its address masked, its secret left out."""
    return {
        "id": str(subscription.pk),
        "name": subscription.name,
        "address": subscription.masked,
        "kinds": subscription.kinds,
        "matchers": subscription.matchers,
        "format": subscription.format,
        "enabled": subscription.enabled,
        "state": subscription.state,
        "cursor": subscription.cursor,
        "waiting": subscriptions.waiting(subscription),
        "sent": subscription.sent,
        "lost": subscription.lost,
        "failures": subscription.failures,
        "failing_since": describe.instant(subscription.failing_since),
        "sent_at": describe.instant(subscription.sent_at),
        "next_attempt_at": describe.instant(subscription.next_attempt_at),
        "last_error": subscription.last_error or None,
    }


def save_subscription(subscription: Subscription, form: SubscriptionForm, _by: User) -> None:
    """Write ``form`` onto ``subscription``. Raises a 422 Problem for an address or a secret that cannot be used."""
    if form.url is None and subscription._state.adding:
        raise invalid([(("body", "url"), "is needed: the address that events are posted to")])
    if form.secret is None and subscription._state.adding:
        raise invalid([(("body", "secret"), "is needed: whsec_ and at least 12 random bytes in base64; the receiver has to know it, too")])
    if form.secret is not None and not SECRET.fullmatch(form.secret):
        raise invalid([(("body", "secret"), UNUSABLE)])
    try:
        subscription.url = methods.written(Transport.WEBHOOK, form.url or subscription.url)
    except ValueError as error:
        raise invalid([(("body", "url"), str(error))]) from None
    subscription.secret = form.secret or subscription.secret
    for name, value in form.model_dump(exclude={"url", "secret"}).items():
        setattr(subscription, name, value)
    subscription.full_clean()
    subscriptions.save(subscription)
