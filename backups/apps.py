"""The app `backups`."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """Registers `backups`."""

    name = "backups"
