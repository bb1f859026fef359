"""The app `devices`."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Registers `devices`."""

    name = "devices"

    def ready(self) -> None:
        """Listen to what happens to devices and rules."""
        from devices import receivers  # noqa: PLC0415 (models are not ready before)

        receivers.connect()
