"""What a notification says, as plain values: in the recipient's language and zone, and cleaned of what could do harm.

Nothing is worked out before it is asked for: most messages need a title, a place and a link.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from notifications import builtin, codes, links, reply_addresses
from notifications.enums import Reason
from notifications.models import Delivery
from sentinel_site.lib import given

DESCRIPTION_LENGTH: Final = 2000
NAMED: Final = 4
"""How long a place's name must be before a title that holds it is believed to name it."""
BLANKS: Final = re.compile(r"[^\S\u00a0]+")
"""All white space but the one that keeps French signs with their words."""
OVER: Final = frozenset({Reason.RESOLVED, Reason.EXPIRED, Reason.TEST, Reason.HANDOFF, Reason.CODE, Reason.STORM, Reason.DIGEST})
"""Reasons that ask for no answer."""
_INSTANTS: Final = ("created_at", "first_seen_at", "last_seen_at", "acknowledged_at", "resolved_at")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
VARIABLES: Final[Mapping[str, str]] = {
    "title": gettext_noop("what it is about: the alert's title, or how many alerts came from where"),
    "where": gettext_noop("the alert's subject, for example the camera or the room; empty when the title names it already"),
    "source": gettext_noop("the name of the source"),
    "since": gettext_noop("when it was reported, in the recipient's time zone"),
    "open_for": gettext_noop("how long it has been open: 5 min, 2 h 10 min"),
    "open_for_spoken": gettext_noop("the same as one says it: 2 hours 10 minutes"),
    "lead": gettext_noop("the sentence that says why this message is sent"),
    "state": gettext_noop("how it stands, in few words: Reminder 2: nobody has answered for 25 min."),
    "reason": gettext_noop("first, reminder, bundle, resolved, unanswered, expired, test, handoff or digest"),
    "reminder": gettext_noop("which reminder it is, from 1 on; 0 when it is none"),
    "alert": gettext_noop("everything about the alert, as GET /api/v1/alerts/{alert_id} answers it; empty when it is about none"),
    "alerts": gettext_noop("the alerts of a bundle, each like alert"),
    "count": gettext_noop("how many alerts it tells"),
    "told": gettext_noop("the names of those who are told"),
    "is_open": gettext_noop("whether an answer is asked for"),
    "answer_url": gettext_noop("where this recipient answers"),
    "reply_address": gettext_noop("where a reply of OK by mail is an answer; empty where none is taken"),
    "priority": gettext_noop("1 (highest) to 5"),
    "urgency": gettext_noop("normal, high, critical or emergency"),
    "life_safety": gettext_noop("whether lives may depend on it"),
    "code": gettext_noop("the code that proves an address; empty in every other message"),
    "handoff": gettext_noop("of a hand-off: handoff.schedule, handoff.comes (or goes), handoff.until, handoff.other"),
    "digest": gettext_noop("of a silence that is over: digest.reason, since, until, held, open, unseen, answered"),
    "label": gettext_noop("the label of the policy's step"),
    "name": gettext_noop("the recipient"),
    "by": gettext_noop("who resolved it"),
    "flaps": gettext_noop(
        "of what comes and goes again and again: flaps.opens times in flaps.minutes minutes, and whether it is flaps.calm; else empty"
    ),
    "note": gettext_noop("what was remarked when it was resolved"),
    "opinion": gettext_noop("the AI's opinion; opinion.description is a sentence"),
    "sent_at": gettext_noop("when the message was queued"),
    "site_url": gettext_noop("where Sentinel is"),
    "language": gettext_noop("the recipient's: en or fr"),
}
"""What a template may use; `docs/messages.md` explains it."""
HEADINGS: Final = {
    "where": gettext_noop("Where"), "since": gettext_noop("Reported"), "source": gettext_noop("By"), "told": gettext_noop("Told"),
    "open_for": gettext_noop("Open for"),
}  # fmt: skip


class FactsError(Exception):
    """A value cannot be worked out. Not one of the errors that a template takes for an empty value."""


