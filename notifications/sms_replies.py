"""Answers by SMS. "1 4821" takes the message with the code 4821, "2 4821" passes it on; a bare "1", "OK", "yes" or "oui" is
enough while only one message to that number waits, and lives do not depend on it.

The number must be the one the message went to, and still be somebody's. After a few replies that fit nothing, a number is
not read for an hour: a code cannot be guessed. Nor is a number replied to without end: two machines do not go on answering
each other. What is long or says "not" is no answer: it may quote our own message.
"""

import logging
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from notifications import answer_codes, answers, gsm, telephone_words
from notifications.answers import Answer
from notifications.enums import Transport
from notifications.models import ContactMethod, Delivery
from notifications.models.people import mask
from sentinel_site.lib import crypto

TAKE: Final = frozenset({"1", "ok", "okay", "oui", "yes", "o", "y", "je prends"})
PASS: Final = frozenset({"2", "non", "no", "pass", "passe", "passer"})
POLITE: Final = frozenset({"merci", "thanks", "thank", "you", "please", "svp"})
NOT: Final = frozenset({"not", "t", "cant", "cannot", "dont", "wont", "never", "pas", "ne", "n", "jamais", "impossible"})
"""What turns an answer round ("not ok 4821", "can't 4821"): nothing is guessed then."""
STOP: Final = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "arret"})
START: Final = frozenset({"start", "unstop"})
HELP: Final = frozenset({"help", "info", "aide"})
STOPPED: Final = "the person replied STOP by SMS; nothing can be sent until START is sent from this number"
MAX_MISSES: Final = 5
MAX_REPLIES: Final = 20
"""So many times an hour a number is replied to; what it says is taken all the same."""
PAUSE_SECONDS: Final = 3600
REMEMBER_SECONDS: Final = 30 * 24 * 3600
MOST_WORDS: Final = 8
"""Longer than any answer, shorter than our own words: telephones send a reaction ("Disliked ...") with the whole message quoted."""
CHOICES: Final = 4
_CODE: Final = re.compile(r"\b[1-9][0-9]{3}\b", re.A)
_TOGETHER: Final = re.compile(r"([12])([1-9][0-9]{3})", re.A)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """What an SMS says: an answer, perhaps with a code. Without an answer it says nothing we know."""

    answer: Answer | None
    code: str = ""


def take(text: str, *, number: str, message_id: str, at: datetime) -> str:
    """What to reply to ``text`` from ``number``; empty for nothing, always so for a number we do not know.

    The same ``message_id`` again has no effect and gets no second reply. Not to be called inside a transaction.
    """
    digest = crypto.digest(number, purpose="address")
    known = ContactMethod.objects.filter(kind=Transport.SMS, address_digest=digest)
    if not known.exists() or _is_paused(digest) or not _is_new(message_id):
        return ""
    try:
        reply = _taken(text, number, digest, at=at)
    except BaseException:
        with suppress(RedisError, OSError):
            cache.delete(_remembered(message_id))  # Twilio may ask again
        raise
    return reply if reply and _count(f"sms-replied:{digest}") <= MAX_REPLIES else ""


def read(text: str) -> Read:
    """What ``text`` says, however it is written: "1 4821", "14821", "ok", "Oui !"."""
    words = [word for word in _words(text) if word not in POLITE]
    bare = " ".join(words)
    if len(words) > MOST_WORDS or not NOT.isdisjoint(words):
        return Read(None)
    if found := _TOGETHER.fullmatch(bare):
        return Read(Answer.HANDLING if found[1] == "1" else Answer.PASS_ON, found[2])
    code = _CODE.search(bare)
    said = [word for word in words if word in TAKE | PASS]
    if code and (said or bare == code[0]):
        return Read(Answer.PASS_ON if said and said[0] in PASS else Answer.HANDLING, code[0])
    if bare in TAKE | PASS:
        return Read(Answer.HANDLING if bare in TAKE else Answer.PASS_ON)
    return Read(None)


