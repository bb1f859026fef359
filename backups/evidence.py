"""What is known about one run of a backup, whoever reported it: the scanner, a ping, a REST call, or nobody in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from backups.enums import BackupVerdict, ReportedBy

NOTHING: Final[Mapping[str, Any]] = {}


class Reported(NamedTuple):
    """The columns of BackupEntry that only a report fills, by their names, with what stands in them before one came."""

    agent_report_timestamp_utc: datetime | None = None
    agent_id: str = ""
    agent_overall_status: str = ""
    agent_reported_hash_sha256: str = ""
    agent_reported_size_bytes: int | None = None
    agent_compress_size_pre_compress: int | None = None
    agent_compress_size_post_compress: int | None = None
    agent_transfer_process_status: bool | None = None
    agent_transfer_process_start_time: datetime | None = None
    agent_transfer_process_timestamp: datetime | None = None
    agent_transfer_error_message: str = ""
    agent_staged_file_name: str = ""
    agent_logs_summary: str = ""
    agent_stages: Mapping[str, Any] = NOTHING
    operation_log_file_name: str = ""
    server_calculated_staged_hash: str = ""
    server_calculated_staged_size: int | None = None
    stored_path: str = ""


class Evidence(NamedTuple):
    """One report about one run, judged.

    ``key`` is the report's identity (agents: its name and digest; pings: the ping's id): the same key a second time changes nothing.
    ``ended_at`` is the end of the run as it was reported; it chooses the cycle, unless ``cycle_at`` names it. ``judged_at`` is the
    clock. ``reported``: as it was said; None: nothing was, and what another report said stays. ``evidence`` is what was looked at,
    ``suspicions`` what was odd about that. ``size_bytes`` and ``duration_seconds`` are compared with the job's history; None: nobody
    knows. ``fits``: whoever made it saw to it that each value but ``evidence`` fits its column; others are cut.
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
    reported: Reported | None = None
    evidence: Mapping[str, Any] = NOTHING
    suspicions: Sequence[str] = ()
    fits: bool = False
