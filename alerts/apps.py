"""The app `alerts`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    """Registers `alerts`, and its receivers of what `notifications` tells."""

    name = "alerts"
    verbose_name = _("Alerts")

    def ready(self) -> None:
        """Connect the receivers; models exist only now."""
        from alerts import receivers  # noqa: PLC0415 (models cannot be imported before the apps are ready)

        receivers.connect()
