"""The app `alerts`."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Registers `alerts`, and its receivers of what `notifications` tells."""

    name = "alerts"

    def ready(self) -> None:
        """Connect the receivers; models exist only now."""
        from alerts import receivers  # noqa: PLC0415 (models cannot be imported before the apps are ready)

        receivers.connect()
