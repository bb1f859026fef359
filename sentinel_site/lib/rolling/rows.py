"""The rows that every app's roll-ups are made of."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Cell(models.Model):
    """A cell of a table of roll-ups, see rollup.py. Who is derived adds the dimensions, the counters, and the primary key."""

    seconds = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} + {self.seconds} s"


class Progress(models.Model):
    """How far a table of roll-ups is: one row per table, locked by whoever rolls up.

    ``position``: what was followed up to there. ``history_at``: everything since then is counted; what is older follows, backwards,
    until ``whole``.
    """

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)
    history_at = models.DateTimeField()
    whole = models.BooleanField(default=False)
    merged_at = models.DateTimeField(null=True)
    looked_back_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def seconds() -> "models.FloatField[Any, Any]":
    """A column for a sum, or the largest, of lengths of time."""
    return models.FloatField(default=0)


def numbers() -> "ArrayField[Any, Any]":
    """A column for the numbers of bins, or for how many are in each."""
    return ArrayField(models.IntegerField(), default=list)
