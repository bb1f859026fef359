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
