"""The rules that a device which pushes gets when it first reports humidity: dry and humid, each as a warning and as critical.

They are rules like all others: edited and deleted freely, and never made twice for one device. The critical ones come at the first
reading beyond (readings are minutes apart), the warnings only when it stays so; a sudden fall is therefore told once, as critical. An
inhibition keeps the warning quiet as long as the critical alert about the same air is open; whoever was warned before is still
called when it gets worse.
"""

from collections.abc import Collection
from typing import Any, Final

from django.db import transaction

from alerts.enums import Severity
from alerts.models import Inhibition
from devices.enums import Comparison
from devices.models import AlertRule, Device

METRIC: Final = "humidity"
MOST: Final = 8
"""Of so many metrics at once rules are made: each may call people."""
COMMON: Final = {"hysteresis": 2.0, "cooldown_seconds": 900}
WARNING: Final = {"severity": Severity.MEDIUM, "sustained_seconds": 300}
CRITICAL: Final = {"severity": Severity.CRITICAL, "sustained_seconds": 0}
RULES: Final[dict[str, dict[str, Any]]] = {
    "very dry": {"comparison": Comparison.BELOW, "threshold": 30.0, **CRITICAL},
    "very humid": {"comparison": Comparison.ABOVE, "threshold": 90.0, **CRITICAL},
    "dry": {"comparison": Comparison.BELOW, "threshold": 35.0, **WARNING},
    "humid": {"comparison": Comparison.ABOVE, "threshold": 70.0, **WARNING},
}
"""The critical ones first: rules judge a reading in the order in which they were made."""
INHIBITION: Final = "Humidity: the critical alert says it all"
_ABOUT: Final = ["type=threshold", 'metric=~"(.*_)?humidity"']


def make_rules(device: Device, metrics: Collection[str]) -> bool:
    """Make the default rules when ``device`` reports humidity for the first time. Returns whether they were made now.

    A metric that somebody wrote a rule for already gets none, and neither does one beyond the first MOST.
    """
    found = sorted(metric for metric in metrics if metric == METRIC or metric.endswith(f"_{METRIC}"))
    if not found or device.default_rules_made:
        return False
    with transaction.atomic():
        if not Device.objects.filter(pk=device.pk, default_rules_made=False).update(default_rules_made=True):
            return False
        _quiet_warnings()
        ruled = set(AlertRule.objects.filter(device=device, metric__in=found).values_list("metric", flat=True))
        for metric in [metric for metric in found if metric not in ruled][:MOST]:
            _make(device, metric)
    device.default_rules_made = True
    return True


def _make(device: Device, metric: str) -> None:
    for name, fields in RULES.items():
        of = metric.replace("_", " ").capitalize()
        AlertRule.objects.get_or_create(device=device, name=f"{of}: {name}", defaults={"metric": metric, **COMMON, **fields})


def _quiet_warnings() -> None:
    """With the first of all such devices; whoever deletes it does not get it back."""
    if Device.objects.filter(default_rules_made=True).count() == 1:
        Inhibition.objects.get_or_create(
            name=INHIBITION,
            defaults={
                "source_matchers": [*_ABOUT, "severity=critical"], "target_matchers": [*_ABOUT, "severity=medium"],
                "equal": ["subject", "metric"],
                "wait_seconds": 0,  # the critical one comes at the first reading, the warning minutes later
            },
        )  # fmt: skip
