"""The texts that staff wrote in place of the built-in ones: which one a message takes, and what is done when it fails.

A process keeps them compiled and asks every few seconds whether they changed; most messages find at once that there is none.
"""

import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Max
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications import sandbox
from notifications.enums import Form, Reason
from notifications.facts import VARIABLES, Facts
from notifications.models import Delivery, MessageTemplate
from notifications.sandbox import Compiled, TemplateError, TemplateFailed, TemplateRefused
from notifications.signals import wording_failed
from sentinel_site.lib import english

KEEP_SECONDS: Final = 5.0
"""How old what is kept may be: a change is used by every process after this."""
LONG: Final = frozenset({Form.TEXT, Form.HTML})
LONGEST, LONGEST_LINE = 20_000, 2_000
NEVER: Final = frozenset({Reason.CODE})
"""What proves an address is always said in the built-in words."""
_ACTIVE: Final = re.compile(r"<\s*(script|iframe|object|embed|form|base|meta|link)\b|javascript:|<[^<>]*\son\w+\s*=", re.I)
_BARE: Final = re.compile(r"=\s*\{\{")
_LINK: Final = re.compile(
    r"""\b(?:href|src)\s*=\s*["'](?!https?:|mailto:|\{\{\s*(?:answer_url|site_url|\w+\.(?:url|href|runbook_url))\s*\}\}["'])""", re.I
)
_lock = threading.Lock()
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Override:
    """A text in force. ``compiled`` is the reason why not when it was refused."""

    pk: int
    name: str
    language: str
    reason: str
    source: str
    type: str
    compiled: Compiled | TemplateError

    def fits(self, facts: Facts, scope: tuple[str, str]) -> bool:
        """Whether a message about ``scope`` (the alert's source and type) takes it. One for every reason is for alerts only."""
        if not self.reason and not facts.count:
            return False
        wanted = (self.language, self.reason, self.source, self.type)
        return all(mine in ("", its) for mine, its in zip(wanted, (facts.language, facts.reason, *scope), strict=True))

    def render(self, values: Mapping[str, Any]) -> str:
        """Its words. Raises TemplateError, also when nothing comes out."""
        if isinstance(self.compiled, TemplateError):
            raise self.compiled
        text = self.compiled.render(values)
        if not text.strip():
            raise TemplateFailed(gettext_lazy("nothing comes out"))
        return text


@dataclass(frozen=True, slots=True)
class _Kept:
    asked: float
    version: tuple[Any, ...]
    by_form: Mapping[str, list[Override]]


_kept: _Kept | None = None


def find(form: str, facts: Facts) -> Override | None:
    """The text that a message of ``form`` takes in place of the built-in one. Raises nothing: then there is none."""
    fitting = _current().get(form)
    if not fitting or facts.reason in NEVER:
        return None
    return next((each for each in fitting if each.fits(facts, facts.scope)), None)


def accept(form: str, text: str) -> Compiled:
    """Compile ``text`` for ``form``. Raises TemplateRefused."""
    longest = LONGEST if form in LONG else LONGEST_LINE
    if form == Form.HTML:
        _require_harmless(text[:longest])  # what is longer is refused below
    return sandbox.accept(text, names=VARIABLES, longest=longest, html=form == Form.HTML)


def _require_harmless(html: str) -> None:
    """Raises TemplateRefused for what a mail does not need and what would let an alert's words become more than words."""
    if found := _ACTIVE.search(html):
        raise TemplateRefused(_("“%(what)s” cannot be part of a mail: use text, tables, links and styles.") % {"what": found[0][:30]})
    if _BARE.search(html):
        raise TemplateRefused(_('Put quotes around a value inside of a tag: title="{{ title }}".'))
    if _LINK.search(html):
        raise TemplateRefused(
            _("A link leads to https://…, {{ answer_url }}, {{ site_url }}, {{ alert.url }}, or the url or href of a loop's item.")
        )


def failed(override: Override, delivery: Delivery, error: Exception, *, at: datetime) -> None:
    """Say everywhere that the built-in text is sent instead: log, the text itself, the delivery, and who listens. Raises nothing."""
    why = english.text(error)
    remark = f"The built-in text was sent, because the text “{override.name}” failed: {why}"[:500]
    logger.error("delivery %s: %s", delivery.pk, remark)
    try:
        MessageTemplate.objects.filter(pk=override.pk).update(failed_at=at, failed_because=why[:300])
        Delivery.objects.filter(pk=delivery.pk).update(remark=remark)
        wording_failed.send(sender=Delivery, delivery=delivery, remark=remark, at=at)
    except Exception:  # the message matters more
        logger.exception("that the text %s failed could not be written down", override.pk)


def complaints() -> Iterator[str]:
    """What is wrong with the texts in force, in sentences for staff."""
    for template in MessageTemplate.objects.filter(active=True):
        compiled = _compiled(template)
        if isinstance(compiled, TemplateError):
            yield f"The message text “{template}” cannot be used, so the built-in one is sent: {compiled}"
        elif template.failed_at:
            when = f"{template.failed_at:%Y-%m-%d %H:%M} UTC"
            yield f"The message text “{template}” failed at {when} because {template.failed_because}: correct it."


def forget() -> None:
    """Ask the database at the next message."""
    global _kept
    _kept = None


def _current() -> Mapping[str, list[Override]]:
    """What is in force, at most KEEP_SECONDS old. While one thread asks, the others take what they know."""
    global _kept
    kept = _kept
    if kept is not None and time.monotonic() - kept.asked < KEEP_SECONDS:
        return kept.by_form
    if not _lock.acquire(blocking=kept is None):
        return kept.by_form if kept else {}
    try:
        if _kept is None or _kept is kept:
            _kept = _ask(kept)
        return _kept.by_form
    finally:
        _lock.release()


def _ask(kept: _Kept | None) -> _Kept:
    try:
        version = tuple(MessageTemplate.objects.aggregate(Count("pk"), Max("changed_at"), Max("pk")).values())
        if kept is not None and kept.version == version:
            return _Kept(time.monotonic(), version, kept.by_form)
        return _Kept(time.monotonic(), version, _read())
    except Exception:  # what is known, or the built-in texts, are better than no message
        logger.exception("the texts of messages could not be read; what was known is used")
        return _Kept(time.monotonic(), kept.version if kept else (), kept.by_form if kept else {})


def _read() -> Mapping[str, list[Override]]:
    """Those in force by form, the one that says most first."""
    found: dict[str, list[Override]] = defaultdict(list)
    for row in MessageTemplate.objects.filter(active=True):
        found[row.form].append(Override(row.pk, english.text(row), row.language, row.reason, row.source, row.type, _compiled(row)))
    for texts in found.values():
        texts.sort(key=lambda each: (each.source != "", each.type != "", each.reason != "", each.language != ""), reverse=True)
    return found


def _compiled(row: MessageTemplate) -> Compiled | TemplateError:
    try:
        with translation.override(None):  # what is wrong with it is kept for whoever asks
            return accept(row.form, row.text)
    except TemplateError as error:  # an earlier version, or another hand, wrote it
        return error
