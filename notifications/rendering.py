"""From what is told to words: each form of a message, in the recipient's language and time zone.

Templates see the notification's facts and nothing else. What staff wrote in the admin comes first (overrides.py); when it
fails, the built-in text is sent and that is said. When that fails too, a plain sentence is sent: a message is never lost
for its looks.
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Final

from django.utils import timezone
from django.utils.html import format_html

from notifications import builtin, overrides
from notifications.enums import Form, Reason
from notifications.facts import BLANKS, Facts, clean
from notifications.models import Delivery
from sentinel_site.lib import english

SUBJECT_LENGTH: Final = 180
SHORT_LENGTH: Final = 240
SMS_LENGTH: Final = 600
SPOKEN_LENGTH: Final = 600
CHAT_LENGTH: Final = 2500
LINKED: Final = frozenset({"push", "text", "html", "page", "apprise"})
"""The forms whose plain sentence carries the answer link; the others are answered another way."""
_NAMES: Final[Mapping[str, str]] = {Form.PUSH: "short", Form.VOICE: "spoken"}
_SIMPLER: Final = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "•": "-", "·": "-", "°": "o",
     "œ": "oe", "Œ": "OE", "ç": "c"}
    | dict(zip("âêîôûëïÿÂÊÎÔÛËÏÀÈÙÁÍÓÚáíóú", "aeiouei" "yAEIOUEIAEUAIOUaiou", strict=True))
    | dict.fromkeys("\u00a0\u202f\u2009", " ")
)  # fmt: skip
"""What costs an SMS half of its length, in the letters of its own alphabet."""
logger = logging.getLogger(__name__)


class Wording:
    """The words of one delivery. Each form is put together when it is first asked for; ``written`` is called each time."""

    def __init__(
        self, delivery: Delivery, *, now: Callable[[], datetime] = timezone.now, written: Callable[[], None] = lambda: None
    ) -> None:  # fmt: skip
        self._delivery, self._now, self._written = delivery, now, written
        self.facts = Facts(delivery)

    @cached_property
    def subject(self) -> str:
        """One line, without control characters."""
        return self._line("subject")[:SUBJECT_LENGTH]

    @cached_property
    def short(self) -> str:
        """One or two short lines, for a phone's lock screen."""
        return self._render("push").strip()[:SHORT_LENGTH]

    @cached_property
    def text(self) -> str:
        """The whole message as plain text."""
        return _spaced(self._render("text")) + "\n"

    @cached_property
    def html(self) -> str:
        """The whole message as a page for a mail program."""
        return self._built_in("page", content=self._render("html"))

    @cached_property
    def sms(self) -> str:
        """One line in few and simple characters. How to answer is not in it: the transport adds it, and cuts this to fit."""
        return _simple(self._line("sms"))[:SMS_LENGTH]

    @cached_property
    def spoken(self) -> str:
        """Sentences to be read aloud in ``facts.language``. Which keys to press is not in it: the transport adds that."""
        return _speakable(self._line("voice"))[:SPOKEN_LENGTH]

    @cached_property
    def slack(self) -> str:
        """A few lines of plain text, neither escaped nor with links: a message for Slack has buttons."""
        return _spaced(self._render("slack"))[:CHAT_LENGTH]

    @cached_property
    def apprise(self) -> str:
        """A few lines of plain text for any other service, with the answer link; ``subject`` is its title."""
        return _spaced(self._render("apprise"))[:CHAT_LENGTH]

    def of(self, form: str) -> str:
        """The words of ``form`` (enums.Form)."""
        return str(getattr(self, _NAMES.get(form, form)))

    @property
    def language(self) -> str:
        """The recipient's: en or fr."""
        return self.facts.language

    @property
    def answer_url(self) -> str:
        """Where this recipient answers."""
        return self.facts.answer_url

    def _line(self, form: str) -> str:
        return BLANKS.sub(" ", self._render(form)).strip()

    def _render(self, form: str) -> str:
        try:
            return self._put_together(form)
        finally:
            self._written()

    def _put_together(self, form: str) -> str:
        override = overrides.find(form, self.facts)
        if override is not None:
            try:
                return linked(override.render(self.facts.values), form, self.facts)
            except Exception as error:  # the built-in text is sent
                overrides.failed(override, self._delivery, error, at=self._now())
        return self._built_in(form)

    def _built_in(self, form: str, *, content: str = "") -> str:
        facts = self.facts
        try:
            return builtin.render(form, facts.values, language=facts.language, reason=facts.reason, content=content)
        except Exception:  # the message matters more than its form
            logger.exception("the template of %s failed for delivery %s; a plain sentence was sent", form, self._delivery.pk)
            return self._plain(form)

    def _plain(self, form: str) -> str:
        note = self._delivery.notification
        title = clean(str((note.context.get("alert") or {}).get("title") or english.label(Reason, note.reason))).replace("<", " ")
        return f"[P{note.priority}] {title}" + (f" - {self.answer_url}" if form in LINKED else "")


def linked(text: str, form: str, facts: Facts) -> str:
    """``text`` with the answer link where the person could not answer without it."""
    if form not in LINKED - {"push"} or not facts.is_open or not facts.alert or facts.answer_url in text:
        return text
    return format_html('{}<p><a href="{}">{}</a></p>', text, *[facts.answer_url] * 2) if form == "html" else f"{text}\n\n{facts.answer_url}"


def _spaced(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _simple(text: str) -> str:
    return re.sub(r"«\s*|\s*»", '"', text).translate(_SIMPLER)


def _speakable(text: str) -> str:
    """Without signs that a voice would spell out."""
    return " ".join(re.sub(r"[_*#<>\[\]{}|\\^~`]", " ", text).split())