def _taken(text: str, number: str, digest: str, *, at: datetime) -> str:
    said, language = " ".join(_words(text)), _language(digest)
    if said in STOP | START:
        _opt(digest, out=said in STOP, at=at)
    if said in STOP | START | HELP:
        return ""  # Twilio itself replies to these
    meant = read(text)
    found = answer_codes.answerable(digest, at=at, code=meant.code)
    if meant.answer is None or (meant.code and not found):
        return _missed(number, digest, meant, language)
    waiting = found if meant.code else _waiting(found)
    if not waiting:
        return telephone_words.say("nothing_open", language)
    if len({delivery.notification.thread for delivery in waiting}) > 1:
        return _ask_which(waiting, language)
    newest = waiting[0]
    if not meant.code and meant.answer == Answer.HANDLING and newest.notification.life_safety:  # numbers are forged, machines say "OK"
        code = answer_codes.of([newest]).get(newest.pk, "")
        return telephone_words.say("needs_code", language, code=code, title=_title(newest, language))
    return answers.give(newest.pk, meant.answer, via=Transport.SMS, at=at).text


def _waiting(found: Sequence[Delivery]) -> list[Delivery]:
    """What nobody has answered; or, when all of it was, the newest, so that the reply says what became of it."""
    return [delivery for delivery in found if delivery.notification.cancelled_at is None] or list(found[:1])


def _ask_which(waiting: Sequence[Delivery], language: str) -> str:
    newest = list({delivery.notification.thread: delivery for delivery in reversed(waiting)}.values())[::-1][:CHOICES]
    codes = answer_codes.of(newest)
    choices = [(codes[delivery.pk], _title(delivery, language)) for delivery in newest if delivery.pk in codes]
    return gsm.fit([], telephone_words.which(choices, language))


def _title(delivery: Delivery, language: str) -> str:
    alert = delivery.notification.context.get("alert") or {}
    alert = {**alert, **(alert.get("translations") or {}).get(language, {})}
    return f"#{alert.get('number', '')} {alert.get('title', '')}"[:60]


def _missed(number: str, digest: str, meant: Read, language: str) -> str:
    """The reply to what fits nothing; after MAX_MISSES of them the last one for a while."""
    misses = _count(f"sms-missed:{digest}")
    logger.warning("a reply by SMS from %s fitted no message (%d of %d within the hour)", mask("sms", number), misses, MAX_MISSES)
    if misses >= MAX_MISSES:
        return telephone_words.say("too_many", language, url=f"{settings.SENTINEL_BASE_URL}/live/")
    if meant.code:
        return telephone_words.say("wrong_code", language, code=meant.code)
    return telephone_words.say("not_understood", language)


def _words(text: str) -> list[str]:
    """The words and numbers of ``text``, small and without accents."""
    spelled = unicodedata.normalize("NFKD", text[:1000]).casefold()
    return re.findall(r"[a-z0-9]+", "".join(char for char in spelled if not unicodedata.category(char).startswith("M")))


def _language(digest: str) -> str:
    method = (
        ContactMethod.objects.filter(kind=Transport.SMS, address_digest=digest, recipient__isnull=False).select_related("recipient").first()
    )
    return method.recipient.language if method and method.recipient else settings.LANGUAGE_CODE


def _opt(digest: str, *, out: bool, at: datetime) -> None:
    methods = ContactMethod.objects.filter(kind=Transport.SMS, address_digest=digest)
    if out:
        methods.filter(disabled_at=None).update(disabled_at=at, disabled_reason=STOPPED)
        logger.warning("somebody replied STOP by SMS; that number gets no SMS until it sends START")
    else:
        methods.filter(disabled_reason=STOPPED).update(disabled_at=None, disabled_reason="")


def _count(what: str) -> int:
    """How many times ``what`` happened within the hour, with this one. Without Redis nobody is held up."""
    with suppress(RedisError, OSError, ValueError):
        cache.add(what, 0, PAUSE_SECONDS)
        return int(cache.incr(what))
    return 0


def _is_paused(digest: str) -> bool:
    with suppress(RedisError, OSError, ValueError, TypeError):
        return int(cache.get(f"sms-missed:{digest}") or 0) >= MAX_MISSES
    return False


def _is_new(message_id: str) -> bool:
    with suppress(RedisError, OSError):
        return not message_id or bool(cache.add(_remembered(message_id), 1, REMEMBER_SECONDS))
    return True


def _remembered(message_id: str) -> str:
    return f"sms:{crypto.digest(message_id, purpose='sms-message')}"
