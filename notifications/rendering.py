"""From what is told to words: subject, text, page and short text, in the recipient's language and time zone.

Templates are templates/notifications/<language>/*; they see the notification's context and nothing else. A template
that fails is replaced by a plain sentence: a message is never lost for its looks.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from notifications import links
from notifications.models import Delivery

SUBJECT_LENGTH: Final = 180
SHORT_LENGTH: Final = 240
DESCRIPTION_LENGTH: Final = 2000
_INSTANTS = ("created_at", "first_seen_at", "last_seen_at", "acknowledged_at", "resolved_at")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
logger = logging.getLogger(__name__)


class Wording:
    """The words of one delivery. Each form is put together when it is first asked for."""

    def __init__(self, delivery: Delivery) -> None:
        note = delivery.notification
        self._delivery = delivery
        self._language = note.recipient.language if note.recipient else settings.LANGUAGE_CODE
        self._zone = _zone(note.recipient.time_zone if note.recipient else settings.TIME_ZONE)

    @cached_property
    def subject(self) -> str:
        """One line, without control characters."""
        return " ".join(self._render("subject.txt").split())[:SUBJECT_LENGTH]

    @cached_property
    def short(self) -> str:
        """One or two short lines, for a phone's lock screen."""
        return self._render("push.txt").strip()[:SHORT_LENGTH]

    @cached_property
    def text(self) -> str:
        """The whole message as plain text."""
        return re.sub(r"\n{3,}", "\n\n", self._render("body.txt")).strip() + "\n"

    @cached_property
    def html(self) -> str:
        """The whole message as a page for a mail program."""
        return self._render("body.html")

    @cached_property
    def answer_url(self) -> str:
        """Where this recipient answers."""
        return links.answer_url(self._delivery)

    @cached_property
    def _context(self) -> dict[str, Any]:
        note = self._delivery.notification
        alert = _readable(note.context["alert"]) if note.context.get("alert") else None
        opinion = (alert or {}).get("triage") or {}
        return {
            **note.context, "alert": alert, "alerts": [_readable(each) for each in note.context.get("alerts", [])], "reason": note.reason,
            "urgency": note.urgency, "priority": note.priority, "label": note.label, "life_safety": note.life_safety,
            "language": self._language, "name": str(note.recipient or note.group or ""), "answer_url": self.answer_url,
            "open_for": duration(int(note.context.get("open_seconds", 0)), self._language), "sent_at": note.created_at,
            "is_open": note.reason not in {"resolved", "expired", "test", "handoff"},
            "opinion": opinion if opinion.get("state") == "done" else None, "site_url": settings.SENTINEL_BASE_URL,
        }  # fmt: skip

    def _render(self, template: str) -> str:
        try:
            with translation.override(self._language), timezone.override(self._zone):
                return render_to_string(f"notifications/{self._language}/{template}", self._context)
        except Exception:  # the message matters more than its form
            logger.exception("template %s failed for delivery %s; a plain sentence was sent", template, self._delivery.pk)
            return self._plain()

    def _plain(self) -> str:
        note = self._delivery.notification
        title = str((note.context.get("alert") or {}).get("title") or note.get_reason_display())
        return f"[P{note.priority}] {_UNPRINTABLE.sub(' ', title).replace('<', ' ')} - {self.answer_url}"


def duration(seconds: int, language: str) -> str:
    """``45 s``, ``5 min``, ``2 h 10 min``, ``3 d 4 h``: the two largest parts."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} {'j' if language == 'fr' else 'd'} {hours % 24} h" if hours % 24 else f"{days} {'j' if language == 'fr' else 'd'}"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _readable(alert: Mapping[str, Any]) -> dict[str, Any]:
    """``alert`` with instants as datetimes, without control characters, and with http(s) links only."""
    shown = {name: _clean(value) for name, value in alert.items()}
    shown |= {name: datetime.fromisoformat(alert[name]) for name in _INSTANTS if alert.get(name)}
    shown["description"] = str(shown.get("description", ""))[:DESCRIPTION_LENGTH]
    shown["links"] = [link for link in shown.get("links") or [] if _is_web(link.get("href", ""))]
    runbook = shown.get("runbook_url") or ""
    shown["runbook_url"] = runbook if _is_web(runbook) else ""
    return shown


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _UNPRINTABLE.sub(" ", value)
    if isinstance(value, Mapping):
        return {_clean(name): _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
