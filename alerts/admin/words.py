"""The colours of the admin's labels; the words stand beside them, so that nothing is said by colour alone."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from alerts.enums import AlertStatus, Priority
from notifications.enums import DeliveryStatus

STATUS_COLOURS: Final[Mapping[str, str]] = {
    AlertStatus.PENDING: "danger", AlertStatus.DELIVERED: "warning", AlertStatus.SEEN: "warning",
    AlertStatus.ACKNOWLEDGED: "info", AlertStatus.RESOLVED: "success",
}  # fmt: skip
PRIORITY_COLOURS: Final[Mapping[int, str]] = {Priority.P1: "danger", Priority.P2: "warning", Priority.P3: "info"}
DELIVERY_COLOURS: Final[Mapping[str, str]] = {
    DeliveryStatus.FAILED: "warning", DeliveryStatus.DEAD: "danger", DeliveryStatus.SENT: "info", DeliveryStatus.DELIVERED: "success",
    DeliveryStatus.SEEN: "success",
}  # fmt: skip
EXEMPT = _("It never holds back alerts of life-safety sources, whatever you write here.")
ONE_A_LINE = _('One to a line, all must hold: source=probe, room=~"1.*", type!=test. ')
