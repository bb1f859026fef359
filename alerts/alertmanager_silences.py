"""Silences in the words of Alertmanager's API v2: read, checked and shown."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from alerts import alertmanager, silences
from alerts.enums import SILENCE_LONGEST, SilenceOrigin
from alerts.models import Silence
from sentinel_site.lib import english, matchers
from sentinel_site.lib.instants import instant
from sentinel_site.lib.matchers import Matcher

MILLISECOND: Final = timedelta(milliseconds=1)
_OPERATORS: Final = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
MAX_MATCHERS: Final = 20


class SilenceError(ValueError):
    """This silence cannot be made; the text says why."""


class UnknownSilenceError(LookupError):
    """There is no silence with this id."""


@transaction.atomic
def write(body: Any, *, by: Any, at: datetime) -> UUID:
    """Make a silence, or change the one that ``body`` names by its id. Returns the id, a new one where the old silence is replaced.

    Raises SilenceError, UnknownSilenceError.
    """
    if not isinstance(body, dict):
        raise SilenceError("send a silence as a JSON object")
    known = one(body["id"]) if body.get("id") else None
    silence = _read(body, at=at)
    if known is not None:
        if _continues(known, silence, at=at):
            silence.pk, silence._state.adding, silence.starts_at = known.pk, False, min(known.starts_at, silence.starts_at)
            silence.author_id, silence.created_at = known.author_id, known.created_at
            silence.origin, silence.window_id, silence.occurrence_at = known.origin, known.window_id, known.occurrence_at
        else:
            silences.expire(known, at=at)
            silence.starts_at = max(silence.starts_at, at)
    try:
        silence.full_clean()
    except ValidationError as error:
        raise SilenceError("; ".join(english.messages(error))) from None
    silences.save(silence, by=by, at=at)
    return silence.pk


def one(text: str) -> Silence:
    """The silence with this id. Raises UnknownSilenceError."""
    try:
        return Silence.objects.get(pk=UUID(text))
    except (ValueError, TypeError, AttributeError, Silence.DoesNotExist):
        raise UnknownSilenceError(f"silence {text!s:.60} not found") from None


def expire(silence: Silence, *, at: datetime) -> None:
    """End it now; what it held back is told."""
    silences.expire(silence, at=at)


def listed(filters: tuple[Matcher, ...], *, at: datetime) -> list[dict[str, Any]]:
    """Silences whose own matchers, read as labels, fit ``filters``: active by their end, pending by their start, expired newest first."""
    shown = [(silence, conditions(silence)) for silence in Silence.objects.select_related("author").order_by("-ends_at")[:5000]]
    found = [silence for silence, each in shown if matchers.all_hold(filters, {matcher.name: matcher.value for matcher in each})]
    order = {"active": 0, "pending": 1, "expired": 2}
    found.sort(key=lambda silence: (order[state(silence, at=at)], _place(silence, at=at)))
    return [describe(silence, at=at) for silence in found]


def describe(silence: Silence, *, at: datetime) -> dict[str, Any]:
    """A silence as Alertmanager shows it."""
    return {
        "id": str(silence.pk),
        "status": {"state": state(silence, at=at)},
        "updatedAt": instant(silence.changed_at),
        "matchers": [
            {"name": each.name, "value": each.value, "isRegex": each.operator.endswith("~"), "isEqual": each.operator.startswith("=")}
            for each in conditions(silence)
        ],
        "startsAt": instant(silence.starts_at),
        "endsAt": instant(silence.ends_at),
        "createdBy": silence.author_name or (silence.author.get_username() if silence.author else ""),
        "comment": silence.reason,
    }


def state(silence: Silence, *, at: datetime) -> str:
    """active, pending or expired."""
    return "expired" if silence.ends_at <= at else "pending" if silence.starts_at > at else "active"


def _continues(known: Silence, silence: Silence, *, at: datetime) -> bool:
    """Whether this changes a silence in place; one that is over, or says something else now, is replaced."""
    same_start = known.starts_at > at or abs(known.starts_at - silence.starts_at) < MILLISECOND  # clients keep milliseconds
    return known.ends_at > at and known.matchers == silence.matchers and same_start


def _read(body: Mapping[str, Any], *, at: datetime) -> Silence:
    starts_at, ends_at = _instant(body.get("startsAt"), "startsAt") or at, _instant(body.get("endsAt"), "endsAt")
    if ends_at is None or ends_at <= at or ends_at <= starts_at:
        raise SilenceError("endsAt must lie in the future, and after startsAt")
    if ends_at - max(starts_at, at) > SILENCE_LONGEST:
        raise SilenceError("a silence lasts at most 7 days; renew it, or use an inhibition for what is always so")
    comment, created_by = body.get("comment"), body.get("createdBy")
    if not isinstance(comment, str) or not comment.strip() or not isinstance(created_by, str) or not created_by.strip():
        raise SilenceError("comment and createdBy are needed: whoever sees the alert is told why it is silent")
    return Silence(
        matchers=_matchers(body.get("matchers")), reason=comment.strip()[:1000], author_name=created_by.strip()[:150],
        starts_at=max(starts_at, at) if body.get("id") is None else starts_at, ends_at=ends_at, origin=SilenceOrigin.ALERTMANAGER,
    )  # fmt: skip


def _matchers(given: Any) -> list[str]:
    if not isinstance(given, list) or not 0 < len(given) <= MAX_MATCHERS or not all(isinstance(each, dict) for each in given):
        raise SilenceError(f"matchers must be a list of 1 to {MAX_MATCHERS} objects")
    texts = [_text(each) for each in given]
    try:
        found = matchers.parse_all(texts)
    except matchers.MatcherError as error:
        raise SilenceError(str(error)) from None
    if all(each.holds({}) for each in found):
        raise SilenceError("at least one matcher must not match the empty text, or everything would be silent")
    return texts


def _text(matcher: Mapping[str, Any]) -> str:
    name, value, is_regex, is_equal = matcher.get("name"), matcher.get("value"), matcher.get("isRegex", False), matcher.get("isEqual", True)
    if not (isinstance(name, str) and isinstance(value, str) and _NAME.fullmatch(name)) or not isinstance(is_regex, bool):
        raise SilenceError("a matcher is {name, value, isRegex, isEqual} with a label's name")
    text: str = value
    if name == "severity" and not is_regex:
        text = alertmanager.SEVERITIES.get(text.lower(), text)  # alerts carry Sentinel's own word
    operator = _OPERATORS[is_regex, is_equal is not False]
    quoted = text.replace('"', '\\"') if is_regex else text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}{operator}"{quoted}"'


def conditions(silence: Silence) -> tuple[Matcher, ...]:
    """Its matchers; none, and so no alert, where they cannot be read."""
    try:
        return matchers.parse_all(silence.matchers)
    except matchers.MatcherError:  # written past every form; it silences nothing
        return ()


def _place(silence: Silence, *, at: datetime) -> float:
    if silence.ends_at <= at:
        return -silence.ends_at.timestamp()
    return (silence.starts_at if silence.starts_at > at else silence.ends_at).timestamp()


def _instant(value: Any, what: str) -> datetime | None:
    try:
        return alertmanager.instant(value, what)
    except ValueError as error:
        raise SilenceError(str(error)) from None
