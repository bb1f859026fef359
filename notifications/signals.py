"""What `notifications` tells the apps above it."""

from django.dispatch import Signal

deliveries_settled = Signal()
"""Sent inside the transaction that settled them. ``deliveries``: list of Delivery (with ``notification``), ``at``."""

delivery_received = Signal()
"""A receipt proved something. ``delivery``: Delivery (with ``notification``), ``status``: DELIVERED or SEEN, ``at``."""
