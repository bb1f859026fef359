"""What the doctor says about SMS and calls: whether they leave, and whether receipts and answers come back."""

from collections.abc import Iterator

from django.conf import settings

from notifications import transports
from notifications.enums import Transport
from notifications.transports import sms, twilio_client


def findings() -> Iterator[tuple[str, str]]:
    """Pairs of a level (ok or warn) and a sentence."""
    for kind, what in ((Transport.SMS, "SMS"), (Transport.VOICE, "Voice calls")):
        why = transports.missing(kind)
        yield ("warn", f"{why[:1].upper()}{why[1:]}.") if why else ("ok", f"{what} are sent through Twilio.")
    if twilio_client.missing():
        return
    if why := twilio_client.hears_back():
        yield "warn", f"{why}. An SMS carries the answer link instead of a code, and calls take no key."
        return
    yield "ok", f"Twilio may tell receipts and answers at {settings.SENTINEL_BASE_URL}/integrations/twilio/; enter …/sms for the number."
    if not transports.missing(Transport.SMS) and not sms.takes_replies():
        yield "warn", "TWILIO_FROM is a name: nobody can reply to an SMS, which carries the answer link instead."
