"""The app `devices`."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Registers `devices`."""

    name = "devices"
