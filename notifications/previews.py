"""Showing a text before anybody gets it: with a made-up alert, or with a real one that the reader may see. Nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.translation import gettext as _

from notifications import overrides
from notifications.enums import Reason
from notifications.facts import OVER
from notifications.models import Delivery, Notification, Recipient
from notifications.rendering import Wording, linked
from notifications.sandbox import Compiled, TemplateError, TemplateFailed
from notifications.signals import samples_wanted

OPEN_SECONDS: Final = 1500
_ALERT: Final = {
    "id": "00000000-0000-7000-8000-000000000000", "number": 1042, "status": "PENDING", "priority": "P1", "severity": "critical",
    "source": "example", "source_name": "Example source", "type": "fall", "title": "Fall in room 12", "description": "Person on the floor.",
    "subject": "cam-12", "labels": {"room": "12"}, "links": [{"href": "https://example.org/camera", "text": "Camera"}],
    "runbook_url": "https://example.org/what-to-do", "occurrences": 2, "life_safety": True, "created_at": "2026-03-02T02:12:00.000Z",
    "url": "https://sentinel.example.org/live/alerts/1042",
}  # fmt: skip
_HANDOFF: Final[Mapping[str, Any]] = {"handoff": {"comes": True, "schedule": "Nights", "until": "08:00", "other": ""}}
_DIGEST: Final[Mapping[str, Any]] = {
    "digest": {"reason": "Works in room 12", "since": "2026-03-02 08:00", "until": "2026-03-02 12:00", "held": 2, "open": 1, "unseen": 1,
               "answered": 0},
    "alerts": [_ALERT],
}  # fmt: skip
_OWN: Final[Mapping[str, Mapping[str, Any]]] = {Reason.TEST: _HANDOFF, Reason.HANDOFF: _HANDOFF, Reason.DIGEST: _DIGEST}
"""What messages bring that are about no alert, or about many."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to show a text with. ``context`` is what a notification would bring."""

    key: str
    name: str
    context: Mapping[str, Any] = field(default_factory=dict)


MADE_UP: Final = Sample("", "a made-up alert", {"alert": _ALERT, "open_seconds": OPEN_SECONDS})


@dataclass(frozen=True, slots=True)
class Preview:
    """What a recipient with ``language`` would get, or the ``problem`` for which the built-in text would be sent."""

    language: str
    text: str = ""
    problem: str = ""


class _Draft(Wording):
    """Words of which one form is written anew. A failure is raised: nobody waits for the message."""

    def __init__(self, delivery: Delivery, form: str, compiled: Compiled) -> None:
        super().__init__(delivery)
        self._form, self._compiled = form, compiled
        self.facts.answer_url = f"{settings.SENTINEL_BASE_URL}/a/…"

    def _render(self, form: str) -> str:
        if form != self._form:
            return self._built_in(form)
        text = self._compiled.render(self.facts.values)
        if not text.strip():
            raise TemplateFailed(_("nothing comes out"))
        return linked(text, form, self.facts)


def samples(user: AbstractBaseUser | AnonymousUser) -> list[Sample]:
    """The made-up alert, and the real ones that ``user`` may see, newest first."""
    heard: Sequence[tuple[Any, Any]] = samples_wanted.send(sender=Sample, user=user)
    return [MADE_UP] + [sample for _name, found in heard for sample in found or ()]


def show(form: str, text: str, sample: Sample, *, reason: str, language: str, at: datetime) -> list[Preview]:
    """``text`` as it would be sent, once for ``language`` or for each. Raises TemplateRefused when it can never be."""
    compiled = overrides.accept(form, text)
    return [
        _show(form, compiled, _delivery(sample, reason, code, at=at), code)
        for code in ([language] if language else dict(settings.LANGUAGES))
    ]


def require_working(form: str, text: str, *, reason: str, at: datetime) -> None:
    """Raises TemplateError when ``text`` cannot be used, or fails with a made-up message of its kind."""
    compiled = overrides.accept(form, text)
    for language in dict(settings.LANGUAGES):
        _Draft(_delivery(MADE_UP, reason, language, at=at), form, compiled).of(form)


def _show(form: str, compiled: Compiled, delivery: Delivery, language: str) -> Preview:
    try:
        return Preview(language, _Draft(delivery, form, compiled).of(form))
    except TemplateError as error:
        return Preview(language, problem=str(error))


def _delivery(sample: Sample, reason: str, language: str, *, at: datetime) -> Delivery:
    """A message that is nowhere stored."""
    context: dict[str, Any] = dict(_OWN.get(reason) or sample.context)
    alert = context.get("alert") or {}
    if reason == Reason.BUNDLE:
        context["alerts"] = [alert, {**alert, "number": alert.get("number", 0) + 1}]
    if reason == Reason.REMINDER:
        context["reminder"] = 2
    note = Notification(
        recipient=Recipient(name="the recipient", language=language, time_zone=settings.TIME_ZONE), reason=reason or Reason.FIRST,
        urgency="high", priority=int(str(alert.get("priority") or "P3")[1:]), life_safety=bool(alert.get("life_safety")),
        context=context if reason not in OVER else {**context, "by": "the person who answered"}, thread="preview", created_at=at,
    )  # fmt: skip
    return Delivery(notification=note)
