"""What the doctor says about mail: whether it leaves, and whether what comes back about it is taken."""

from collections.abc import Iterator

from django.conf import settings

from notifications import transports
from notifications.enums import Transport


def findings() -> Iterator[tuple[str, str]]:
    """Pairs of a level (ok, warn or error) and a sentence."""
    if not settings.EMAIL_URL and not settings.EMAIL_SERVICE:
        yield "warn", f"EMAIL_URL is not set: mail is written as files under {settings.EMAIL_FILE_PATH}."
    elif why := transports.missing(Transport.EMAIL):
        yield "error", f"No mail can be sent: {why}."
    else:
        yield "ok", f"E-mail is set up, through {settings.EMAIL_SERVICE or settings.EMAIL_HOST}."
