"""Time zones by name."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError


def check_zone(name: str) -> None:
    """Validator: ``name`` is an IANA time zone. Raises ValidationError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError("There is no such time zone. Write an IANA name, for example Europe/Paris.") from None
