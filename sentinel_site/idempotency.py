"""Idempotency-Key: the same request with the same key within 24 h gets the same answer, and has its effect once.

The key is claimed by a row before the work and answered by the same row after it. Only successes are kept: an error may
be gone at the next try. A claim whose process died is free again after CLAIM_SECONDS; alerts fold repeats anyway.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from sentinel_site.lib import problems
from sentinel_site.lib.problems import Problem
from sentinel_site.models import IdempotentAnswer

KEEP: Final = timedelta(hours=24)
CLAIM_SECONDS: Final = 30
MAX_KEY: Final = 200
SHOWN_ONCE: Final = {
    "type": "about:blank", "title": "Conflict", "status": 409,
    "detail": "This request was done before, and what it answered is shown once. Revoke what it made, and make another one.",
}  # fmt: skip
"""What is kept in the place of an answer with the header Shown-Once: no secret is stored to be told again."""
IN_WORK: Final = 0
"""The status of a row whose request is being worked on."""


def answer(request: HttpRequest, user: Any, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The kept answer for this key, or that of ``work``, kept when it is a success. Raises Problem for 409 and 422."""
    at, key = timezone.now(), _key(request)
    digest = _digest(request)
    kept = _claim(user, key, digest, at=at)
    if kept is not None:
        return _replay(kept, digest)
    claimed = IdempotentAnswer.objects.filter(user=user, key=key, request_digest=digest, status=IN_WORK, created_at=at)
    try:
        response = work()
    except BaseException:
        claimed.delete()
        raise
    if isinstance(response, HttpResponse) and "Shown-Once" in response.headers:
        claimed.update(status=409, body=[json.dumps(SHOWN_ONCE)])
    elif 200 <= response.status_code < 300 and isinstance(response, HttpResponse):
        claimed.update(status=response.status_code, body=[response.content.decode()] if response.content else [])
    else:
        claimed.delete()
    return response


def _claim(user: Any, key: str, digest: str, *, at: datetime) -> IdempotentAnswer | None:
    """Claim the key. None: the work is the caller's; else the row that is in the way."""
    rows = IdempotentAnswer.objects.filter(user=user, key=key)
    stale = Q(created_at__lt=at - KEEP) | Q(status=IN_WORK, created_at__lt=at - timedelta(seconds=CLAIM_SECONDS))
    rows.filter(stale).delete()
    fresh = IdempotentAnswer(user=user, key=key, request_digest=digest, status=IN_WORK, body=[], created_at=at)
    IdempotentAnswer.objects.bulk_create([fresh], ignore_conflicts=True)
    found = rows.first()
    return None if found is None or (found.status, found.created_at, found.request_digest) == (IN_WORK, at, digest) else found


def _replay(kept: IdempotentAnswer, digest: str) -> HttpResponse:
    if kept.request_digest != digest:
        text = "was used within 24 h for another request; use a new key for each request"
        raise problems.invalid([(("header", "Idempotency-Key"), text)])
    if kept.status == IN_WORK:
        raise Problem(409, "The same request is being worked on. Ask again in a moment for its answer.", headers={"Retry-After": "1"})
    response = HttpResponse("".join(kept.body), status=kept.status, content_type="application/json")
    response["Idempotent-Replayed"] = "true"
    return response


def _key(request: HttpRequest) -> str:
    key = request.headers["Idempotency-Key"]
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise problems.invalid([(("header", "Idempotency-Key"), f"must be 1 to {MAX_KEY} printable characters; a UUID is a good one")])
    return key


def _digest(request: HttpRequest) -> str:
    """What makes two requests the same: method, path and body; of a form its fields and files, whatever their boundary."""
    found = hashlib.sha256(f"{request.method} {request.get_full_path()}\0".encode())
    if request.content_type == "multipart/form-data":
        found.update(json.dumps(sorted(request.POST.lists())).encode())
        for name in sorted(request.FILES):
            upload: Any = request.FILES[name]
            found.update(f"\0{name}\0".encode())
            for chunk in upload.chunks():
                found.update(chunk)
            upload.seek(0)
    else:
        found.update(request.body)
    return found.hexdigest()
