"""What a service worker posts when a message has come, and when somebody taps it. It has no session: the address is the proof."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import links, outbox
from notifications.enums import DeliveryStatus, Transport
from notifications.links import LinkError
from notifications.models import Delivery

PROOFS: Final = {"delivered": DeliveryStatus.DELIVERED, "seen": DeliveryStatus.SEEN}


@csrf_exempt  # the token is what authenticates; no cookie is read, and a service worker has none of the page's
@require_POST
def receipt(_request: HttpRequest, token: str, word: str) -> HttpResponse:
    """204: it is on record. 410: the address is damaged, forged, too old, or about nothing that is kept."""
    try:
        link = links.read(token, at=timezone.now(), purpose=links.RECEIPT)
    except LinkError:
        return HttpResponse(status=410)
    known = word in PROOFS and Delivery.objects.filter(pk=link.delivery_id, transport=Transport.PUSH).exists()
    if not known or not outbox.receive(link.delivery_id, status=PROOFS[word], at=timezone.now(), detail="said by the browser"):
        return HttpResponse(status=410)
    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
