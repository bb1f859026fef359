"""The app `backups`."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """Registers `backups`, and its receivers of what others ask."""

    name = "backups"

    def ready(self) -> None:
        """Connect the receivers; models exist only now."""
        from backups import receivers  # noqa: PLC0415 (models cannot be imported before the apps are ready)

        receivers.connect()
