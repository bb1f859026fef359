"""Which messages from outside were taken already."""

from django.db import models


class SeenEvent(models.Model):
    """A message that names itself was taken: sent again, it does nothing. Written by incoming/seen.py alone."""

    key = models.CharField(max_length=64, primary_key=True, help_text="Hash of the source and of the sender's name for the message.")
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