class Facts:
    """The values of one delivery's notification, each an attribute; ``VARIABLES`` names them."""

    def __init__(self, delivery: Delivery) -> None:
        note = delivery.notification
        self._delivery, self._context = delivery, note.context
        self.reason, self.urgency, self.priority = note.reason, note.urgency, note.priority
        self._label, self.life_safety = note.label, note.life_safety
        person = note.recipient
        self.language = _language(person.language if person else settings.LANGUAGE_CODE)
        self.zone = _zone(person.time_zone if person else settings.TIME_ZONE)
        self.is_open = note.reason not in OVER

    @cached_property
    def title(self) -> str:
        """What it is about: the alert's title, how many alerts came from where, or what kind of message it is."""
        if self.alert and not self.alerts:
            return " ".join(str(self.alert.get("title") or "").split())
        return BLANKS.sub(" ", self._say("title")).strip()

    @cached_property
    def state(self) -> str:
        """How it stands, in few words; empty for a first notice without danger to life."""
        return self._say("state").strip()

    @cached_property
    def lead(self) -> str:
        """The sentence that says why the message is sent."""
        return self._say("lead").strip()

    @cached_property
    def alert(self) -> dict[str, Any] | None:
        """The alert, cleaned, with instants as datetimes in the recipient's zone; None when it is about none."""
        found = self._context.get("alert")
        return self._readable(found) if found else None

    @cached_property
    def alerts(self) -> list[dict[str, Any]]:
        """Those of a bundle; empty when it is none."""
        return [self._readable(each) for each in self._context.get("alerts") or ()]

    @property
    def scope(self) -> tuple[str, str]:
        """The slug of the alert's source, and its type."""
        alert = self._context.get("alert") or {}
        return str(alert.get("source") or ""), str(alert.get("type") or "")

    @property
    def count(self) -> int:
        """How many alerts it tells."""
        return len(self._context.get("alerts") or ()) or int(bool(self._context.get("alert")))

    @property
    def where(self) -> str:
        """The alert's subject; empty for a bundle, and when the title names it already: nobody needs to hear it twice."""
        subject = "" if self.alerts or not self.alert else str(self.alert.get("subject") or "")
        title = self.title
        said = len(subject) >= NAMED and re.search(rf"(?<!\w){re.escape(subject)}(?!\w)", title, re.IGNORECASE)
        return "" if said else subject

    @property
    def source(self) -> str:
        """The source's name."""
        return str(self.alert.get("source_name") or self.alert.get("source") or "") if self.alert else ""

    @property
    def since(self) -> datetime | None:
        """When the alert was reported, in the recipient's zone; of a bundle, the first one."""
        return min((each["created_at"] for each in self.alerts or [self.alert or {}] if each.get("created_at")), default=None)

    @property
    def open_for(self) -> str:
        """For how long the alert has been open, in few characters."""
        return duration(self._open_seconds, self.language)

    @property
    def open_for_spoken(self) -> str:
        """For how long the alert has been open, in words to be spoken."""
        return spoken_duration(self._open_seconds, self.language)

    @property
    def reminder(self) -> int:
        """Which reminder it is, from 1 on: the number of the step. 0 when it is none, or the first of a new round."""
        return int(self._context.get("reminder") or self._delivery.notification.step or 0) if self.reason == Reason.REMINDER else 0

    @property
    def told(self) -> list[str]:
        """The names of those who are told with this recipient; empty when that is not known."""
        return [_text(name) for name in self._context.get("told") or ()]

    @property
    def opinion(self) -> Mapping[str, Any] | None:
        """The AI's opinion, when it has one."""
        opinion = (self.alert or {}).get("triage") or {}
        return opinion if opinion.get("state") == "done" else None

    @property
    def name(self) -> str:
        """The recipient's or the group's."""
        return _text(self._delivery.notification.recipient or self._delivery.notification.group)

    @property
    def sent_at(self) -> datetime:
        """When the message was queued, in the recipient's zone."""
        return self._delivery.notification.created_at.astimezone(self.zone)

    @property
    def site_url(self) -> str:
        """Where Sentinel is."""
        return str(settings.SENTINEL_BASE_URL)

    @cached_property
    def answer_url(self) -> str:
        """Where this recipient answers."""
        return links.answer_url(self._delivery)

    @cached_property
    def reply_address(self) -> str:
        """Where a reply by mail is an answer; empty where none is taken."""
        return reply_addresses.address(self._delivery)

    @property
    def code(self) -> str:
        """The code that proves the address it goes to; empty in every other message."""
        method = self._delivery.method
        return codes.code_of(method, self._context["nonce"]) if method and self.reason == Reason.CODE else ""

    @property
    def handoff(self) -> Mapping[str, Any]:
        """Of a hand-off: which schedule, whether the reader comes or goes, until when, and who else."""
        found: Mapping[str, Any] = clean(self._context.get("handoff") or {})
        return found

    @property
    def flaps(self) -> dict[str, Any] | None:
        """What the alert's coming and going is like, when that is what the message tells."""
        found: dict[str, Any] | None = self._context.get("flaps")
        return found

    @property
    def digest(self) -> Mapping[str, Any]:
        """Of a silence that is over: why it was, from when to when, how many alerts it held back, and what became of those."""
        found: dict[str, Any] = clean(self._context.get("digest") or {})
        return found and {**found, "over": self._in_own_words(found.get("over") or [])}

    @property
    def label(self) -> str:
        """The label of the policy's step; one of ours in the recipient's language."""
        with translation.override(self.language):
            return _text(given.shown(self._label))

    @property
    def by(self) -> str:
        """Who resolved it."""
        return _text(self._context.get("by"))

    @property
    def note(self) -> str:
        """What was remarked when it was resolved."""
        note, own = self._context.get("note"), self._own(self._context.get("alert") or {}).get("note")
        return _text(note and ((self._context.get("notes") or {}).get(self.language) or own or note))

    @cached_property
    def values(self) -> "Values":
        """All of it by name, for a template."""
        shown = self._context.get("shown")
        return Values(self, self._context if shown is None else {**self._context, "shown": self._in_own_words(shown)})

    def rows(self) -> list[tuple[str, str]]:
        """What one looks for first, as pairs of a heading and a text in the recipient's language; empty ones left out."""
        since = f"{self.since:%H:%M}" if self.since else ""
        told = ", ".join(self.told)
        shown = {"where": self.where, "since": since, "open_for": self.open_for if self.reason == Reason.REMINDER else "",
                 "source": self.source, "told": told}  # fmt: skip
        with translation.override(self.language):
            return [(_(HEADINGS[name]), text) for name, text in shown.items() if text]

    def _say(self, form: str) -> str:
        return builtin.render(form, self.values, language=self.language, reason=self.reason)[:]

    @property
    def _open_seconds(self) -> int:
        return int(self._context.get("open_seconds") or 0)

    def _own(self, alert: Mapping[str, Any]) -> Mapping[str, Any]:
        """The words of ``alert`` in the recipient's language, where it brings them."""
        found: Mapping[str, Any] = (alert.get("translations") or {}).get(self.language) or {}
        return found

    def _in_own_words(self, alerts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{**alert, **self._own(alert)} for alert in alerts]

    def _readable(self, alert: Mapping[str, Any]) -> dict[str, Any]:
        """``alert`` with instants as datetimes, without control characters, and with http(s) links only."""
        shown = {name: clean(value) for name, value in {**alert, **self._own(alert)}.items() if name != "translations"}
        shown |= {name: datetime.fromisoformat(alert[name]).astimezone(self.zone) for name in _INSTANTS if alert.get(name)}
        shown["description"] = str(shown.get("description") or "")[:DESCRIPTION_LENGTH]
        shown["links"] = [link for link in shown.get("links") or [] if _is_web(link.get("href", ""))]
        runbook = shown.get("runbook_url") or ""
        shown["runbook_url"] = runbook if _is_web(runbook) else ""
        return shown


