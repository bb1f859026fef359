"""Other systems that hear of every change: what they want to hear, and how far they have got."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alerts.enums import EventFormat, Happening
from alerts.models.suppression import check_matchers
from notifications.models.people import mask
from sentinel_site.lib import crypto
from sentinel_site.lib.ids import uuid7


def usual_happenings() -> list[str]:
    """The course of an alert, without what happens in between."""
    return [str(each) for each in (Happening.FIRED, Happening.ACKED, Happening.UNANSWERED, Happening.RESOLVED, Happening.EXPIRED)]


def check_unless_empty(texts: list[str]) -> None:
    """Validator: every text is a matcher."""
    if texts:
        check_matchers(texts)


class Subscription(models.Model):
    """An address that is sent the live feed's events, in their order, each at least once. Written by subscriptions.py alone.

    ``cursor`` is the last event that is dealt with: sent, not wanted, or no longer kept when its turn came. One runner at a time
    holds the row, by a lease.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(
        _("name"), max_length=120, unique=True, help_text=_("Which system it is, so that others know what breaks when it is switched off.")
    )
    url = crypto.EncryptedTextField(_("url"), help_text=_("Where events are posted to."))
    secret = crypto.EncryptedTextField(_("secret"), help_text=_("The key that signs them (whsec_...)."))
    kinds = ArrayField(
        models.CharField(max_length=12, choices=Happening.choices),
        verbose_name=_("kinds"),
        default=usual_happenings,
        blank=True,
        help_text=_("Empty: everything."),
    )
    matchers = ArrayField(
        models.CharField(max_length=500), verbose_name=_("matchers"), default=list, blank=True, validators=[check_unless_empty],
        help_text=_('For example source=probe or room=~"1.*". All of them must hold. Empty: every alert.'),
    )  # fmt: skip
    format = models.CharField(
        _("format"),
        max_length=12,
        choices=EventFormat.choices,
        default=EventFormat.STRUCTURED,
        help_text=_("One event a request is the simplest to receive; batches are for many."),
    )
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Switched off, events wait for as long as they are kept."))
    created_at = models.DateTimeField(auto_now_add=True)

    cursor = models.BigIntegerField(default=0, editable=False)
    sent = models.BigIntegerField(_("sent"), default=0, editable=False, help_text=_("Events that it took."))
    lost = models.BigIntegerField(
        _("lost"), default=0, editable=False, help_text=_("Events that were no longer kept when their turn came.")
    )
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="Tries in vain since the last one that worked.")
    failing_since = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True, editable=False)
    attempted_at = models.DateTimeField(null=True, editable=False)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)
    gone_at = models.DateTimeField(null=True, editable=False, help_text="The address said that it is gone (410).")
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("subscription")
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(cursor__gte=0), name="subscription_cursor_counts")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save. A subscription without a secret gets one: it always signs."""
        self.secret = self.secret or crypto.signing_secret()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse kinds of events that there are not, in words a form can show."""
        unknown = set(self.kinds) - set(Happening.values)
        if unknown:
            raise ValidationError(
                {
                    "kinds": _("%(kind)r is no kind of event; use %(known)s.")
                    % {"kind": sorted(unknown)[0], "known": ", ".join(Happening.values)}
                }
            )

    @property
    def masked(self) -> str:
        """Enough of the address to recognise it."""
        return mask("webhook", self.url)

    @property
    def state(self) -> str:
        """``on``, ``off`` (somebody switched it off), ``gone`` (its address did) or ``failing``."""
        if not self.enabled:
            return "off"
        return "gone" if self.gone_at else "failing" if self.failures else "on"

    def wants(self, happening: str) -> bool:
        """Whether it wants to hear of that kind of event."""
        return not self.kinds or happening in self.kinds
