"""What backups add to the story of an alert: the run that was expected, the verdict on it, and what was looked at."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from alerts.enums import StoryKind
from alerts.story_parts import LONG_TEXT, Asked, Entry, Fact, Part
from backups import backup_phrases
from backups.enums import BackupVerdict, ReportedBy
from backups.models import BackupEntry

NEEDED: Final = ("backups.view_expectedbackupjob", "backups.view_backupentry")
MOST: Final = 20
"""Of one alert about several runs (a backup that is odd again and again) so many are told."""
RANK: Final = 5
VERDICTS: Final = {
    BackupVerdict.MISSING: lambda: _("missing"), BackupVerdict.FAILED: lambda: _("failed"),
    BackupVerdict.TRANSFER_INTEGRITY_FAILED: lambda: _("did not arrive whole"), BackupVerdict.HASH_MISMATCH: lambda: _("corrupted"),
    BackupVerdict.SUCCESS: lambda: _("good"),
}  # fmt: skip
WAYS: Final = {
    ReportedBy.AGENT: lambda: _("an agent's report"), ReportedBy.REST: lambda: _("a report by REST"),
    ReportedBy.PING: lambda: _("a ping"), ReportedBy.SENTINEL: lambda: _("Sentinel, as nothing was reported in time"),
}  # fmt: skip
_COLUMNS: Final = (
    "agent_overall_status", "agent_reported_hash_sha256", "agent_reported_size_bytes", "agent_transfer_error_message",
    "agent_staged_file_name", "server_calculated_staged_hash", "server_calculated_staged_size", "previous_successful_hash_global",
    "hash_comparison_result", "stored_path",
)  # fmt: skip


def part(asked: Asked) -> Part | None:
    """The entries that the alert is about; None when there is none. One statement."""
    rows = BackupEntry.objects.filter(alert=asked.alert.pk).select_related("expected_job").order_by("cycle_at", "id")
    found = list(rows[: MOST + 1])
    if not found:
        return None
    if not all(map(asked.may, NEEDED)):
        return Part(left_out=[_("The backup's entry is left out: you have no permission to see backups and their entries.")])
    entries = [entry for row in found[:MOST] for entry in _entries(row)]
    return Part(entries, left_out=[_("Only the first %(n)d runs of the backup are told.") % {"n": MOST}] if len(found) > MOST else [])


def _entries(row: BackupEntry) -> Iterator[Entry]:
    job = row.expected_job
    words = {"name": job.database_name, "agent": job.agent_id_responsible or job.company_name or "–"}
    text = _("The backup of %(name)s (%(agent)s) was expected.") % words
    yield Entry(row.cycle_at, StoryKind.BACKUP, text, facts=[Fact("backup_entry", _("Entry"), str(row.pk))], rank=RANK)
    if row.agent_transfer_process_start_time:
        yield _told(row.agent_transfer_process_start_time, _("The agent says that it began to send the file."), 1)
    if row.reported_at:
        yield _told(row.reported_at, _("Its run ended, as it was reported."), 2)
    yield _verdict(row)


def _told(at: datetime, text: str, place: int) -> Entry:
    return Entry(at, StoryKind.BACKUP, text, rank=RANK, place=place)


def _verdict(row: BackupEntry) -> Entry:
    """What was found, as it stands now: an entry is judged again when another report about the same run comes."""
    words = {"verdict": VERDICTS[BackupVerdict(row.status)](), "by": WAYS[ReportedBy(row.reported_by)]()}
    facts = [
        Fact("verdict", _("Verdict"), str(row.status)), Fact("reports", _("Reports"), row.reports),
        Fact("message", _("Message"), backup_phrases.message(row.message)),
        Fact("was_missing", _("Was missing first"), row.was_missing or None), Fact("size_bytes", _("Size (bytes)"), row.size_bytes),
        Fact("duration_seconds", _("Took (s)"), row.duration_seconds),
        Fact("suspicions", _("Odd about it"), ", ".join(row.suspicions)),
        *(Fact(name, name, getattr(row, name)) for name in _COLUMNS),
    ]  # fmt: skip
    text = _("Verdict on the backup: %(verdict)s. Decided by %(by)s.") % words
    return Entry(
        row.changed_at, StoryKind.BACKUP, text, facts=[fact for fact in facts if fact.value not in (None, "")], quoted=_evidence(row),
        rank=RANK, place=3,
    )  # fmt: skip


def _evidence(row: BackupEntry) -> str:
    """What was looked at, and the agent's own words, word by word."""
    looked: dict[str, Any] = {name: each for name, each in (("evidence", row.evidence), ("stages", row.agent_stages)) if each}
    texts = [json.dumps(looked, indent=2, ensure_ascii=False)] if looked else []
    texts += [row.agent_logs_summary] if row.agent_logs_summary else []
    text = "\n\n".join(texts)
    return text if len(text) <= LONG_TEXT else text[:LONG_TEXT] + "…"
