"""Pings for whoever does not come through the fast door (sentinel_site/ping_door.py): the same answers, one at a time."""

import logging

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from psycopg_pool import PoolTimeout

from backups import ping_wire, pings
from backups.ping_calls import Became
from backups.ping_wire import Answer, Asked
from backups.pings import HEAD_BYTES, TAIL_BYTES
from sentinel_site.lib.ends import Ends
from sentinel_site.lib.peers import address_of

CHUNK = 65_536
logger = logging.getLogger(__name__)


@csrf_exempt  # the address is what authenticates; no cookie is read, and whoever pings knows nothing of tokens
def ping(request: HttpRequest) -> HttpResponse:
    """Any ping, in any of the forms of ping_wire.py."""
    call = ping_wire.read(_asked(request))
    if isinstance(call, Answer):
        return _response(call)
    try:
        became = pings.take([call])[0]
    except (DatabaseError, PoolTimeout):
        logger.exception("a ping could not be stored; its sender is told so")
        became = Became.BUSY
    return _response(ping_wire.answer(request.path, became))


def _asked(request: HttpRequest) -> Asked:
    ends = Ends(HEAD_BYTES, TAIL_BYTES)
    while part := request.read(CHUNK):
        ends.add(part)
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return Asked(
        at=timezone.now(), method=request.method or "", path=request.path, query=request.META.get("QUERY_STRING", ""),
        address=address_of(forwarded=forwarded, peer=request.META.get("REMOTE_ADDR") or ""),
        agent=request.headers.get("User-Agent", ""), head=ends.head, tail=ends.tail, size=ends.size,
    )  # fmt: skip


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.content, status=answer.status, content_type=answer.content_type, headers=dict(answer.headers))
