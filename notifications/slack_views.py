"""Where Slack reports pressed buttons."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import slack_buttons

LONGEST: Final = 64 * 1024


@csrf_exempt  # Slack's signature is what authenticates; no cookie is read
@require_POST
def interactive(request: HttpRequest) -> HttpResponse:
    """A pressed button: 200 whatever comes of it (Slack would show an error otherwise); 401 when it is not from Slack."""
    if not settings.SLACK_SIGNING_SECRET:
        return _text("Nothing is taken from Slack here: SLACK_SIGNING_SECRET is not set.", status=503)
    raw = request.read(LONGEST + 1)
    if len(raw) > LONGEST:
        return _text("That is too long.", status=413)
    if not slack_buttons.genuine(raw, request.headers):
        return _text("The signature is wrong or missing, or the request is older than five minutes.", status=401)
    if (press := slack_buttons.read(raw)) is not None:
        slack_buttons.say(press, slack_buttons.take(press, at=timezone.now()))
    return HttpResponse(headers={"Cache-Control": "no-store"})


def _text(text: str, *, status: int) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})
