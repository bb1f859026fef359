"""Who can be reached, and how."""

from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.enums import Platform, PushKind, Transport
from sentinel_site.lib import crypto, given, telephone
from sentinel_site.lib.ids import uuid7
from sentinel_site.lib.zones import site_time_zone

PRIORITIES: Final = [(number, f"P{number}") for number in range(1, 6)]


def site_language() -> str:
    """The language that a new recipient reads: the pages' one."""
    return settings.LANGUAGE_CODE


class Recipient(models.Model):
    """A person who can be told, and who can answer. ``user`` is that person's sign-in, if there is one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120, help_text=_("As colleagues know them: it stands in messages and in the record."))
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="recipient",
        help_text=_("Their own sign-in, so that they find their alerts and shifts under “Me”. Empty: they answer by message only."),
    )
    language = models.CharField(
        _("language"), max_length=8, choices=settings.LANGUAGES, default=site_language, help_text=_("Of the messages to them.")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=site_time_zone, help_text=_("An IANA name, for example Europe/Paris.")
    )
    quiet_from = models.TimeField(
        _("quiet from"), null=True, blank=True, help_text=_("By their own clock, for example 22:00. Empty: no quiet hours.")
    )
    quiet_until = models.TimeField(
        _("quiet until"),
        null=True,
        blank=True,
        help_text=_("By their own clock, for example 07:00; earlier than the start: of the next day."),
    )
    active = models.BooleanField(_("active"), default=True, help_text=_("Nothing is sent to an inactive recipient."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("recipient")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class RecipientGroup(models.Model):
    """People who are told together, addressed by ``slug`` in policies."""

    slug = models.SlugField(
        _("slug"),
        unique=True,
        max_length=60,
        help_text=_("What policies and programs know it by; it stays once it is saved. For example night-shift."),
    )
    name = models.CharField(_("name"), max_length=120)
    members = models.ManyToManyField(
        Recipient,
        verbose_name=_("members"),
        blank=True,
        related_name="groups",
        help_text=_("All of them are told when a policy names the group."),
    )

    class Meta:
        verbose_name = _("recipient group")
        verbose_name_plural = _("recipient groups")
        ordering = ["slug"]

    def __str__(self) -> str:
        return given.shown(self.name)


class ContactMethod(models.Model):
    """One way to reach one recipient, or (a Slack channel, a webhook) one group as a whole.

    The address and the secret are encrypted at rest. ``address_digest`` finds an address without reading it.
    A method is usable when it is active, verified and not disabled.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.ForeignKey(
        Recipient,
        verbose_name=_("recipient"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="contact_methods",
        help_text=_("Whose it is. Name a person or a group, not both."),
    )
    group = models.ForeignKey(
        RecipientGroup,
        verbose_name=_("group"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="contact_methods",
        help_text=_("For what a group has in common: a Slack channel, a webhook, a shared mailbox."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=16,
        choices=Transport.choices,
        help_text=_("How it is reached. Which ones can be used here stands under Transports."),
    )
    address = crypto.EncryptedTextField(_("address"), help_text=_("E-mail address, telephone number with +country, URL or device token."))
    address_digest = models.CharField(max_length=64, editable=False, db_index=True)
    secret = crypto.EncryptedTextField(_("secret"), blank=True, default="", help_text=_("The key that signs a webhook (whsec_...)."))
    label = models.CharField(
        _("label"), max_length=80, blank=True, help_text=_("Tells two of a kind apart, for example “work” or “at home”. May be empty.")
    )
    order = models.PositiveSmallIntegerField(_("order"), default=1, help_text=_("The lowest is tried first."))
    verified = models.BooleanField(_("verified"), default=False, help_text=_("Nothing is sent to an address nobody has verified."))
    active = models.BooleanField(_("active"), default=True, help_text=_("Off: nothing is sent to it, and it stays as it is."))
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=300, blank=True, editable=False)
    proved_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When something last proved that it reaches its owner: a receipt, an answer, a code."""
    tested_at = models.DateTimeField(null=True, blank=True, editable=False)
    platform = models.CharField(
        _("platform"),
        max_length=10,
        choices=Platform.choices,
        blank=True,
        help_text=_("Of a push address: what kind of device it is, so that you know which one is meant. Empty: unknown."),
    )
    push_kind = models.CharField(max_length=8, choices=PushKind.choices, default=PushKind.TOKEN)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("contact method")
        verbose_name_plural = _("contact methods")
        ordering = ["order", "id"]
        permissions = [("verify_contactmethod", "Can mark contact methods as verified")]
        constraints = [
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, group__isnull=True) | Q(recipient__isnull=True, group__isnull=False),
                name="contact_method_one_owner",
                violation_error_message=_("A contact method belongs to one recipient or to one group: name exactly one."),
            ),
            models.UniqueConstraint(
                fields=["recipient", "kind", "address_digest"], name="contact_method_once_per_recipient",
                violation_error_message=_("This recipient has this address already."),
            ),
            models.UniqueConstraint(
                fields=["group", "kind", "address_digest"], name="contact_method_once_per_group",
                violation_error_message=_("This group has this address already."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.masked}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Save, with the digest of the address as it is now. A webhook without a secret gets one: it always signs.

        A push address that is a subscription is a browser's, and no other is.
        """
        if self.kind == Transport.WEBHOOK and not self.secret:
            self.secret = crypto.signing_secret()
        if self.kind == Transport.PUSH and self.address.startswith("{"):
            self.push_kind, self.platform = PushKind.WEB, Platform.WEB
        elif self.push_kind == PushKind.WEB:  # it was a browser's until now
            self.push_kind, self.platform = PushKind.TOKEN, "" if self.platform == Platform.WEB else self.platform
        self.address_digest = crypto.digest(self.address, purpose="address")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        """Refuse no owner, two owners, and a telephone number that is none, in words a form can show. Numbers are written as E.164."""
        if (self.recipient_id is None) == (self.group_id is None):
            raise ValidationError(_("A contact method belongs to one recipient or to one group: name exactly one."))
        if self.kind in {Transport.SMS, Transport.VOICE}:
            try:
                self.address = telephone.e164(self.address)
            except ValueError as error:
                raise ValidationError({"address": f"{error}."}) from None

    @property
    def usable(self) -> bool:
        """Whether a message may be sent to it now."""
        return self.active and self.verified and self.disabled_at is None

    @property
    def masked(self) -> str:
        """The address as others may see it: enough to recognise, too little to use."""
        return mask(self.kind, self.address)


class Verification(models.Model):
    """A code that is on its way to a contact method and was not entered yet. The code itself is not stored (codes.py)."""

    method = models.OneToOneField(ContactMethod, primary_key=True, on_delete=models.CASCADE, related_name="verification")
    nonce = models.CharField(max_length=32)
    address_digest = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"a code for {self.method_id}"


class NotificationRule(models.Model):
    """How one person wants to be told: for the priorities from ``priority_from`` to ``priority_to``, by one contact method, or
    by every one of a kind, after a delay. rules.py says what follows from several."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="notification_rules")
    priority_from = models.PositiveSmallIntegerField(
        _("priority from"), choices=PRIORITIES, default=1, help_text=_("The most urgent priority it is for.")
    )
    priority_to = models.PositiveSmallIntegerField(
        _("priority to"), choices=PRIORITIES, default=5, help_text=_("The least urgent priority it is for.")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Transport.choices, blank=True, help_text=_("Every method of this kind, or"))
    method = models.ForeignKey(
        ContactMethod,
        verbose_name=_("method"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
        help_text=_("this one method."),
    )
    delay_seconds = models.PositiveIntegerField(
        _("delay seconds"),
        default=0,
        help_text=_("In seconds: how long to wait for an answer before it is used. 0: at once; 3600 at the most."),
    )

    class Meta:
        verbose_name = _("notification rule")
        verbose_name_plural = _("notification rules")
        ordering = ["priority_from", "delay_seconds", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(method__isnull=True) & ~Q(kind="") | Q(method__isnull=False, kind=""), name="notification_rule_one_way",
                violation_error_message=_("A rule names one contact method or one kind: choose exactly one."),
            ),
            models.CheckConstraint(
                condition=Q(priority_from__gte=1, priority_to__lte=5, priority_from__lte=F("priority_to")),
                name="notification_rule_priorities",
                violation_error_message=_("The priorities run from the more urgent to the less urgent one, for example P1 to P3."),
            ),
            models.CheckConstraint(
                condition=Q(delay_seconds__lte=3600), name="notification_rule_delay",
                violation_error_message=_("The delay is one hour (3600 seconds) at the most."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        which = self.get_priority_from_display()
        if self.priority_to != self.priority_from:
            which += f"–{self.get_priority_to_display()}"
        way = str(self.method) if self.method else self.get_kind_display()
        when = gettext("after %(span)s") % {"span": f"{self.delay_seconds} s"} if self.delay_seconds else gettext("at once")
        return gettext("{name}: {value}").format(name=which, value=f"{way} {when}")

    def clean(self) -> None:
        """Refuse a method of somebody else, in words a form can show."""
        if self.method is not None and self.method.recipient_id != self.recipient_id:
            raise ValidationError({"method": _("This contact method belongs to somebody else.")})


def mask(kind: str, address: str) -> str:
    """``a…e@example.org``, ``+33…78``, ``https://hooks.example.org/…``, or the last four characters."""
    if kind == Transport.EMAIL and "@" in address:
        name, _, domain = address.rpartition("@")
        return f"{name[:1]}…{name[-1:]}@{domain}"
    if kind in {Transport.SMS, Transport.VOICE}:
        return f"{address[:3]}…{address[-2:]}"
    if kind == Transport.APPRISE:  # any part of it may be a key
        return f"{address.partition('://')[0][:20]}://…"
    if kind == Transport.PUSH and address.startswith("{"):
        return f"{address.partition('://')[2].partition('/')[0][:80]}/…"
    if "://" in address:
        scheme, _, rest = address.partition("://")
        return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}/…"
    return f"…{address[-4:]}"
