"""The app `sentinel_site`: composition."""

from importlib import import_module

from django.apps import AppConfig


class SentinelSiteConfig(AppConfig):
    """Registers `sentinel_site`."""

    name = "sentinel_site"
    verbose_name = "Sentinel"

    def ready(self) -> None:
        """Connect the receivers and register the system checks."""
        import_module("sentinel_site.receivers")
        import_module("sentinel_site.checks")
