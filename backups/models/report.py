"""Scans, and what they found that could not be used."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from sentinel_site.lib.ids import uuid7


class Scan(models.Model):
    """One look at the agents' folders."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trigger = models.CharField(_("trigger"), max_length=20)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    progress = models.JSONField(default=dict, help_text="what, done, of")
    counts = models.JSONField(default=dict)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("scan")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S}"


class QuarantinedReport(models.Model):
    """A report that could not be read. The file was moved, never deleted; nothing of it is lost."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.CharField(_("agent"), max_length=120)
    file_name = models.CharField(_("file name"), max_length=300)
    stored_name = models.CharField(max_length=400, help_text="Below the quarantine folder.")
    reason = models.CharField(_("reason"), max_length=500)
    excerpt = models.TextField(blank=True)
    found_at = models.DateTimeField(_("found at"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("quarantined report")
        verbose_name_plural = _("quarantined reports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name


class UnexpectedDatabase(models.Model):
    """An agent reports a database that no job expects."""

    agent = models.CharField(_("agent"), max_length=120)
    database_name = models.CharField(_("database name"), max_length=120)
    first_seen_at = models.DateTimeField(_("first seen at"))
    last_seen_at = models.DateTimeField(_("last seen at"))
    reports = models.PositiveIntegerField(_("reports"), default=1)
    document = models.JSONField(_("document"), default=dict, help_text=_("What the newest report says of it."))
    ignored = models.BooleanField(
        _("ignored"), default=False, help_text=_("It need not be backed up: it is left out of what needs a look.")
    )

    class Meta:
        verbose_name = _("unexpected database")
        verbose_name_plural = _("unexpected databases")
        ordering = ["-last_seen_at"]
        constraints = [models.UniqueConstraint(fields=["agent", "database_name"], name="unexpected_once")]

    def __str__(self) -> str:
        return f"{self.agent} / {self.database_name}"
