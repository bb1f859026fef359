"""The record that proves what happened (log entries), and the live feed's events. Both belong to the caller's transaction.

Rows written beside these (claims of steps, opinions) refer to alerts by a constraint, for which the database takes a share of
the alert's key. Whoever locks alerts therefore does so with NO KEY UPDATE: with a full lock, an acknowledgement (alert, then
deliveries) and whoever writes such a row would wait for each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from pydantic_core import to_json

from alerts.enums import EventKind, LogKind
from alerts.models import LogEntry
from notifications.models import Recipient, RecipientGroup
from sentinel_site.lib import prepared, rows, wake


@dataclass(frozen=True, slots=True)
class AtCommandLine:
    """A user who acts by a command; the record says that it was one."""

    user: AbstractBaseUser


By = AbstractBaseUser | AtCommandLine | Recipient | RecipientGroup | None
"""Who did it: a signed-in user (maybe by a command), a recipient who answered, a group (somebody in its channel), or None for Sentinel."""
COMMAND_LINE: Final = "command line"
"""What the detail of an entry holds as ``via`` when a command did it."""

UNANSWERED: Final = "UNANSWERED"
"""What an alert became when the last resort was told; it is no status."""
_ANNOUNCE = """
WITH taken AS (
    INSERT INTO alerts_eventcounter (id, value) VALUES (1, %(size)s::bigint)
    ON CONFLICT (id) DO UPDATE SET value = alerts_eventcounter.value + excluded.value RETURNING value
), written AS (
    INSERT INTO alerts_alertevent (id, alert_id, kind, became, at)
    SELECT taken.value - %(size)s::bigint + event.place, event.alert, event.kind, event.became, %(at)s::timestamptz
    FROM taken, ROWS FROM (json_to_recordset(%(events)s::json) AS (alert uuid, kind text, became text))
        WITH ORDINALITY AS event (alert, kind, became, place)
)
SELECT pg_notify(topic, '') FROM unnest(%(topics)s::text[]) AS topic
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor as the record keeps it: the name stays when the user or the recipient is deleted."""

    name: str = ""
    user_id: int | None = None
    recipient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry to be written."""

    alert_id: UUID
    kind: LogKind
    by: By = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def actor(by: By) -> Actor:
    """``by`` as the record keeps it. A recipient with a sign-in names both."""
    if by is None:
        return Actor()
    if isinstance(by, AtCommandLine):
        return actor(by.user)
    if isinstance(by, Recipient):
        return Actor(by.name, by.user_id, by.pk)
    if isinstance(by, RecipientGroup):
        return Actor(by.name)
    recipient = Recipient.objects.filter(user_id=by.pk).first()
    full_name: str = by.get_full_name() if hasattr(by, "get_full_name") else ""
    return Actor(full_name or by.get_username(), by.pk, recipient.pk if recipient else None)


def write(entries: Iterable[Entry], *, at: datetime) -> None:
    """Append log entries, all with the instant ``at``, in one statement."""
    written = []
    for entry in entries:
        who, via = actor(entry.by), {"via": COMMAND_LINE} if isinstance(entry.by, AtCommandLine) else {}
        written.append(
            LogEntry(alert_id=entry.alert_id, at=at, kind=entry.kind, actor=who.name, actor_user_id=who.user_id,
                     actor_recipient_id=who.recipient_id, detail={**entry.detail, **via})
        )  # fmt: skip
    rows.insert(written)


def write_plain(alert_ids: Sequence[UUID], kind: LogKind, details: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """Append one entry of Sentinel itself per alert; the fast form for intake, without a model object per row."""
    if alert_ids:
        plain = [{"alert": pk, "detail": detail} for pk, detail in zip(alert_ids, details, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO alerts_logentry (alert_id, at, kind, actor, detail)"
                " SELECT alert, %s, %s, '', detail FROM json_to_recordset(%s::json) AS entry (alert uuid, detail jsonb)",
                [
                    at,
                    kind.value,
                    to_json(plain).decode(),
                ],
            )


def announce(
    events: Iterable[tuple[EventKind, UUID] | tuple[EventKind, UUID, str]], *, at: datetime, wake_also: tuple[str, ...] = ()
) -> None:  # fmt: skip
    """Put events on the live feed and wake its readers (and ``wake_also``) at commit. Make it the transaction's last statement.

    An event is its kind, its alert and, where it has one, what the alert became by it: a status, or UNANSWERED.
    Event ids come from a counter whose row stays locked until commit: ids are handed out in commit order and have
    no gaps, so a reader that saw 7 has seen 6. The price is that transactions with events commit one after another.
    """
    listed = [{"alert": alert, "kind": kind.value, "became": str(became[0]) if became else ""} for kind, alert, *became in events]
    if listed or wake_also:
        values = {"size": len(listed), "events": to_json(listed).decode(), "at": at, "topics": [wake.EVENTS, *wake_also]}
        prepared.run(_ANNOUNCE, values)
