"""What Twilio calls: receipts, replies by SMS, keys. Nothing is read before the signature is verified."""

import logging
from collections.abc import Callable
from functools import wraps
from hmac import compare_digest
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import call_keys, gsm, sms_replies, twilio_receipts, twilio_signature
from notifications.transports import twilio_client, voice

FORM: Final = "application/x-www-form-urlencoded"
BODY_BYTES: Final = 64 * 1024
NOT_OURS: Final = "This address was not made by Sentinel."
View = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger(__name__)


def from_twilio(view: View) -> View:
    """``view`` for requests that Twilio signed, and for no others."""

    @csrf_exempt  # Twilio's signature is what authenticates; no cookie is read
    @require_POST
    @wraps(view)
    def called(request: HttpRequest) -> HttpResponse:
        return _refusal(request) or view(request)

    return called


@from_twilio
def status(request: HttpRequest) -> HttpResponse:
    """A receipt, or what became of a call."""
    delivery_id = _delivery_id(request, "status")
    if delivery_id is None:
        return _plain(NOT_OURS, 403)
    twilio_receipts.take(delivery_id, request.POST.dict(), at=timezone.now())  # type: ignore[arg-type]
    return HttpResponse(status=204)


@from_twilio
def sms(request: HttpRequest) -> HttpResponse:
    """Somebody sent an SMS to our number."""
    form = request.POST
    text = form.get("OptOutType") or form.get("Body", "")
    reply = sms_replies.take(text, number=form.get("From", ""), message_id=form.get("MessageSid", ""), at=timezone.now())
    return _twiml(_reply(reply))


@from_twilio
def keys(request: HttpRequest) -> HttpResponse:
    """Somebody pressed a key during a call."""
    delivery_id = _delivery_id(request, "voice")
    number, key = request.POST.get("To", ""), request.POST.get("Digits", "")
    said = call_keys.press(delivery_id, key=key, number=number, at=timezone.now()) if delivery_id else None
    if said is None:
        return _plain(NOT_OURS, 403)
    again = f"{settings.SENTINEL_BASE_URL}{request.get_full_path()}" if said.again else ""
    return _twiml(voice.said(said.text, language=said.language, keys=again))


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Why the request is not read; None when it is Twilio's."""
    if not twilio_signature.secrets():
        logger.error("Twilio called, and was refused: %s", twilio_client.hears_back())
        return _plain("TWILIO_AUTH_TOKEN is not set, so nothing can be verified.", 503)
    if (request.content_type or "").lower() != FORM:
        return _plain(f"Send {FORM}.", 415)
    length = request.headers.get("Content-Length", "")
    if (length.isdigit() and int(length) > BODY_BYTES) or len(request.body) > BODY_BYTES:
        return _plain("The body is too large.", 413)
    if not twilio_signature.genuine(request.get_full_path(), request.POST, request.headers):
        logger.warning("a request to %s was not signed by Twilio for SENTINEL_BASE_URL with TWILIO_AUTH_TOKEN", request.path)
        return _plain("The signature is not Twilio's.", 403)
    return None


def _delivery_id(request: HttpRequest, what: str) -> UUID | None:
    """The delivery that the address was made for; None for an address that we did not make."""
    given = request.GET.get("d", "")
    sealed = compare_digest(request.GET.get("s", "").encode(), twilio_client.seal(what, given).encode())
    return UUID(given) if sealed else None


def _reply(text: str) -> str:
    from twilio.twiml.messaging_response import MessagingResponse  # noqa: PLC0415 (only where Twilio is used)

    response = MessagingResponse()
    if text:
        response.message(gsm.fit([text], ""))
    return str(response)


def _twiml(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/xml; charset=utf-8", headers={"Cache-Control": "no-store"})


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
