"""One ping as it came, what became of it, and what it says about its job. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final, NamedTuple
from uuid import UUID

from backups.enums import BackupVerdict, PingKind, ReportedBy
from backups.evidence import Evidence, Reported
from sentinel_site.lib.ids import uuid7

SUMMARY_CHARACTERS: Final = 4000
MESSAGE_CHARACTERS: Final = 300


class Target(NamedTuple):
    """Which job is pinged: by its ``ping_id``, or by its ``slug`` and the digest of a ping key. ``create``: make it if it is not there."""

    ping_id: UUID | None = None
    key: str = ""
    slug: str = ""
    create: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One ping as it came. ``duration_seconds`` as its sender says it; None: worked out from the start. ``size``: bytes of the body."""

    at: datetime
    target: Target
    kind: PingKind
    exit_status: int | None = None
    rid: UUID | None = None
    duration_seconds: float | None = None
    method: str = "GET"
    address: str = ""
    agent: str = ""
    head: str = ""
    tail: str = ""
    size: int = 0
    id: UUID = field(default_factory=uuid7)


class Became(Enum):
    """What became of a ping."""

    TAKEN = auto()
    CREATED = auto()
    """Taken, and the job was made."""
    IGNORED = auto()
    """Stored, and nothing else: the job takes POST alone, or is paused until somebody resumes it."""
    UNKNOWN = auto()
    TOO_MANY = auto()
    FULL = auto()
    BUSY = auto()
    """Not stored: the database did not take it."""


class Found(NamedTuple):
    """A stored ping and its job. ``kind`` is IGNORED when it changes nothing."""

    place: int
    job_id: UUID
    kind: str
    seconds: float | None
    is_active: bool
    key_id: int | None
    key_used_at: datetime | None


def evidence(call: Call, found: Found) -> Evidence:
    """What a ping that says how a job ended says about it."""
    text = call.tail or call.head
    return Evidence(
        key=f"ping:{call.id}",
        verdict=BackupVerdict.SUCCESS if found.kind == PingKind.SUCCESS else BackupVerdict.FAILED,
        reported_by=ReportedBy.PING,
        judged_at=call.at,
        ended_at=call.at,
        message=_message(call, text),
        duration_seconds=found.seconds,
        evidence={"rid": str(call.rid)} if call.rid else {},
        reported=Reported(agent_report_timestamp_utc=call.at, agent_logs_summary=text[-SUMMARY_CHARACTERS:]),
    )


def _message(call: Call, text: str) -> str:
    """Why it failed, in a line: the last thing it said."""
    if call.kind != PingKind.FAIL:
        return ""
    said = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    code = f"Exit status {call.exit_status}. " if call.exit_status else ""
    return f"{code}{said[:MESSAGE_CHARACTERS]}".strip() or "The ping says that it failed."
