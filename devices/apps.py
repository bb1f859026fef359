"""The app `devices`."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class DevicesConfig(AppConfig):
    """Registers `devices`."""

    name = "devices"
    verbose_name = _("Devices")

    def ready(self) -> None:
        """Listen to what happens to devices and rules."""
        from devices import receivers  # noqa: PLC0415 (models are not ready before)

        receivers.connect()
        if settings.SERVES_PAGES:
            from devices import story_receivers  # noqa: PLC0415 (the same)

            story_receivers.connect()
