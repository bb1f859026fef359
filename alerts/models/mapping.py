"""How to read the JSON of a system that Sentinel does not know."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from alerts.models.source import Source

EXPRESSIONS: Final = ("items", "title", "action", "severity", "dedup_key", "type", "subject", "description", "link", "labels")
"""The fields of a mapping that are JMESPath expressions."""
MAX_EXPRESSION: Final = 1000


def check_slug(slug: str) -> None:
    """Validator: REST has a path of its own by this name."""
    if slug == "preview":
        raise ValidationError(_("“preview” is taken; choose another name."))


class ReportMapping(models.Model):
    """JMESPath expressions that say where a foreign message has its title, severity, key and the rest. See incoming/mapped.py."""

    slug = models.SlugField(
        _("slug"), unique=True, max_length=60, validators=[check_slug], help_text=_("Its address: /integrations/json/<slug>.")
    )
    source = models.ForeignKey(
        Source, verbose_name=_("source"), on_delete=models.PROTECT, related_name="mappings", help_text=_("Whose alerts these become.")
    )
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: what comes to its address is refused."))
    items = models.CharField(_("items"),
        max_length=MAX_EXPRESSION, blank=True,
        help_text=_("Where the list is, when one message tells of several things. "
        "The other expressions then see one item, and the whole message as _root."),
    )  # fmt: skip
    title = models.CharField(
        _("title"),
        max_length=MAX_EXPRESSION,
        help_text=_("What is wrong, in a few words. For example message, or join(': ', [host, text])."),
    )
    action = models.CharField(
        _("action"),
        max_length=MAX_EXPRESSION,
        blank=True,
        help_text=_("What it asks for: trigger, acknowledge, resolve, test or ignore. Empty: trigger."),
    )
    severity = models.CharField(
        _("severity"), max_length=MAX_EXPRESSION, blank=True, help_text=_("Empty, or an unknown word: the source's own.")
    )
    dedup_key = models.CharField(
        _("dedup key"),
        max_length=MAX_EXPRESSION,
        blank=True,
        help_text=_("What names the trouble, the same when it is over. Empty: by the source's attributes."),
    )
    type = models.CharField(_("type"), max_length=MAX_EXPRESSION, blank=True, help_text=_("What kind of trouble, for routes."))
    subject = models.CharField(_("subject"), max_length=MAX_EXPRESSION, blank=True, help_text=_("What or who it is about."))
    description = models.CharField(
        _("description"), max_length=MAX_EXPRESSION, blank=True, help_text=_("More words about it, shown below the title. Empty: none.")
    )
    link = models.CharField(_("link"), max_length=MAX_EXPRESSION, blank=True, help_text=_("A web address that helps whoever answers."))
    labels = models.CharField(
        _("labels"), max_length=MAX_EXPRESSION, blank=True, help_text=_("An object of texts. For example {host: host.name, site: site}.")
    )
    words = ArrayField(
        models.CharField(max_length=200), verbose_name=_("words"), default=list, blank=True,
        help_text=_("What its words for action and severity mean: 5=critical, ok=resolve, true=trigger."),
    )  # fmt: skip
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("mapping")

    def __str__(self) -> str:
        return self.slug
