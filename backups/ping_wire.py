"""The addresses of pings and their answers, as other software speaks them: Healthchecks, Uptime Kuma's push and Cronitor.

Pure: what a request says, and what its sender is told. What a ping does is said in pings.py.

* ``/ping/<uuid>[/start|/fail|/log|/<0-255>]`` and ``/ping/<ping key>/<slug>[the same]``, ``?rid=<uuid>``, ``?create=1``
* ``/api/push/<uuid>?status=up|down&msg=&ping=<ms>``
* ``/p/<ping key>/<slug>[/run|/complete|/fail|/ok]``, ``?state=`` the same, ``series= msg= duration= status_code= metric= host= env=``

A slash at the end is allowed. Nothing here ever redirects: a client that does not follow would take it for success.
"""

import ipaddress
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, UUID, uuid5

from backups import pings
from backups.enums import PingKind
from backups.ping_calls import Became, Call, Target
from backups.pings import BODY_LIMIT

PING, PUSH, CRONITOR = "/ping/", "/api/push/", "/p/"
PREFIXES: Final = (PING, PUSH, CRONITOR)
METHODS: Final = frozenset({"GET", "HEAD", "POST"})
MAX_FIELDS: Final = 30
RETRY_SECONDS: Final = "10"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.I | re.A)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.A)
_SLUG: Final = re.compile(r"[a-z0-9_-]{1,100}", re.A)
_ALMOST_SLUG: Final = re.compile(r"[A-Za-z0-9_-]+", re.A)
_CODE: Final = re.compile(r"\d{1,9}", re.A)
_WORDS: Final = {"": PingKind.SUCCESS, "start": PingKind.START, "fail": PingKind.FAIL, "log": PingKind.LOG}
_STATES: Final = {
    "": PingKind.SUCCESS, "run": PingKind.START, "complete": PingKind.SUCCESS, "ok": PingKind.SUCCESS, "fail": PingKind.FAIL,
}  # fmt: skip
_LONGEST_SECONDS: Final = 10 * 366 * 86_400.0


class Answer(NamedTuple):
    """What a sender is told."""

    status: int
    content: bytes
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. Of its body, which may be of any length, ``head`` and ``tail`` were kept; ``size`` is all of it."""

    at: datetime
    method: str
    path: str
    query: str = ""
    address: str = ""
    agent: str = ""
    head: bytes = b""
    tail: bytes = b""
    size: int = 0


class _Wrong(Exception):
    """This cannot be a ping; ``code`` (of HTTP) and ``text`` are the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = status, text


_UNKNOWN: Final = _Wrong(404, "not found")


def read(asked: Asked) -> Call | Answer:
    """The ping that was asked for, or the answer to what cannot be one."""
    prefix = next(each for each in PREFIXES if asked.path.startswith(each))
    try:
        if prefix != PUSH and asked.method not in METHODS:
            raise _Wrong(405, "use GET, HEAD or POST")
        parts = asked.path.removeprefix(prefix).removesuffix("/").split("/")
        return _READERS[prefix](asked, parts, _query(asked.query))
    except _Wrong as wrong:
        return _answer(prefix, wrong.code, wrong.text)


def answer(path: str, became: Became) -> Answer:
    """What the sender of a ping to ``path`` is told about what became of it."""
    prefix = next(each for each in PREFIXES if path.startswith(each))
    if became is Became.IGNORED and prefix == PUSH:
        became = Became.UNKNOWN
    status, text = _TEXTS[became]
    return _answer(prefix, status, text)


_TEXTS: Final = {
    Became.TAKEN: (200, "OK"),
    Became.IGNORED: (200, "OK"),
    Became.CREATED: (201, "Created"),
    Became.UNKNOWN: (404, "not found"),
    Became.TOO_MANY: (429, "rate limited"),
    Became.FULL: (429, "too many new names in an hour; create it in the admin"),
    Became.BUSY: (503, "not stored; send it again"),
}


def _answer(prefix: str, status: int, text: str) -> Answer:
    headers = [("Access-Control-Allow-Origin", "*"), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
    if status == 405:
        headers.append(("Allow", "GET, HEAD, POST"))
    if status in (429, 503):
        headers.append(("Retry-After", RETRY_SECONDS))
    if prefix == PUSH:
        body: dict[str, Any] = {"ok": status == 200}
        if status != 200:
            body["msg"] = "Monitor not found or not active." if status == 404 else text
        return Answer(status, json.dumps(body, separators=(",", ":")).encode(), "application/json", tuple(headers))
    if status < 300:
        headers.append(("Ping-Body-Limit", str(BODY_LIMIT)))
    return Answer(status, text.encode(), headers=tuple(headers))


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS))
    except ValueError:
        raise _Wrong(400, "invalid query") from None


