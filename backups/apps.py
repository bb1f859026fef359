"""The app `backups`."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class BackupsConfig(AppConfig):
    """Registers `backups`, and its receivers of what others ask."""

    name = "backups"
    verbose_name = _("Backups")

    def ready(self) -> None:
        """Connect the receiver; models exist only now."""
        if settings.SERVES_PAGES:
            from backups import story_receivers  # noqa: PLC0415 (models cannot be imported before the apps are ready)

            story_receivers.connect()
