"""What a scan writes down besides verdicts: the evidence for them, databases that nobody expects, reports that cannot be used."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from backups import deposit, fitting, storage
from backups.deposit import Found
from backups.enums import BackupVerdict, Suspicion
from backups.evidence import Evidence, Reported
from backups.matching import Unexpected
from backups.models import QuarantinedReport, UnexpectedDatabase
from backups.reports import Database, aware
from backups.storage import Folder
from backups.verifying import Looked
from sentinel_site.lib import jsontext, stored_paths

EXCERPT: Final = 2000
NOT_STORED: Final = "The store could not be written."
MOST_UNEXPECTED: Final = 500
"""Of one agent: one that invents names does not fill the table."""


def evidence(looked: Looked, verdict: BackupVerdict, stored_path: str | None, *, at: datetime) -> Evidence:
    """What the entry says. ``stored_path`` None: it was not stored; "" is no news about where."""
    _, found, report, database, ended_at, cycle_at, _, _ = work = looked.work
    seen = looked.evidence
    if stored_path is None and should_be_stored(looked):
        seen = {**seen, "not_stored": looked.not_stored or NOT_STORED}
    odd = (Suspicion.UNREADABLE,) if seen and seen.get("archive", {}).get("readable") is False else ()
    message = looked.message and fitting.text(looked.message, 500)
    _, backup, compress, transfer, staged_name, summary, size, digest = database
    zone = ZoneInfo(work.job.timezone)
    # By position: half of what it takes by names, ten thousand times a night. All fits: reports.py keeps texts short and clean.
    reported = Reported(
        ended_at, report.agent, report.overall, digest[:64], size, backup.size, compress.size, transfer.succeeded,
        transfer.started_at and aware(transfer.started_at, zone), transfer.ended_at and aware(transfer.ended_at, zone), transfer.error,
        fitting.text(staged_name, 500), summary,
        {"BACKUP": backup.document(), "COMPRESS": compress.document(), "TRANSFER": transfer.document()},
        fitting.text(found.name, 300), looked.digest, looked.size, stored_path or "",
    )  # fmt: skip
    return Evidence(
        found.key, verdict, found.by, at, ended_at, cycle_at, message, looked.size, database.duration_seconds(), looked.digest, reported,
        seen, odd, True,
    )  # fmt: skip


def unexpected(found: Sequence[Unexpected], *, at: datetime) -> int:
    """Write down databases that nobody expects: one row each, however often they are reported. Returns how many."""
    newest = {(each.found.agent[:120], each.database.name): each for each in found}
    agents = {agent for agent, _ in newest}
    known = {(row.agent, row.database_name): row for row in UnexpectedDatabase.objects.filter(agent__in=agents)} if agents else {}
    changed, fresh = [], []
    room = {agent: MOST_UNEXPECTED - sum(1 for each, _ in known if each == agent) for agent in agents}
    for (agent, name), each in newest.items():
        row = known.get((agent, name))
        if row is not None:
            row.last_seen_at, row.document, row.reports = at, _document(each.database), row.reports + 1
            changed.append(row)
        elif room[agent] > 0:
            room[agent] -= 1
            fresh.append(
                UnexpectedDatabase(agent=agent, database_name=name, first_seen_at=at, last_seen_at=at, document=_document(each.database))
            )
    UnexpectedDatabase.objects.bulk_update(changed, ["last_seen_at", "document", "reports"], batch_size=500)
    UnexpectedDatabase.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    return len(newest)


def quarantine(deposit_root: Folder, found: Found, *, at: datetime) -> None:
    """Keep a report that cannot be used: a copy in the quarantine, and a row that says why. The same one again changes nothing.

    Raises OSError and RefusedError; then nothing is written down, and the report stays where it is.
    """
    stored, body = "", deposit.body(deposit_root, found)
    if body:
        digest, name = hashlib.sha256(body).hexdigest()[:16], stored_paths.safe(found.name)
        folder_name = stored_paths.short(stored_paths.safe(found.agent))
        stored = f"{folder_name}/{stored_paths.short(f'{digest}-{name}')}"
        with Folder.root(settings.SENTINEL_BACKUP_QUARANTINE, make=True) as root, root.folder(folder_name, make=True) as folder:
            storage.write_whole(folder, stored.rpartition("/")[2], body)
    excerpt = jsontext.cleaned(body[:EXCERPT].decode("utf-8", "replace"))
    QuarantinedReport.objects.get_or_create(
        agent=found.agent[:120], file_name=jsontext.cleaned(found.name)[:300], stored_name=stored, settled_at=None,
        defaults={"reason": found.fault[:500], "excerpt": excerpt, "found_at": at},
    )  # fmt: skip


def should_be_stored(looked: Looked) -> bool:
    """Whether a verified copy of it belongs into the store."""
    return bool(looked.work.job.final_storage_path_template and looked.digest and looked.verdict == BackupVerdict.SUCCESS)


def _document(database: Database) -> dict[str, Any]:
    return {"staged_file_name": jsontext.cleaned(database.staged_name)[:500], "size": database.size, "failed": database.fault()} | {
        name: stage.document() for name, stage in database.stages.items()
    }