# --- Healthchecks ---
def _ping(asked: Asked, parts: list[str], query: dict[str, str]) -> Call:
    first = _dashed(parts[0])
    if first is not None:
        target, rest = Target(ping_id=first), parts[1:]
    else:
        target, rest = _by_slug(parts, create=query.get("create") == "1"), parts[2:]
    if len(rest) > 1:
        raise _UNKNOWN
    kind, code = _verb(rest[0] if rest else "")
    return _call(asked, target, kind, code, rid=_rid(query.get("rid")), head=_text(asked.head), tail=_text(asked.tail), size=asked.size)


def _verb(word: str) -> tuple[PingKind, int | None]:
    if word in _WORDS:
        return _WORDS[word], None
    if not _CODE.fullmatch(word):
        raise _UNKNOWN
    code = int(word)
    if code > 255:
        raise _Wrong(400, "invalid url format")
    return (PingKind.FAIL if code else PingKind.SUCCESS), code


def _rid(text: str | None) -> UUID | None:
    if text is None:
        return None
    found = _dashed(text)
    if found is None:
        raise _Wrong(400, "invalid uuid format")
    return found


# --- Uptime Kuma ---
def _push(asked: Asked, parts: list[str], query: dict[str, str]) -> Call:
    token = _uuid(parts[0])
    if token is None or len(parts) > 1:
        raise _UNKNOWN
    kind = PingKind.SUCCESS if (query.get("status") or "up") == "up" else PingKind.FAIL
    told = query.get("msg") or ""
    if kind == PingKind.SUCCESS and told == "start" and asked.agent.startswith("borgmatic"):
        kind = PingKind.START  # it has no other word for it here; a backup that hangs must not count as one that succeeded
    milliseconds = _seconds(query.get("ping"))
    return _told(asked, Target(ping_id=token), kind, told, duration_seconds=None if milliseconds is None else milliseconds / 1000)


# --- Cronitor ---
def _cronitor(asked: Asked, parts: list[str], query: dict[str, str]) -> Call:
    target, rest = _by_slug(parts, create=query.get("create") == "1"), parts[2:]
    state = rest[0] if rest else query.get("state", "")
    if len(rest) > 1 or state not in _STATES:
        raise _Wrong(400, "state must be run, complete, ok or fail")
    lines = [query.get("message") or query.get("msg") or ""]
    lines += [f"{name}: {query[name]}" for name in ("metric", "host", "env") if query.get(name)]
    series, code = query.get("series"), query.get("status_code", "")
    rid = (_uuid(series) or uuid5(NAMESPACE_URL, f"series:{series}")) if series else None
    exit_status = int(code) if _CODE.fullmatch(code) and int(code) < 32_768 else None
    told = "\n".join(line for line in lines if line)
    return _told(asked, target, _STATES[state], told, exit_status=exit_status, rid=rid, duration_seconds=_seconds(query.get("duration")))


# --- what they share ---
_READERS: Final[dict[str, Callable[[Asked, list[str], dict[str, str]], Call]]] = {PING: _ping, PUSH: _push, CRONITOR: _cronitor}


def _by_slug(parts: list[str], *, create: bool) -> Target:
    if len(parts) < 2 or not _KEY.fullmatch(parts[0]):
        raise _UNKNOWN
    if not _SLUG.fullmatch(parts[1]):
        raise _Wrong(400, "invalid url format") if _ALMOST_SLUG.fullmatch(parts[1]) else _UNKNOWN
    return Target(key=pings.digest(parts[0]), slug=parts[1], create=create)


def _told(asked: Asked, target: Target, kind: PingKind, text: str, **more: Any) -> Call:
    """A ping whose text stands in its address; what stands in its body is kept when the address says nothing."""
    told = _plain(text)
    if not told:
        return _call(asked, target, kind, head=_text(asked.head), tail=_text(asked.tail), size=asked.size, **more)
    return _call(asked, target, kind, head=told, size=len(told.encode()), **more)


def _call(asked: Asked, target: Target, kind: PingKind, exit_status: int | None = None, **more: Any) -> Call:
    return Call(
        at=asked.at, target=target, kind=kind, exit_status=exit_status, method=asked.method[:8], address=_address(asked.address),
        agent=_plain(asked.agent)[:200], **more,
    )  # fmt: skip


def _uuid(text: str) -> UUID | None:
    return UUID(text) if _UUID.fullmatch(text) else None


def _dashed(text: str) -> UUID | None:
    return _uuid(text) if len(text) == 36 else None


def _seconds(text: str | None) -> float | None:
    """A number that can be a time; None for everything else."""
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= _LONGEST_SECONDS else None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _text(raw: bytes) -> str:
    """Bytes of any kind as text that PostgreSQL takes."""
    return _plain(raw.decode("utf-8", "replace"))


def _plain(text: str) -> str:
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
