"""The outbox: what was told to whom, and what became of each message."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.enums import OF_ONE_METHOD, WAITING, DeliveryStatus, Reason, Transport, Urgency
from notifications.models.people import ContactMethod, Recipient, RecipientGroup
from sentinel_site.lib.ids import uuid7


class Notification(models.Model):
    """One thing told to one recipient (or to one group's own method), once: ``key`` is unique.

    ``thread`` says what it is about ("alert:<id>") and is opaque here. ``context`` is what templates may use.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200, unique=True)
    thread = models.CharField(_("thread"), max_length=80)
    recipient = models.ForeignKey(
        Recipient, verbose_name=_("recipient"), null=True, on_delete=models.CASCADE, related_name="notifications", db_index=False
    )
    group = models.ForeignKey(RecipientGroup, verbose_name=_("group"), null=True, on_delete=models.CASCADE, related_name="notifications")
    reason = models.CharField(_("reason"), max_length=16, choices=Reason.choices)
    urgency = models.CharField(_("urgency"), max_length=16, choices=Urgency.choices, default=Urgency.NORMAL)
    priority = models.PositiveSmallIntegerField(_("priority"), default=3, help_text=_("1 is sent before 5."))
    life_safety = models.BooleanField(_("life safety"), default=False)
    step = models.PositiveSmallIntegerField(_("step"), null=True)
    label = models.CharField(_("label"), max_length=120, blank=True)
    context = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"), null=True, help_text=_("After this nothing is tried any more."))
    bundle = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="bundled", db_index=False,
        help_text="It has no deliveries of its own: it is told in this message (storms.py).",
    )  # fmt: skip
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, help_text=_("Answered, or taken back: no further method is tried."))

    class Meta:
        verbose_name = _("notification")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["thread", "id"], name="notification_thread"),
            models.Index(fields=["recipient", "id"], name="notification_recipient"),
            models.Index(fields=["bundle"], name="notification_bundle", condition=Q(bundle__isnull=False)),
        ]

    def __str__(self) -> str:
        return gettext("%(told)s to %(who)s") % {"told": self.get_reason_display(), "who": self.recipient or self.group}

    def open_at(self, at: datetime) -> bool:
        """Whether it may still be sent, at ``at``: neither answered nor expired."""
        return self.cancelled_at is None and (self.expires_at is None or at < self.expires_at)

    @property
    def falls_over(self) -> bool:
        """Whether another method may take over. What concerns one method alone stays with it: a test, a code."""
        return self.reason not in OF_ONE_METHOD


class Delivery(models.Model):
    """One notification through one contact method: a row of the outbox. `outbox.py` is the only writer of its status.

    The id is the idempotency key given to every provider, and stays the same when a send is tried again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, verbose_name=_("notification"), on_delete=models.CASCADE, related_name="deliveries")
    method = models.ForeignKey(ContactMethod, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    transport = models.CharField(_("transport"), max_length=16, choices=Transport.choices)
    status = models.CharField(_("status"), max_length=12, choices=DeliveryStatus.choices, default=DeliveryStatus.QUEUED)
    priority = models.PositiveSmallIntegerField(default=3)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True)
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True, help_text="The claim that holds it; a settle of another claim changes nothing.")
    queued_at = models.DateTimeField(_("queued at"))
    sent_at = models.DateTimeField(_("sent at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    seen_at = models.DateTimeField(_("seen at"), null=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)
    receipt_due_at = models.DateTimeField(
        _("receipt due at"), null=True, help_text=_("Without a receipt by then, the next method takes its place.")
    )
    fell_over_at = models.DateTimeField(_("fell over at"), null=True, help_text=_("Another method took its place, which happens once."))
    refused_at = models.DateTimeField(
        _("refused at"), null=True, help_text=_("The provider said, after it had accepted it, that it did not arrive.")
    )
    opened_at = models.DateTimeField(_("opened at"), null=True, help_text=_("A mail program or a scanner opened it. That proves nothing."))
    took_ms = models.PositiveIntegerField(null=True, help_text="How long the provider took at the last attempt.")
    history = models.JSONField(default=list, help_text="The attempts: when, how long each took, what came of it.")
    provider_id = models.CharField(_("provider id"), max_length=200, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    remark = models.CharField(_("remark"), max_length=500, blank=True, help_text=_("What was unusual about its words."))
    answer_code = ""
    """The code that answers it by SMS, while a runner has it in hand (answer_codes.py); empty when there is none."""

    class Meta:
        verbose_name = _("delivery")
        ordering = ["-id"]
        verbose_name_plural = _("deliveries")
        permissions = [("retry_delivery", "Can send messages again")]
        constraints = [models.UniqueConstraint(fields=["notification", "method"], name="delivery_once_per_method")]
        indexes = [
            models.Index(fields=["transport", "priority", "next_attempt_at"], name="delivery_due", condition=Q(status__in=WAITING)),
            models.Index(fields=["leased_until"], name="delivery_leased", condition=Q(status=DeliveryStatus.SENDING)),
            models.Index(fields=["transport", "id"], name="delivery_transport"),
            models.Index(fields=["id"], name="delivery_dead", condition=Q(status=DeliveryStatus.DEAD)),
            models.Index(fields=["receipt_due_at"], name="delivery_receipt_due", condition=Q(receipt_due_at__isnull=False)),
            models.Index(fields=["provider_id"], name="delivery_provider", condition=~Q(provider_id="")),
        ]

    def __str__(self) -> str:
        return gettext("{name}: {value}").format(name=self.get_transport_display(), value=self.get_status_display())


class AnswerCode(models.Model):
    """The code by which a message is answered from one telephone number. Nobody has the same one twice at a time."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, primary_key=True, related_name="+")
    number_digest = models.CharField(max_length=64)
    code = models.CharField(max_length=4)
    until = models.DateTimeField(help_text="From then on the code is free for another message to this number.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number_digest", "code"], name="answer_code_once_per_number")]

    def __str__(self) -> str:
        return f"the code of {self.delivery_id}"


class Revision(models.Model):
    """What a message that went out should say by now, because its alert was answered. `revisions.py` writes and sends it.

    There is one per delivery: a newer answer is merged into ``state`` and makes it due again. ``due_at`` is empty when
    nothing is left to do.
    """

    delivery = models.OneToOneField(Delivery, primary_key=True, on_delete=models.CASCADE, related_name="revision")
    state = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1, help_text="Counts what was wanted; a send of an older one leaves it due.")
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    said_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="revision_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"revision {self.version} of {self.delivery_id}"
