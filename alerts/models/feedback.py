"""What people say of an alert afterwards: whether it was worth their attention."""

from django.db import models
from django.utils.translation import gettext

from alerts.enums import Usefulness
from alerts.models.alert import Alert


class Feedback(models.Model):
    """One person's word about one alert; a later word takes the place of an earlier one. Written by feedback.py alone.

    It changes nothing by itself: what made the noise is for people to change, and the noise report (noise/) counts these.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="feedback", db_index=False)
    who = models.CharField(max_length=180, help_text="Who it is, whatever they are called: once per alert.")
    actor = models.CharField(max_length=150, help_text="What they are called.")
    word = models.CharField(max_length=12, choices=Usefulness.choices)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "feedback"
        constraints = [models.UniqueConstraint(fields=["alert", "who"], name="feedback_once_per_person")]

    def __str__(self) -> str:
        return gettext("{name}: {value}").format(name=self.actor, value=self.get_word_display())
