"""The app `sentinel_site`: composition."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class SentinelSiteConfig(AppConfig):
    """Registers `sentinel_site`."""

    name = "sentinel_site"
    verbose_name = "Sentinel"

    def ready(self) -> None:
        """Connect the receivers and register the system checks."""
        if settings.TALKS_TO_DEVICES:
            return  # nothing of the queue's or of the pages' is told there
        import_module("sentinel_site.receivers")
        import_module("sentinel_site.checks")
        if settings.SERVES_PAGES:  # where people act, and nowhere else
            import_module("sentinel_site.changes.noting").connect()
