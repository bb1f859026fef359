"""The app `jobs`."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers `jobs`."""

    name = "jobs"
