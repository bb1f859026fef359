"""Roll-ups of alerts and of the steps that were taken. What they hold is said in rollups.py, how they work in sentinel_site/lib/rolling."""

from django.db import models

from sentinel_site.lib.rolling.rows import Cell, Progress, numbers, seconds


class AlertRollup(Cell):
    """Alerts by the quarter of an hour in which they were raised. Priority 0 and an empty source: all of them."""

    pk = models.CompositePrimaryKey("seconds", "priority", "source", "at")
    priority = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=60)
    raised = models.BigIntegerField()
    repeats = models.BigIntegerField()
    messages = models.BigIntegerField()
    untold = models.BigIntegerField()
    flapped = models.BigIntegerField()
    noise = models.BigIntegerField()
    acknowledged = models.BigIntegerField()
    resolved = models.BigIntegerField()
    expired = models.BigIntegerField()
    to_acknowledge_total = seconds()
    to_acknowledge_most = seconds()
    to_acknowledge_bins = numbers()
    to_acknowledge_counts = numbers()
    to_resolve_total = seconds()
    to_resolve_most = seconds()
    to_resolve_bins = numbers()
    to_resolve_counts = numbers()

    class Meta:
        indexes = [models.Index(fields=["seconds", "at"], name="alert_rollup_at")]


class StepRollup(Cell):
    """Steps by the quarter of an hour in which they were due: how many, how many late, and how late."""

    pk = models.CompositePrimaryKey("seconds", "priority", "source", "at")
    priority = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=60)
    due = models.BigIntegerField()
    late = models.BigIntegerField()
    very_late = models.BigIntegerField()
    lateness_total = seconds()
    lateness_most = seconds()
    lateness_bins = numbers()
    lateness_counts = numbers()

    class Meta:
        indexes = [models.Index(fields=["seconds", "at"], name="step_rollup_at")]


class OpenSample(models.Model):
    """How many alerts were open, and late, at a full hour (standing_hours.py). Priority 0 and an empty source: all of them."""

    pk = models.CompositePrimaryKey("priority", "source", "at")
    priority = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=60)
    at = models.DateTimeField()
    open = models.PositiveIntegerField()
    late = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.open}"


class RollupProgress(Progress):
    """How far the roll-ups of this app are."""
