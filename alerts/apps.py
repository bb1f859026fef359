"""The app `alerts`."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Registers `alerts`."""

    name = "alerts"
