"""What the admin keeps for the people who use it."""

from django.conf import settings
from django.db import models


class Dismissal(models.Model):
    """Somebody does not want to be shown something any more."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "what"], name="dismissal_once")]

    def __str__(self) -> str:
        return self.what
