"""Which alerts a silence holds back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from alerts.models import Silence
from alerts.subjects import Found, Subject
from sentinel_site.lib import matchers


def find(subjects: Sequence[Subject], *, at: datetime) -> Mapping[UUID, list[Found]]:
    """The silences of ``at`` that match each of ``subjects``, by the alert's id."""
    index = matchers.Index(
        (conditions, silence)
        for silence in Silence.objects.filter(starts_at__lte=at, ends_at__gt=at)
        if (conditions := _conditions(silence)) is not None
    )
    found = {subject.alert.pk: [_found(silence) for silence in index.find(subject.labels)] for subject in subjects}
    return {pk: silences for pk, silences in found.items() if silences}


def _conditions(silence: Silence) -> tuple[matchers.Matcher, ...] | None:
    try:
        return matchers.parse_all(silence.matchers)
    except matchers.MatcherError:  # written past the form: what cannot be read silences nothing
        return None


def _found(silence: Silence) -> Found:
    reason = {"kind": "silence", "id": str(silence.pk), "reason": silence.reason, "until": silence.ends_at.isoformat()}
    return Found(reason, silence.ends_at)
