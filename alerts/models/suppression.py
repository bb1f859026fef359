"""What keeps people from being told. It never hides: a suppressed alert is listed, with the reason and a count."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from sentinel_site.lib import matchers
from sentinel_site.lib.ids import uuid7

MATCHERS_HELP = 'For example source=probe or room=~"1.*". All of them must hold.'


def check_matchers(texts: list[str]) -> None:
    """Validator: every text is a matcher, and there is at least one."""
    if not texts:
        raise ValidationError("Write at least one matcher, for example source=probe: nothing may silence everything by accident.")
    try:
        matchers.parse_all(texts)
    except matchers.MatcherError as error:
        raise ValidationError(str(error)) from None


class Silence(models.Model):
    """Nobody is told about alerts that match, from ``starts_at`` until ``ends_at``. Never holds for life-safety alerts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    matchers = ArrayField(models.CharField(max_length=500), validators=[check_matchers], help_text=MATCHERS_HELP)
    reason = models.CharField(max_length=1000, help_text="Shown on every alert it holds back.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="Whatever is still open then is told.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=150, blank=True, editable=False, help_text="As another program names who made it.")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    hits = models.PositiveIntegerField(default=0, editable=False, help_text="Alerts held back so far.")

    class Meta:
        ordering = ["-ends_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="silence_ends_after_it_starts",
                violation_error_message="A silence ends after it starts.",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{', '.join(self.matchers)} ({self.reason})"


class Inhibition(models.Model):
    """While an alert that matches ``source_matchers`` is open, nobody is told about those that match ``target_matchers``.

    Both must agree in every label of ``equal``. Never holds for life-safety alerts.
    """

    name = models.CharField(unique=True, max_length=120, help_text="Shown on every alert it holds back.")
    source_matchers = ArrayField(models.CharField(max_length=500), validators=[check_matchers], help_text=MATCHERS_HELP)
    target_matchers = ArrayField(models.CharField(max_length=500), validators=[check_matchers], help_text=MATCHERS_HELP)
    equal = ArrayField(models.CharField(max_length=128), default=list, blank=True, help_text="Labels in which both alerts agree.")
    enabled = models.BooleanField(default=True)
    hits = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
