"""What the admin keeps for the people who use it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sentinel_site.lib.ids import uuid7


class Dismissal(models.Model):
    """Somebody does not want to be shown something any more."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "what"], name="dismissal_once")]

    def __str__(self) -> str:
        return self.what


class SavedFilter(models.Model):
    """The filter of one admin list under a name: its query string, of parameters that the list knew when it was saved."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    model = models.CharField(max_length=100)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)
    shared = models.BooleanField(default=False)
    default = models.BooleanField(default=False)

    class Meta:
        ordering = ["name", "id"]
        permissions = [("share_savedfilter", "Can share saved filters with everybody")]
        constraints = [
            models.UniqueConstraint(fields=["user", "model", "name"], name="saved_filter_once"),
            models.UniqueConstraint(fields=["user", "model"], condition=models.Q(default=True), name="saved_filter_one_default"),
        ]
        indexes = [models.Index(fields=["model"], condition=models.Q(shared=True), name="saved_filter_shared")]

    def __str__(self) -> str:
        return self.name


class BulkRun(models.Model):
    """One deed done to many rows at somebody's wish: how far it is, and what it could not be done to.

    ``todo`` are primary keys, of which the first ``done`` were tried. A row is taken by counting ``done`` up in the transaction that
    does the deed to it: whoever else works on the same run takes the next one, or stops.
    """

    class Status(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Stopped by hand")
        REFUSED = "refused", _("Not allowed any more")

    OPEN = (Status.WAITING, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    deed = models.CharField(max_length=80)
    params = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    todo = models.JSONField(default=list)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    failures = models.JSONField(default=list)
    begun_at = models.DateTimeField(_("begun at"))
    moved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("bulk run")
        verbose_name_plural = _("bulk runs")
        ordering = ["-id"]
        indexes = [models.Index(fields=["moved_at"], condition=models.Q(ended_at__isnull=True), name="bulk_run_open")]

    def __str__(self) -> str:
        return self.deed
