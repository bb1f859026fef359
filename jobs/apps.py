"""The app `jobs`."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Registers `jobs`, and its receivers of what happens to runs."""

    name = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        """Connect the receivers; models exist only now."""
        from jobs import receivers  # noqa: PLC0415 (models cannot be imported before the apps are ready)

        receivers.connect()
        if settings.SERVES_PAGES:
            from jobs import story_receivers  # noqa: PLC0415 (the same)

            story_receivers.connect()
