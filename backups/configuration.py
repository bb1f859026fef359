"""What operators configure here, for the history of changes."""

from backups.config import COLUMNS
from backups.models import ExpectedBackupJob, PingKey, RestoreProof, UnexpectedDatabase
from sentinel_site.lib.configuration import declare, leave_out

declare(
    ExpectedBackupJob,
    tuple(COLUMNS.values()),
    engine=(
        "ping_id", "badge_id", "current_status", "next_expected_at", "overdue_at", "last_cycle_at", "started_at", "started_rid",
        "last_checked_at_utc", "last_successful_backup_utc", "last_failed_backup_utc", "previous_successful_hash_global",
        "created_by", "created_at", "updated_at",
    ),
)  # fmt: skip
declare(PingKey, ("name", "may_create"), engine=("digest", "prefix", "created_at", "last_used_at"))
leave_out(RestoreProof, "It is what somebody found out, with their name and the time, and configures nothing.")
leave_out(UnexpectedDatabase, "It is what agents report; to expect it makes an expected backup, which has a history.")
