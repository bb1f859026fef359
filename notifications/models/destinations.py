"""What is known about the places that messages go to. Written when something changes, and shared by all runners."""

from django.db import models

from notifications.enums import Transport


class Destination(models.Model):
    """A place that failed or asked to wait: a host, or with an empty name all of a transport (base.Transport.destination).

    ``opened_at``: its breaker is open since then; others than the most urgent wait, and one at a time tries (breakers.py).
    """

    id = models.BigAutoField(primary_key=True)
    transport = models.CharField(max_length=16, choices=Transport.choices)
    name = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True, help_text="When the next message may try it.")
    probes = models.PositiveIntegerField(default=0, help_text="How many have tried it since it opened.")
    slow_until = models.DateTimeField(null=True, help_text="It asked to be left alone until then.")
    error = models.CharField(max_length=500, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transport", "name"], name="destination_once")]

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.get_transport_display(), self.name)))


class Pace(models.Model):
    """How far ahead of its rate a limited transport is, or one address of it (``key``). See pace.py."""

    id = models.BigAutoField(primary_key=True)
    transport = models.CharField(max_length=16, choices=Transport.choices)
    key = models.CharField(max_length=64, blank=True)
    free_at = models.DateTimeField(help_text="When everything that was sent has been paid for.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transport", "key"], name="pace_once")]

    def __str__(self) -> str:
        return f"{self.get_transport_display()} {self.key}".strip()
