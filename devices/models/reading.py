"""Readings as they came, and what remains of them after days."""

from django.db import models

from devices.models.device import Device

MINUTE, HOUR = 60, 3600


class Reading(models.Model):
    """What a device measured at one instant. ``values``: metric → finite number; what was not measured is left out."""

    pk = models.CompositePrimaryKey("device_id", "at")
    # No constraint: a thousand rows a second would each lock their device's row. Deleting a device deletes its readings (readings.py).
    device = models.ForeignKey(Device, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    at = models.DateTimeField()
    values = models.JSONField()

    def __str__(self) -> str:
        return f"{self.device_id} {self.at:%Y-%m-%d %H:%M:%S}"


class Rollup(models.Model):
    """One metric of one device over one minute or one hour that begins at ``at``. Levels are averaged by energy (Leq)."""

    pk = models.CompositePrimaryKey("device_id", "metric", "seconds", "at")
    device = models.ForeignKey(Device, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    metric = models.CharField(max_length=40)
    seconds = models.PositiveSmallIntegerField(choices=[(MINUTE, "a minute"), (HOUR, "an hour")])
    at = models.DateTimeField()
    count = models.PositiveIntegerField()
    mean = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    l10 = models.FloatField(help_text="Exceeded 10 % of the time.")
    l50 = models.FloatField()
    l90 = models.FloatField()

    def __str__(self) -> str:
        return f"{self.device_id} {self.metric} {self.at:%Y-%m-%d %H:%M}"


class RollupDue(models.Model):
    """A minute or an hour with readings that are not rolled up yet: written with the reading itself, deleted with the roll-up."""

    pk = models.CompositePrimaryKey("seconds", "at", "device_id")
    seconds = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    device = models.ForeignKey(Device, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")

    def __str__(self) -> str:
        return f"{self.device_id} {self.at:%Y-%m-%d %H:%M}"
