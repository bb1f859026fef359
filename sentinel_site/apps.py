"""The app `sentinel_site`: composition."""

from django.apps import AppConfig


class SentinelSiteConfig(AppConfig):
    """Registers `sentinel_site`."""

    name = "sentinel_site"
    verbose_name = "Sentinel"
