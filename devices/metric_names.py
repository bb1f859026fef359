"""Which metrics a device that pushes may have: any, but not any number of them. Each costs roll-ups for ever, and a place in every list.

A metric that a rule looks at is always welcome, so that nobody can crowd it out.
"""

import logging
from collections.abc import Collection
from typing import Final

from django.db import transaction

from devices.models import AlertRule, Device

MAX_NAMES: Final = 256
"""Of one device, ever. Four channels of sixteen values are a quarter of it."""
REFUSED: Final = f"a device has at most {MAX_NAMES} different metrics; make another device for more"
logger = logging.getLogger(__name__)


def refused(device: Device, names: Collection[str]) -> set[str]:
    """Those of ``names`` that ``device`` may not have, the others being its own from now on. Committed on return."""
    if device.is_polled or set(names) <= set(device.metrics):
        return set()
    with transaction.atomic():
        held = Device.objects.select_for_update(no_key=True).only("metrics").filter(pk=device.pk).first()
        known = held.metrics if held is not None else []
        new = sorted(set(names) - set(known))
        taken = new[: max(0, MAX_NAMES - len(known))]
        Device.objects.filter(pk=device.pk).update(metrics=[*known, *taken])
    device.metrics = [*known, *taken]
    left = set(new) - set(taken)
    if left:
        left -= set(AlertRule.objects.filter(device=device, metric__in=left).values_list("metric", flat=True))
        logger.warning("%s sends %d metrics beyond its %d; they are not taken", device.slug, len(left), MAX_NAMES)
    return left
