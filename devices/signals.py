"""What `devices` asks of the apps above it."""

from django.dispatch import Signal

monitor_wanted = Signal()
"""Somebody is about to wait for a monitor. ``at``; the receiver returns whether one has given a sign of life lately."""