class Values(dict[str, Any]):
    """What a template sees: the VARIABLES, and what else the notification brought. Each is worked out when it is asked for."""

    def __init__(self, facts: Facts, brought: Mapping[str, Any]) -> None:
        super().__init__()
        self._facts, self._brought = facts, brought

    def __contains__(self, name: object) -> bool:
        return name in VARIABLES or name in self._brought

    def __missing__(self, name: str) -> Any:
        try:
            value = self[name] = getattr(self._facts, name) if name in VARIABLES else clean(self._brought[name])
        except Exception as error:
            raise FactsError(f"{name} cannot be worked out: {type(error).__name__}") from error
        return value


def duration(seconds: int, language: str) -> str:
    """``45 s``, ``5 min``, ``2 h 10 min``, ``3 d 4 h``: the two largest parts."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} {'j' if language == 'fr' else 'd'} {hours % 24} h" if hours % 24 else f"{days} {'j' if language == 'fr' else 'd'}"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def spoken_duration(seconds: int, language: str) -> str:
    """``45 seconds``, ``2 hours 10 minutes``: as ``duration``, to be read aloud."""
    words = {"d": ("jour", "day"), "j": ("jour", "day"), "h": ("heure", "hour"), "min": ("minute", "minute"), "s": ("seconde", "second")}
    parts = duration(seconds, language).split()
    named = zip(parts[::2], parts[1::2], strict=True)
    return " ".join(f"{number} {words[unit][language != 'fr']}{'s' if int(number) > 1 else ''}" for number, unit in named)


def clean(value: Any) -> Any:
    """``value`` (JSON) with control characters and those that turn the direction of writing made spaces."""
    if isinstance(value, str):
        return value if value.isprintable() else _UNPRINTABLE.sub(" ", value)
    if isinstance(value, Mapping):
        return {clean(name): clean(each) for name, each in value.items()}
    return [clean(each) for each in value] if isinstance(value, list) else value


def _text(value: object) -> str:
    return str(clean(str(value or "")))


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


def _language(code: str) -> str:
    base = code.partition("-")[0].lower()
    return base if base in dict(settings.LANGUAGES) else "en"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
