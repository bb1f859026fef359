"""The words of `backups`. Lower case on the wire, as agents in the field write them."""

from typing import Final

from django.db.models import TextChoices


class Frequency(TextChoices):
    """How often a backup is expected."""

    HOURLY = "hourly", "Hourly"
    DAILY = "daily", "Daily"
    WEEKLY = "weekly", "Weekly"
    MONTHLY = "monthly", "Monthly"
    ONCE = "once", "Once"
    CRON = "cron", "Cron expression"


class BackupStatus(TextChoices):
    """How an expected backup job is, by its newest cycle that is decided."""

    OK = "ok", "OK"
    FAILED = "failed", "Failed"
    MISSING = "missing", "Missing"
    HASH_MISMATCH = "hash_mismatch", "Hash mismatch"
    TRANSFER_INTEGRITY_FAILED = "transfer_integrity_failed", "Transfer integrity failed"
    UNKNOWN = "unknown", "Unknown"
    """Nothing was reported, and nothing is overdue."""


class BackupVerdict(TextChoices):
    """What became of one cycle. Of two that fit, the first in this list holds."""

    MISSING = "missing", "Missing"
    """The deadline passed, and no report covers the cycle."""
    FAILED = "failed", "Failed"
    """The agent says that a stage failed."""
    TRANSFER_INTEGRITY_FAILED = "transfer_integrity_failed", "Transfer integrity failed"
    """The agent says that all went well, but the staged file is absent, unreadable, empty or of another size."""
    HASH_MISMATCH = "hash_mismatch", "Hash mismatch"
    """The size is right, but the SHA-256 computed here differs from the agent's."""
    SUCCESS = "success", "Success"
    """Everything agrees."""


BAD: Final = (BackupVerdict.MISSING, BackupVerdict.FAILED, BackupVerdict.TRANSFER_INTEGRITY_FAILED, BackupVerdict.HASH_MISMATCH)


class ReportedBy(TextChoices):
    """By which way a cycle was reported."""

    AGENT = "agent", "Agent's report"
    REST = "rest", "Report by REST"
    PING = "ping", "Ping"
    SENTINEL = "sentinel", "Sentinel itself"


class Suspicion(TextChoices):
    """What is odd about a backup that succeeded, judged by its own history."""

    TOO_SMALL = "too_small", "Much smaller than usual"
    TOO_SHORT = "too_short", "Much quicker than usual"
    TOO_EARLY = "too_early", "Much earlier than usual"
    TOO_OFTEN = "too_often", "Reported more often than usual"
    UNCHANGED = "unchanged", "The content did not change"
    UNREADABLE = "unreadable", "The archive cannot be read"
    UNRESTORED = "unrestored", "Not proved by a restore in time"


class PingKind(TextChoices):
    """What a ping said."""

    SUCCESS = "success", "Success"
    START = "start", "Start"
    FAIL = "fail", "Failure"
    LOG = "log", "Log"
    IGNORED = "ignored", "Ignored"


class QuarantineKind(TextChoices):
    """What could not be used, and is kept."""

    REPORT = "report", "Report that cannot be read"
    UNEXPECTED = "unexpected", "Database that nobody expects"
