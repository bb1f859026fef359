"""What `notifications` tells the apps above it."""

from django.dispatch import Signal

deliveries_settled = Signal()
"""Sent inside the transaction that settled them. ``deliveries``: list of Delivery (with ``notification``), ``at``, and
``fallen_over``: for a delivery id, the delivery through another method that takes its place."""

delivery_received = Signal()
"""A receipt proved something. ``delivery``: Delivery (with ``notification``), ``status``: DELIVERED or SEEN, ``detail``, ``at``."""

answer_given = Signal()
"""Somebody answered through a transport. ``delivery``: Delivery (with ``notification``, its recipient and group), ``answer``:
answers.Answer, ``via``, ``person`` (the Recipient who answers, when it is known to be another one than was told, or one of the
group), ``name`` (who answers, when no recipient is known), ``at``. The receiver that knows the thread returns an answers.Reply."""

wording_failed = Signal()
"""A text that staff wrote failed and the built-in one is sent. ``delivery``: Delivery (with ``notification``), ``remark``, ``at``."""

samples_wanted = Signal()
"""Somebody wants to see texts with real alerts. ``user``; the receiver returns a list of previews.Sample that ``user`` may see."""
