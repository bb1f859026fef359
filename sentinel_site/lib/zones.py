"""Time zones by name: the site's, and whether there is one of a name."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def site_time_zone() -> str:
    """The site's own zone: a default that changes with the setting, and writes no migration."""
    return settings.TIME_ZONE


def check_zone(name: str) -> None:
    """Validator: ``name`` is an IANA time zone. Raises ValidationError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(_("There is no such time zone. Write an IANA name, for example Europe/Paris.")) from None
