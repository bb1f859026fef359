"""What the mail service calls: receipts and replies. Only the service that is set up is listened to, and only with its secret."""

import hashlib
import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.inbound import AnymailInboundMessage
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from redis.exceptions import RedisError

from notifications import mail_events, mail_replies, mail_secrets

TRACKING: Final = {
    "postmark": "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
    "sendgrid": "anymail.webhooks.sendgrid.SendGridTrackingWebhookView",
    "brevo": "anymail.webhooks.brevo.BrevoTrackingWebhookView",
    "amazon_ses": "anymail.webhooks.amazon_ses.AmazonSESTrackingWebhookView",
}
INBOUND: Final = {
    "postmark": "anymail.webhooks.postmark.PostmarkInboundWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunInboundWebhookView",
    "sendgrid": "anymail.webhooks.sendgrid.SendGridInboundWebhookView",
    "brevo": "anymail.webhooks.brevo.BrevoInboundWebhookView",
}
KNOWN_SECONDS: Final = 24 * 3600
"""How old a signature of Mailgun may be, and for how long the ones used are remembered."""
UNREADABLE: Final = (AnymailError, ValueError, LookupError, TypeError, AttributeError, RecursionError, ArithmeticError)
Take = Callable[..., None]
logger = logging.getLogger(__name__)


@csrf_exempt  # the service's secret or signature is what authenticates; no cookie is read
@require_http_methods(["POST", "HEAD"])
def tracking(request: HttpRequest, service: str) -> HttpResponse:
    """What became of messages. An error of ours is a 500, and the service tells it again."""
    return _heard(request, service, "tracking", TRACKING, mail_events.take)


@csrf_exempt  # as above
@require_http_methods(["POST", "HEAD"])
def inbound(request: HttpRequest, service: str) -> HttpResponse:
    """A mail came in: a reply to a message."""
    if not settings.SENTINEL_INBOUND_DOMAIN:
        return _plain("Replies by mail are not taken here (SENTINEL_INBOUND_DOMAIN).", 404)
    return _heard(request, service, "inbound", INBOUND, mail_replies.take)


def _heard(request: HttpRequest, service: str, kind: str, views: dict[str, str], take: Take) -> HttpResponse:
    if service != settings.EMAIL_SERVICE or service not in views:
        return _plain("This mail service is not the one that is set up here (ANYMAIL_BACKEND).", 404)
    if lacking := mail_secrets.lacking(kind):
        logger.error("%s called, and was refused: %s", service, lacking)
        return _plain(f"Nothing can be verified: {lacking}.", 503)
    if request.method == "HEAD":
        return HttpResponse()
    at = timezone.now()
    view = import_string(views[service])()
    view._fetch_attachment = _no_attachment
    events = _verified(request, service, view, at=at)
    if isinstance(events, HttpResponse):
        return events
    for event in events:
        take(event, service=service, at=at)
    return HttpResponse(status=200)


def _verified(request: HttpRequest, service: str, view: Any, *, at: datetime) -> list[Any] | HttpResponse:
    """The events of a request that is the service's own; else the refusal."""
    try:
        request.body  # noqa: B018 (read, and bounded, before anything is made of it)
        view.setup(request)
        view.run_validators(request)
        if service == "mailgun" and not _is_new(request, at=at):
            raise AnymailWebhookValidationFailure("used before, or too old")
        return list(view.parse_events(request))
    except RequestDataTooBig:
        return _plain("The body is too large.", 413)
    except AnymailWebhookValidationFailure:
        logger.warning("a request to %s did not come from %s, or with another secret than ours", request.path, service)
        refusal = _plain("The secret or the signature is not the one that is set up here.", 401)
        refusal["WWW-Authenticate"] = 'Basic realm="Sentinel"'  # SNS shows the secret only after this
        return refusal
    except RedisError:
        return _plain("Not ready: send it again.", 503)
    except UNREADABLE as error:
        logger.warning("a request from %s to %s cannot be read (%s)", service, request.path, type(error).__name__)
        return _plain("This cannot be read as the service's own format.", 400)


def _is_new(request: HttpRequest, *, at: datetime) -> bool:
    """Mailgun signs a number and the time, not the body: each such signature counts for one content only, for a day."""
    if request.content_type == "application/json":
        signed, content = json.loads(request.body)["signature"], request.body
    else:
        signed, content = request.POST, repr(sorted(request.POST.lists())).encode()
    if abs(at.timestamp() - float(signed["timestamp"])) > KNOWN_SECONDS:
        return False
    name = "mailgun:" + hashlib.sha256(str(signed["token"]).encode()).hexdigest()
    digest = hashlib.sha256(content).hexdigest()
    return bool(cache.add(name, digest, 2 * KNOWN_SECONDS)) or cache.get(name) == digest


def _no_attachment(_attachment: object) -> AnymailInboundMessage:
    """In place of Brevo's attachments, which the library would fetch, and wait for."""
    return AnymailInboundMessage.construct_attachment("application/octet-stream", b"")


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
