"""What is known about one run of a backup, whoever reported it: the scanner, a ping, a REST call, or nobody in time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from backups.enums import BackupVerdict, ReportedBy

NOTHING: Final[Mapping[str, Any]] = {}


class Evidence(NamedTuple):
    """One report about one run, judged.

    ``key`` is the report's identity (agents: its name and digest; pings: the ping's id): the same key a second time changes nothing.
    ``ended_at`` is the end of the run as it was reported; it chooses the cycle, unless ``cycle_at`` names it. ``judged_at`` is the
    clock. ``columns`` are further columns of BackupEntry (``agent_…``, ``server_…``, ``stored_path``), ``evidence`` what was
    looked at. ``size_bytes`` and ``duration_seconds`` are what suspicion compares with the job's history; None: nobody knows.
    ``fits``: whoever made it saw to it that each value but ``evidence`` fits its column; others are cut.
    """

    key: str
    verdict: BackupVerdict
    reported_by: ReportedBy
    judged_at: datetime
    ended_at: datetime
    cycle_at: datetime | None = None
    message: str = ""
    size_bytes: int | None = None
    duration_seconds: float | None = None
    content_hash: str = ""
    columns: Mapping[str, Any] = NOTHING
    evidence: Mapping[str, Any] = NOTHING
    fits: bool = False
