"""What the doctor says about mail: whether it leaves, and whether what comes back about it is taken."""

from collections.abc import Iterator

from django.conf import settings

from notifications import mail_secrets, reply_addresses, transports
from notifications.enums import Transport


def findings() -> Iterator[tuple[str, str]]:
    """Pairs of a level (ok, warn or error) and a sentence."""
    if not settings.EMAIL_URL and not settings.EMAIL_SERVICE:
        yield "warn", f"EMAIL_URL is not set: mail is written as files under {settings.EMAIL_FILE_PATH}."
    elif why := transports.missing(Transport.EMAIL):
        yield "error", f"No mail can be sent: {why}."
    else:
        yield "ok", f"E-mail is set up, through {settings.EMAIL_SERVICE or settings.EMAIL_HOST}."
        if settings.EMAIL_SERVICE:
            yield _comes_back("tracking", "what became of mail")
    if settings.SENTINEL_INBOUND_DOMAIN:
        why = reply_addresses.lacking()
        yield ("error", f"Nobody is asked for replies by mail, and none is read: {why}.") if why else _comes_back("inbound", "of replies")


def _comes_back(kind: str, what: str) -> tuple[str, str]:
    address = f"{settings.SENTINEL_BASE_URL}/integrations/anymail/{settings.EMAIL_SERVICE}/{kind}/"
    if lacking := mail_secrets.lacking(kind):
        return "warn", f"{address} refuses {settings.EMAIL_SERVICE}: {lacking}. Nothing is known of {what}."
    return "ok", f"{settings.EMAIL_SERVICE} may tell {what} at {address}."
