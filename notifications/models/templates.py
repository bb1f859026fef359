"""Texts that staff wrote in place of the built-in ones."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.enums import Form, Reason


class MessageTemplate(models.Model):
    """One text for one form of a message, for those it fits; an empty field fits all.

    Of several that fit the one that says most wins: a source over a type, a type over a reason, a reason over a language.
    """

    form = models.CharField(
        _("text of"), max_length=12, choices=Form.choices, help_text=_("Which part of which kind of message it replaces.")
    )
    language = models.CharField(
        _("language"), max_length=8, choices=[("", _("Every language")), *settings.LANGUAGES], blank=True, help_text=_("The recipient's.")
    )
    reason = models.CharField(_("sent as"), max_length=16, blank=True, help_text=_("One of Reason. Empty: every kind of message."))
    source = models.SlugField(_("source"), max_length=60, blank=True, help_text=_("The slug of a source. Empty: every source."))
    type = models.CharField(_("type"), max_length=60, blank=True, help_text=_("The alert's type, for example fall. Empty: every type."))
    text = models.TextField(
        _("text"),
        help_text=_(
            "Values stand in double braces, for example {{ title }}. Preview it before you save: one that fails "
            "is replaced by the built-in text."
        ),
    )
    active = models.BooleanField(_("active"), default=True, help_text=_("Switch it off to use the built-in text again."))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)
    failed_at = models.DateTimeField(null=True, editable=False, help_text="When the built-in text had to be sent in its place.")
    failed_because = models.CharField(max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["form", "language", "reason", "source", "type"]
        constraints = [
            models.UniqueConstraint(
                fields=["form", "language", "reason", "source", "type"], name="message_template_once",
                violation_error_message=_("There is a text for exactly these messages already: change that one."),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        where = " ".join(part for part in (self.source, self.type) if part)
        reason = str(Reason(self.reason).label) if self.reason in Reason.values else self.reason
        return ", ".join(part for part in (self.get_form_display(), self.language, reason, where) if part)
