"""What keeps people from being told. It never hides: a suppressed alert is listed, with the reason and a count."""

import re

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from sentinel_site.lib import matchers

MAX_WAIT_SECONDS = 300
LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
MATCHERS_HELP = _('For example source=probe or room=~"1.*". All of them must hold.')


def check_matchers(texts: list[str]) -> None:
    """Validator: every text is a matcher, and there is at least one."""
    if not texts:
        raise ValidationError(_("Write at least one matcher, for example source=probe: nothing may silence everything by accident."))
    try:
        matchers.parse_all(texts)
    except matchers.MatcherError as error:
        raise ValidationError(str(error)) from None


def check_label_names(names: list[str]) -> None:
    """Validator: every one may be the name of a label."""
    for name in names:
        if not LABEL_NAME.fullmatch(name):
            raise ValidationError(_("%(name)r is not the name of a label. Write for example site, one name each.") % {"name": name[:80]})


class Inhibition(models.Model):
    """While an alert that matches ``source_matchers`` is open, nobody is told about those that match ``target_matchers``.

    Both must agree in every label of ``equal``. Never holds for life-safety alerts.
    """

    name = models.CharField(_("name"), unique=True, max_length=120, help_text=_("Shown on every alert it holds back."))
    source_matchers = ArrayField(
        models.CharField(max_length=500), verbose_name=_("source matchers"), validators=[check_matchers], help_text=MATCHERS_HELP
    )
    target_matchers = ArrayField(
        models.CharField(max_length=500), verbose_name=_("target matchers"), validators=[check_matchers], help_text=MATCHERS_HELP
    )
    equal = ArrayField(
        models.CharField(max_length=128), verbose_name=_("equal"), default=list, blank=True, validators=[check_label_names],
        help_text=_("Labels in which both alerts agree."),
    )  # fmt: skip
    wait_seconds = models.PositiveSmallIntegerField(_("wait seconds"),
        default=10, validators=[MaxValueValidator(MAX_WAIT_SECONDS)],
        help_text=_("How long an alert that it may hold back waits for the one that explains it, when that comes second. Never a P1."),
    )  # fmt: skip
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: it holds nothing back."))
    hits = models.PositiveIntegerField(_("hits"), default=0, editable=False, help_text=_("Alerts held back so far."))

    class Meta:
        verbose_name = _("inhibition")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
