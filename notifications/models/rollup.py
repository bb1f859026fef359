"""Roll-ups of messages. What they hold is said in rollups.py, how they work in sentinel_site/lib/rolling."""

from django.db import models

from sentinel_site.lib.rolling.rows import Cell, Progress, numbers, seconds


class DeliveryRollup(Cell):
    """Messages by the quarter of an hour in which they were queued. An empty transport: all of them."""

    pk = models.CompositePrimaryKey("seconds", "transport", "at")
    transport = models.CharField(max_length=16)
    messages = models.BigIntegerField()
    accepted = models.BigIntegerField()
    proved = models.BigIntegerField()
    failed = models.BigIntegerField()
    cancelled = models.BigIntegerField()
    provider_total = seconds()
    provider_most = seconds()
    provider_bins = numbers()
    provider_counts = numbers()
    waited_total = seconds()
    waited_most = seconds()
    waited_bins = numbers()
    waited_counts = numbers()

    class Meta:
        indexes = [models.Index(fields=["seconds", "at"], name="delivery_rollup_at")]


class RingRollup(Cell):
    """What people got by the quarter of an hour in which it was sent. An empty recipient: all of them."""

    pk = models.CompositePrimaryKey("seconds", "recipient", "at")
    recipient = models.CharField(max_length=36)
    messages = models.BigIntegerField()
    rings = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["seconds", "at"], name="ring_rollup_at")]


class MessageRollupProgress(Progress):
    """How far the roll-ups of this app are."""
