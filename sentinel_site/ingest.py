"""The fast door for reports: POST /api/v1/alerts and /alerts/batch with an API key, in front of Django.

Django's own request handling costs more than storing an alert. This ASGI application hands a report, with everything
that came in during the previous commits, to one call of ``intake.accept``: one transaction for all of them. It answers
what it stored and nothing else: whatever is not the plain case (no key or a wrong one, a missing permission, a report
that is refused, an Idempotency-Key, a browser, a database that is away) goes on to Django unread, so there is one place for it.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone
from psycopg_pool import PoolTimeout
from pydantic_core import to_json

from alerts import describe, intake, reading, reports, schemas
from alerts.errors import AlertError
from alerts.folding import NewReport
from sentinel_site import auth
from sentinel_site.lib import permissions
from sentinel_site.lib.together import Together

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
Answer = tuple[int, bytes]

SINGLE: Final = "/api/v1/alerts"
BATCH: Final = "/api/v1/alerts/batch"
MAX_BODY: Final = 1024 * 1024
HEADERS: Final = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Job:
    """One request on its way."""

    key: str
    body: bytes
    batch: bool


class Ingest:
    """ASGI middleware, one instance per process."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner
        self._together: Together[Job, Answer] = Together(work, name="ingest")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a plain report; pass everything else on."""
        key = _key_of(scope)
        if not key:
            await self._inner(scope, receive, send)
            return
        messages = await _read(receive)
        answer = None
        if _is_whole(messages):
            body = b"".join(message.get("body", b"") for message in messages)
            answer = await self._together.answer(Job(key, body, scope["path"] == BATCH))
        if answer is None:
            await self._inner(scope, _replay(messages, receive), send)
            return
        status, content = answer
        headers = [*HEADERS, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def work(jobs: Sequence[Job]) -> list[Answer | None]:
    """Store the reports of ``jobs``: the single ones together, each batch by itself. Runs in a thread; raises nothing of the database."""
    at = timezone.now()
    answers: list[Answer | None] = [None] * len(jobs)
    close_old_connections()
    try:
        allowed = [_allowed(job.key, at=at) for job in jobs]
        singles = [(place, user_id) for place, user_id in enumerate(allowed) if user_id is not None and not jobs[place].batch]
        _store_singles(jobs, singles, answers, at=at)
        for place, user_id in enumerate(allowed):
            if user_id is not None and jobs[place].batch:
                answers[place] = _store_batch(jobs[place].body, at=at, by_id=user_id)
    except (DatabaseError, PoolTimeout):
        logger.warning("the database is away; Django answers", exc_info=True)
    finally:
        close_old_connections()
    return answers


def _store_singles(jobs: Sequence[Job], singles: Sequence[tuple[int, int]], answers: list[Answer | None], *, at: datetime) -> None:
    """Fill in the answers of the reports that are accepted; the others stay with Django, which keeps them as refused."""
    good: list[int] = []
    parsed: list[NewReport] = []
    for place, user_id in singles:
        try:
            report = schemas.parse_item(schemas.read(jobs[place].body))
        except AlertError:
            continue
        if isinstance(report, NewReport):
            good.append(place)
            parsed.append(report._replace(by_id=user_id))
    if not parsed:
        return
    outcomes = intake.accept(parsed, at=at)
    stored = {place: outcome for place, outcome in zip(good, outcomes, strict=True) if isinstance(outcome, intake.Accepted)}
    alerts = {alert.pk: alert for alert in reading.alerts(reading.BY_ID, [list({each.alert_id for each in stored.values()})])}
    for place, outcome in stored.items():
        answers[place] = (201 if outcome.created else 200, to_json(describe.alert(alerts[outcome.alert_id])))


def _store_batch(body: bytes, *, at: datetime, by_id: int) -> Answer | None:
    try:
        return 200, to_json({"results": reports.take_batch(body, at=at, by_id=by_id)})
    except AlertError:
        return None


def _allowed(key: str, *, at: datetime) -> int | None:
    """The id of the key's user when that user may report; else None."""
    user = auth.user_of(key, at=at)
    return user.pk if user is not None and permissions.allowed(user, "alerts.report_alert") else None


def _key_of(scope: MutableMapping[str, Any]) -> str:
    """The key of a plain report; empty for everything Django shall look at."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in (SINGLE, BATCH):
        return ""
    headers = dict(scope["headers"])
    plain = (
        b"idempotency-key" not in headers and headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == b"application/json"
    )
    if not plain or b"origin" in headers or (settings.SECURE_SSL_REDIRECT and not _is_secure(scope, headers)):
        return ""
    authorization, x_api_key = (headers.get(name, b"").decode("latin-1") for name in (b"authorization", b"x-api-key"))
    return auth.key_text(authorization=authorization, x_api_key=x_api_key)


def _is_secure(scope: MutableMapping[str, Any], headers: dict[bytes, bytes]) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER:
        return headers.get(b"x-forwarded-proto", b"") == b"https"
    return bool(scope.get("scheme") == "https")


async def _read(receive: Receive) -> list[Message]:
    """The messages of the body, as far as MAX_BODY."""
    messages: list[Message] = []
    size = 0
    while size <= MAX_BODY:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    return messages


def _is_whole(messages: Sequence[Message]) -> bool:
    size = sum(len(message.get("body", b"")) for message in messages)
    return size <= MAX_BODY and messages[-1]["type"] == "http.request" and not messages[-1].get("more_body")


def _replay(messages: list[Message], receive: Receive) -> Receive:
    """A ``receive`` that first gives what was read already."""
    waiting = list(messages)

    async def again() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return again
