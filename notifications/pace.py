"""Rates: how many messages a provider takes in a time (SENTINEL_RATE_...), kept by all runners together.

Each message pays for its share of the time; who has paid up to now may send. A burst of one second's messages, and always
of one, is allowed. Slack counts by channel, the others for the whole transport.
"""

import math
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F

from notifications.enums import Transport
from notifications.models import Delivery, Pace

PER_ADDRESS: Final = frozenset({Transport.SLACK})


def key(delivery: Delivery) -> str:
    """What the rate of its transport counts by: one address, or (empty) everything."""
    return delivery.method.address_digest if delivery.method and delivery.transport in PER_ADDRESS else ""


def limited(transport: str) -> bool:
    """Whether ``transport`` has a rate."""
    return bool(settings.SENTINEL_RATES.get(transport))


def share(transport: str) -> timedelta:
    """The time that one message pays for; none without a rate."""
    rate = settings.SENTINEL_RATES.get(transport)
    return timedelta(seconds=1 / rate) if rate else timedelta()


def take(transport: str, wanted: int, *, at: datetime, key: str = "") -> tuple[int, datetime]:
    """How many of ``wanted`` may be sent at ``at``, and when the next one may; they are paid for."""
    rate = settings.SENTINEL_RATES.get(transport) or 0.0
    if not rate or not wanted:
        return wanted, at
    share, burst = timedelta(seconds=1 / rate), max(1, int(rate))
    with transaction.atomic():
        Pace.objects.bulk_create([Pace(transport=transport, key=key, free_at=at)], ignore_conflicts=True)
        row = Pace.objects.select_for_update().get(transport=transport, key=key)
        paid = max(row.free_at, at)
        count = max(0, min(wanted, math.floor((at - paid) / share + burst + 1e-6)))
        if count:
            paid += share * count
            Pace.objects.filter(pk=row.pk).update(free_at=paid)
    return count, paid - share * (burst - 1)


def give_back(transport: str, count: int, *, key: str = "") -> None:
    """``count`` of those taken were not sent."""
    rate = settings.SENTINEL_RATES.get(transport) or 0.0
    if rate and count > 0:
        Pace.objects.filter(transport=transport, key=key).update(free_at=F("free_at") - timedelta(seconds=count / rate))
