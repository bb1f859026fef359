"""Screens on walls: what each may show, and the digest of the token that lets it."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from alerts.enums import WallSound
from alerts.models.subscription import check_unless_empty
from alerts.models.suppression import check_label_names
from sentinel_site.lib.ids import uuid7

SHORTEST_TURN, LONGEST_TURN = 5, 600


def check_turn(seconds: int) -> None:
    """Validator: 0, or long enough to be read."""
    if 0 < seconds < SHORTEST_TURN:
        raise ValidationError(
            _("Nobody reads a site in less than %(least)d seconds. Write 0 to show all sites together.") % {"least": SHORTEST_TURN}
        )


def check_label(name: str) -> None:
    """Validator: it may be the name of a label."""
    check_label_names([name])


class Wall(models.Model):
    """A screen that shows open alerts to whoever stands before it, without a login. It can do nothing else.

    Only a keyed hash of its token is stored: its address is shown once. Written by walls.py alone once it is made.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(
        _("name"), max_length=80, unique=True, help_text=_("Where it hangs, for example “Night desk”. It stands on the screen.")
    )
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    matchers = ArrayField(
        models.CharField(max_length=500), verbose_name=_("matchers"), default=list, blank=True, validators=[check_unless_empty],
        help_text=_('What it may show, for example source=smarteye or site=~"north|south". All of them must hold. Empty: every alert.'),
    )  # fmt: skip
    site_label = models.CharField(_("site label"),
        max_length=128, default="site", blank=True, validators=[check_label],
        help_text=_("Alerts that carry this label belong to the site it names, all others to the site named after their source."),
    )  # fmt: skip
    rotate_seconds = models.PositiveSmallIntegerField(_("rotate seconds"),
        default=20, validators=[check_turn, MaxValueValidator(LONGEST_TURN)],
        help_text=_("How long each site is shown. A P1 always is, whichever site's turn it is. 0: all sites together."),
    )  # fmt: skip
    language = models.CharField(
        _("language"), max_length=8, blank=True, choices=settings.LANGUAGES, help_text=_("Empty: the site's language.")
    )
    sound = models.CharField(
        _("sound"),
        max_length=8,
        choices=WallSound.choices,
        default=WallSound.UNTIL_TAKEN,
        help_text=_("A browser plays sound only after somebody has touched the page once."),
    )
    names = models.BooleanField(_("names"), default=True, help_text=_("Show who has taken an alert by name. Off: only that somebody has."))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True, help_text=_("Empty: it works until it is revoked."))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, editable=False)
    last_seen_address = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("wall screen")
        verbose_name_plural = _("wall screens")

    def __str__(self) -> str:
        return self.name

    @property
    def shows(self) -> tuple[object, ...]:
        """What decides what stands on the screen."""
        return self.name, self.matchers, self.site_label, self.rotate_seconds, self.language, self.sound, self.names

    def state(self, at: datetime) -> str:
        """``works``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= at else "works"
