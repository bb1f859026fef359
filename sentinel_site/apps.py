"""The app `sentinel_site`: composition."""

import gc
from importlib import import_module
from typing import Final

from django.apps import AppConfig
from django.conf import settings

PRELOADED: Final = (
    "sentinel_site.tasks", "alerts.tasks", "notifications.tasks", "devices.tasks", "jobs.tasks", "django_q.cluster", "django_q.brokers.orm",
    *(f"notifications.transports.{kind}" for kind in ("email", "webhook", "push", "slack", "sms", "voice", "apprise")),
)  # fmt: skip


class SentinelSiteConfig(AppConfig):
    """Registers `sentinel_site`."""

    name = "sentinel_site"
    verbose_name = "Sentinel"

    def ready(self) -> None:
        """Connect the receivers and register the system checks; load what the worker's forks share before it forks."""
        if settings.TALKS_TO_DEVICES:
            return  # nothing of the queue's or of the pages' is told there
        import_module("sentinel_site.receivers")
        import_module("sentinel_site.checks")
        if settings.FORKS and settings.SHARES_TASKS:
            for name in PRELOADED:
                import_module(name)
            gc.freeze()  # a collection would write to, and so copy, every page they share
