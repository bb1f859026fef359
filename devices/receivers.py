"""What happens to devices and rules, by whatever way, handed to the domain. Connected in apps.py."""

from typing import Any

from django.db.models.signals import post_save, pre_delete
from django.utils import timezone

from alerts.models import Alert
from alerts.signals import alert_closed
from devices import noting, rule_upkeep
from devices.enums import Closing
from devices.models import AlertRule, Device


def connect() -> None:
    """Listen, once however often it is called."""
    post_save.connect(on_rule_saved, sender=AlertRule, dispatch_uid="devices.rule_saved")
    pre_delete.connect(on_rule_deleted, sender=AlertRule, dispatch_uid="devices.rule_deleted")
    post_save.connect(on_device_saved, sender=Device, dispatch_uid="devices.device_saved")
    pre_delete.connect(on_device_deleted, sender=Device, dispatch_uid="devices.device_deleted")
    alert_closed.connect(on_alert_closed, dispatch_uid="devices.alert_closed")


def on_rule_saved(*, instance: AlertRule, created: bool, raw: bool = False, **_: Any) -> None:
    """See rule_upkeep.changed."""
    if not created and not raw:
        rule_upkeep.changed(instance.pk, at=timezone.now())


def on_rule_deleted(*, instance: AlertRule, **_: Any) -> None:
    """See rule_upkeep.deleted."""
    rule_upkeep.deleted(instance.pk, at=timezone.now())


def on_device_saved(*, instance: Device, created: bool, raw: bool = False, **_: Any) -> None:
    """See rule_upkeep.device_changed."""
    if not created and not raw:
        rule_upkeep.device_changed(instance, at=timezone.now())


def on_device_deleted(*, instance: Device, **_: Any) -> None:
    """Its open events end with it."""
    rule_upkeep.cut_short_all(instance.pk, Closing.DEVICE, at=timezone.now())


def on_alert_closed(*, alert: Alert, **_: Any) -> None:
    """See noting.alert_closed."""
    noting.alert_closed(alert)
