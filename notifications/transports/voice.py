"""Telephone calls, through Twilio: a voice reads the message, three times, and asks for a key.

Only a key proves that a person heard it: what picks up may be a voicemail. What becomes of the call comes back by
call-backs (twilio_receipts.py), and so do the keys (call_keys.py).
"""

from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext_noop

from notifications import telephone_words
from notifications.enums import ANSWERABLE, Reason
from notifications.models import ContactMethod, Delivery
from notifications.rendering import Wording
from notifications.transports import twilio_client
from notifications.transports.base import Sent

RING_SECONDS: Final = 25
"""Shorter than most voicemails wait."""
CALL_SECONDS: Final = 120
KEY_SECONDS: Final = 6
TIMES: Final = 3
TWIML_LENGTH: Final = 4000
"""Twilio takes no more in one request."""


def send(delivery: Delivery, method: ContactMethod, wording: Wording) -> Sent:
    """See base.Transport. The voice speaks at once; whether a machine listens is found out meanwhile."""
    fields: dict[str, Any] = {
        "to": method.address, "from_": settings.TWILIO_VOICE_FROM, "twiml": script(delivery, wording), "timeout": RING_SECONDS,
        "time_limit": CALL_SECONDS,
    }  # fmt: skip
    if not twilio_client.hears_back():
        status = twilio_client.callback("status", delivery)
        fields |= {
            "status_callback": status, "status_callback_event": ["completed"], "machine_detection": "Enable", "async_amd": "true",
            "async_amd_status_callback": status,
        }  # fmt: skip
    return twilio_client.create(lambda client: client.calls.create(**fields))


def missing() -> str:
    """Which settings are missing."""
    lacks = [twilio_client.missing()] if twilio_client.missing() else []
    if not settings.TWILIO_VOICE_FROM:
        lacks.append("TWILIO_VOICE_FROM, or a number in TWILIO_FROM")
    return gettext_noop("voice calls are not set up") + f" ({', '.join(lacks)})" if lacks else ""


def close() -> None:
    """Nothing: no connection is kept open."""


def gives_receipts(method: ContactMethod) -> bool:
    """Twilio says what became of the call, where that can come back."""
    return not twilio_client.hears_back()


def destination(method: ContactMethod) -> str:
    """All calls go to one place."""
    return ""


def script(delivery: Delivery, wording: Wording) -> str:
    """What the voice says, as TwiML; as often as Twilio's limit allows, and TIMES at the most."""
    language = wording.language
    keys = "" if twilio_client.hears_back() or delivery.notification.reason == Reason.CODE else twilio_client.callback("voice", delivery)
    text = wording.spoken
    answerable = delivery.notification.reason in ANSWERABLE
    for times in range(TIMES, 1, -1):
        twiml = _twiml(text, keys, language, times=times, answerable=answerable)
        if len(twiml) <= TWIML_LENGTH:
            return twiml
    return _twiml(text[: TWIML_LENGTH // 8], keys, language, times=1, answerable=answerable)


def said(text: str, *, language: str, keys: str = "") -> str:
    """TwiML that says ``text``, waits for a key if ``keys`` is the address that takes it, and hangs up."""
    from twilio.twiml.voice_response import VoiceResponse  # noqa: PLC0415 (as in twilio_client)

    response = VoiceResponse()
    _speak(response, text, keys, language)
    response.hangup()
    return str(response)


def _twiml(text: str, keys: str, language: str, *, times: int, answerable: bool) -> str:
    from twilio.twiml.voice_response import VoiceResponse  # noqa: PLC0415 (as in twilio_client)

    response = VoiceResponse()
    response.pause(length=1)  # until the telephone is at the ear
    how = ("keys" if answerable else "confirm") if keys else "no_keys" if answerable else ""
    spoken = f"{text} {telephone_words.say(how, language)}" if how else text
    for _ in range(times):
        _speak(response, spoken, keys, language)
    end = telephone_words.say("nobody_pressed" if answerable and keys else "goodbye", language)
    response.say(end, language=telephone_words.VOICES[language])
    return str(response)


def _speak(response: Any, text: str, keys: str, language: str) -> None:
    place = response.gather(input="dtmf", num_digits=1, timeout=KEY_SECONDS, action=keys, method="POST") if keys else response
    place.say(text, language=telephone_words.VOICES[language])
    if not keys:
        response.pause(length=2)
