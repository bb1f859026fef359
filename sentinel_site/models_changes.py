"""The history of configuration."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from sentinel_site.lib.configuration import Via
from sentinel_site.lib.ids import uuid7


class ConfigChange(models.Model):
    """Somebody changed something that is configured, or took it out as a file. Written by changes/writing.py alone, in the same
    transaction; never edited.

    ``changes``: field → before and after. A secret says that it is one, and never what it is. ``about``: ``app.model:key`` of every row
    whose history shows it.
    """

    class Action(models.TextChoices):
        """What was done to the row."""

        CREATED = "created", _("Created")
        CHANGED = "changed", _("Changed")
        DELETED = "deleted", _("Deleted")
        EXPORTED = "exported", _("Exported")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("user"))
    by_name = models.CharField(_("called then"), max_length=150, blank=True, help_text=_("What they were called then."))
    via = models.CharField(_("way"), max_length=12, choices=Via.choices)
    where = models.CharField(_("from where"), max_length=200, blank=True, help_text=_("The API key, or the command."))
    address = models.CharField(_("address"), max_length=64, blank=True, help_text=_("Where the request came from."))
    model = models.CharField(max_length=80)
    object_id = models.CharField(max_length=64)
    object_words = models.CharField(max_length=300)
    action = models.CharField(_("action"), max_length=8, choices=Action.choices)
    changes = models.JSONField()
    about = ArrayField(models.CharField(max_length=150))

    class Meta:
        verbose_name = _("configuration change")
        verbose_name_plural = _("configuration changes")
        ordering = ["-id"]
        indexes = [GinIndex(fields=["about"], name="config_change_about")]

    def __str__(self) -> str:
        return f"{self.object_words} {self.get_action_display()} {self.at:%Y-%m-%d %H:%M:%S}"
