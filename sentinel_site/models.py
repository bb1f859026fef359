"""The rows of the composition: API keys, the beats of our processes, answers kept for Idempotency-Key, chosen languages, and the history of
configuration."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sentinel_site.lib import crypto
from sentinel_site.models_admin import BulkRun, Dismissal, SavedFilter
from sentinel_site.models_changes import ConfigChange

__all__ = ["ApiKey", "BulkRun", "ConfigChange", "Dismissal", "IdempotentAnswer", "ProcessBeat", "SavedFilter", "UserLanguage"]


class ApiKey(models.Model):
    """A key that acts as its user. Only the prefix and a keyed hash of the secret are stored."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="api_keys",
        help_text=_("Whoever has the key acts as this user and may do what this user may. Make a user of its own for each program."),
    )
    name = models.CharField(
        _("name"),
        max_length=80,
        help_text=_("Who or what uses it, so that you know later which one to revoke. For example “camera in the hall”."),
    )
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(
        _("expires at"), null=True, blank=True, help_text=_("It stops working then. Empty: it works until it is revoked.")
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} (snt_{self.prefix}…)"

    @classmethod
    def issue(cls, *, user: object, name: str, expires_at: datetime | None = None) -> tuple["ApiKey", str]:
        """A new saved key and its full text ``snt_<prefix>_<secret>``, which cannot be had again."""
        prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        text = f"snt_{prefix}_{secret}"
        digest = crypto.digest(text, purpose="api-key")
        key = cls.objects.create(user=user, name=name, prefix=prefix, digest=digest, expires_at=expires_at)
        return key, text


class ProcessBeat(models.Model):
    """The last sign of life of one process of one role. For the worker it is written by a task that ran."""

    class Role(models.TextChoices):
        """The processes of the house."""

        WEB = "web", _("Web")
        WATCHDOG = "watchdog", _("Watchdog")
        WORKER = "worker", _("Worker")
        MONITOR = "monitor", _("Monitor")

    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    instance = models.CharField(_("instance"), max_length=80, help_text="host:pid")
    beat_at = models.DateTimeField(_("beat at"))
    started_at = models.DateTimeField(_("started at"))

    class Meta:
        verbose_name = _("process beat")
        verbose_name_plural = _("process beats")
        ordering = ["role", "instance"]
        constraints = [models.UniqueConstraint(fields=["role", "instance"], name="process_beat_once")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.instance}"


class IdempotentAnswer(models.Model):
    """The answer given to one Idempotency-Key, kept 24 h so that the same request gets the same answer."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_answer_once")]

    def __str__(self) -> str:
        return self.key


class UserLanguage(models.Model):
    """The language that somebody chose who signs in and is no recipient; a recipient has one already (`language.py`)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)

    def __str__(self) -> str:
        return f"{self.user}: {self.language}"
