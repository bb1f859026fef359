"""What the worker does for `devices`. Each task reads the clock and makes idempotent calls; it may run twice, or be lost."""

from django.utils import timezone

from devices import rollups, rule_upkeep, silent


def roll_up() -> None:
    """Roll up the minutes and hours that have new readings."""
    rollups.run_due(at=timezone.now())


def silence() -> None:
    """Tell people about devices that should push and do not."""
    silent.check(at=timezone.now())


def close_orphans() -> None:
    """Close the events of rules that nobody else would close."""
    rule_upkeep.sweep(at=timezone.now())
