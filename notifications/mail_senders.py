"""Whether a mail's domain vouches for it (DKIM or SPF), as far as the mail service that received it says so.

Anybody can write a header. What counts is what the service says beside the mail, or in headers that it writes itself; one
of those that stands there twice was written by somebody else as well, and counts for nothing.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings

LONGEST, NESTED = 16_000, 3
_COMMENT: Final = re.compile(r"\([^()]*\)")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(@?)', re.S)
"""Before an @ its sender may have filled it with anything: "x; dkim=pass header.d=..."@evil.example."""
_SIMPLE: Final = re.compile(r"[A-Za-z0-9.@+_-]*", re.A)
_PASS: Final = re.compile(r"\s*(dkim|spf|dmarc)\s*=\s*pass\b(.*)", re.I | re.S)
_SAID: Final = re.compile(r"\b(?:header\.(?:d|i|from)|smtp\.mailfrom)\s*=\s*\"?(?:[^\s;@\"]*@)?([a-z0-9.-]+)", re.I | re.A)


def vouched_for(message: Any, raw: Any, service: str, *, domain: str) -> bool:
    """Whether the service that received ``message`` (``raw`` as it told it) says that it comes from ``domain``."""
    if any(_covers(said, domain) for said in _results(message)):
        return True
    envelope = str(message.envelope_sender or "").rpartition("@")[2].strip("<> ").lower()
    dkim, spf = {"postmark": _postmark, "mailgun": _mailgun, "sendgrid": _sendgrid}.get(service, _nothing)(message, raw, domain)
    return dkim or (spf and _covers(envelope, domain))


def _results(message: Any) -> Iterator[str]:
    """The domains that pass in the topmost Authentication-Results, when SENTINEL_INBOUND_AUTHSERV is who wrote it."""
    headers = message.get_all("Authentication-Results") or []
    server = settings.SENTINEL_INBOUND_AUTHSERV.casefold()
    if not server or not headers:
        return
    who, *results = _plain(str(headers[0])[:LONGEST]).split(";")
    if (who.split() or [""])[0].casefold() != server:
        return
    for result in results:
        if found := _PASS.match(result):
            yield from (each.lower() for each in _SAID.findall(found[2]))


def _plain(header: str) -> str:
    """``header`` without comments and quoted texts, in which the sender's own words stand; empty when it is not written properly."""
    text = _QUOTED.sub(lambda found: found[2] or (found[1] if _SIMPLE.fullmatch(found[1]) else ""), header)
    for _ in range(NESTED):
        text = _COMMENT.sub(" ", text)
    return "" if len(header) == LONGEST or any(char in text for char in '()"\\') else text


def _covers(said: str, domain: str) -> bool:
    """Whether ``said`` is the domain or one above it."""
    return bool(said) and "." in said and (domain == said or domain.endswith("." + said))


def _once(message: Any, name: str) -> str:
    values = message.get_all(name) or []
    return str(values[0]).strip() if len(values) == 1 else ""


def _postmark(message: Any, _raw: Any, _domain: str) -> tuple[bool, bool]:
    tests = {each.strip() for each in _once(message, "X-Spam-Tests").split(",")}
    return "DKIM_VALID_AU" in tests, _once(message, "Received-SPF").casefold().startswith("pass")


def _mailgun(message: Any, _raw: Any, _domain: str) -> tuple[bool, bool]:
    """Its DKIM result does not say for which domain, so SPF has to name it."""
    return False, _once(message, "X-Mailgun-Spf").casefold() == "pass"


def _sendgrid(_message: Any, raw: Any, domain: str) -> tuple[bool, bool]:
    signed = re.findall(r"@([a-z0-9.-]+)\s*:\s*pass\b", str(raw.POST.get("dkim", "")), re.I | re.A)
    return any(_covers(each.lower(), domain) for each in signed), str(raw.POST.get("SPF", "")).casefold() == "pass"


def _nothing(_message: Any, _raw: Any, _domain: str) -> tuple[bool, bool]:
    return False, False
