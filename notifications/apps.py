"""The app `notifications`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Registers `notifications`."""

    name = "notifications"
    verbose_name = _("Notifications")
