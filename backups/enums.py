"""The words of `backups`. Lower case on the wire, as agents in the field write them."""

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Frequency(TextChoices):
    """How often a backup is expected."""

    HOURLY = "hourly", _("Hourly")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")
    ONCE = "once", _("Once")
    CRON = "cron", _("Cron expression")


class BackupStatus(TextChoices):
    """How an expected backup job is, by its newest cycle that is decided."""

    OK = "ok", "OK"
    FAILED = "failed", _("Failed")
    MISSING = "missing", _("Missing")
    HASH_MISMATCH = "hash_mismatch", _("Hash mismatch")
    TRANSFER_INTEGRITY_FAILED = "transfer_integrity_failed", _("Transfer integrity failed")
    UNKNOWN = "unknown", _("Unknown")
    """Nothing was reported, and nothing is overdue."""


class BackupVerdict(TextChoices):
    """What became of one cycle. Of two that fit, the first in this list holds."""

    MISSING = "missing", _("Missing")
    """The deadline passed, and no report covers the cycle."""
    FAILED = "failed", _("Failed")
    """The agent says that a stage failed."""
    TRANSFER_INTEGRITY_FAILED = "transfer_integrity_failed", _("Transfer integrity failed")
    """The agent says that all went well, but the staged file is absent, unreadable, empty or of another size."""
    HASH_MISMATCH = "hash_mismatch", _("Hash mismatch")
    """The size is right, but the SHA-256 computed here differs from the agent's."""
    SUCCESS = "success", _("Success")
    """Everything agrees."""


BAD: Final = (BackupVerdict.MISSING, BackupVerdict.FAILED, BackupVerdict.TRANSFER_INTEGRITY_FAILED, BackupVerdict.HASH_MISMATCH)


class ReportedBy(TextChoices):
    """By which way a cycle was reported."""

    AGENT = "agent", _("Agent's report")
    REST = "rest", _("Report by REST")
    PING = "ping", "Ping"
    SENTINEL = "sentinel", _("Sentinel itself")


class Suspicion(TextChoices):
    """What is odd about a backup that succeeded, judged by its own history."""

    TOO_SMALL = "too_small", _("Much smaller than usual")
    TOO_SHORT = "too_short", _("Much quicker than usual")
    TOO_EARLY = "too_early", _("Much earlier than usual")
    TOO_OFTEN = "too_often", _("Reported more often than usual")
    UNCHANGED = "unchanged", _("The content did not change")
    UNREADABLE = "unreadable", _("The archive cannot be read")
    UNRESTORED = "unrestored", _("Not proved by a restore in time")


class PingKind(TextChoices):
    """What a ping said."""

    SUCCESS = "success", _("Success")
    START = "start", _("Start")
    FAIL = "fail", _("Failure")
    LOG = "log", _("Log")
    IGNORED = "ignored", _("Ignored")


class QuarantineKind(TextChoices):
    """What could not be used, and is kept."""

    REPORT = "report", _("Report that cannot be read")
    UNEXPECTED = "unexpected", _("Database that nobody expects")
