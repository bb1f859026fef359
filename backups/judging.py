"""What one report makes of its cycle's entry: pure, on rows in memory. `entries` gives the verdict and stores it."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from backups import fitting, suspicion
from backups.enums import BackupVerdict, Suspicion
from backups.evidence import Evidence
from backups.held import Entry, Fresh, Job
from backups.models import BackupEntry
from backups.suspicion import Run

KEYS: Final = 20
"""Identities of so many earlier reports of a cycle are kept."""
OWN_COLUMNS: Final = frozenset({"stored_path", "operation_log_file_name"})


def is_news(entry: Entry, evidence: Evidence) -> bool:
    """Whether ``evidence`` decides the cycle anew: it was never seen, and no newer report decided."""
    if not entry.status:
        return True
    if evidence.verdict == BackupVerdict.MISSING or _was_seen(entry, evidence):
        return False
    return entry.reported_at is None or entry.status == BackupVerdict.MISSING or evidence.ended_at >= entry.reported_at


def remember(entry: Entry, evidence: Evidence) -> bool:
    """Count a report that came too late to decide. False when there is nothing to count: it was seen, or says nothing."""
    if evidence.verdict == BackupVerdict.MISSING or _was_seen(entry, evidence):
        return False
    entry.earlier_keys = [*entry.earlier_keys, fitting.key(evidence.key)][-KEYS:]
    entry.reports += 1
    entry.changed_at = evidence.judged_at
    return True


def write(entry: Entry, job: Job, evidence: Evidence, past: Sequence[Run]) -> None:
    """Write what ``evidence`` says on ``entry``, all but the verdict; ``past`` are the job's successes before, the newest first."""
    missing = evidence.verdict == BackupVerdict.MISSING
    if entry.report_key and entry.status != BackupVerdict.MISSING:
        entry.earlier_keys = [*entry.earlier_keys, entry.report_key][-KEYS:]
    entry.was_missing = entry.was_missing or entry.status == BackupVerdict.MISSING
    entry.previous_successful_hash_global = _previous_hash(entry, job)
    entry.report_key = fitting.key(evidence.key)
    entry.reported_by = evidence.reported_by
    entry.reported_at = None if missing else evidence.ended_at
    entry.reports += not missing
    entry.changed_at = evidence.judged_at
    evidence = evidence if evidence.fits else _fitted(evidence)
    entry.message, entry.size_bytes, entry.duration_seconds = evidence.message, evidence.size_bytes, evidence.duration_seconds
    _columns(entry, evidence)
    content, previous = evidence.content_hash, entry.previous_successful_hash_global
    entry.hash_comparison_result = content != previous if content and previous else None
    _suspect(entry, evidence, past)


def _fitted(evidence: Evidence) -> Evidence:
    """What does not fit its column is cut."""
    fit = fitting.fitters(BackupEntry)
    return evidence._replace(
        message=fit["message"](evidence.message), size_bytes=fit["size_bytes"](evidence.size_bytes), fits=True,
        duration_seconds=fit["duration_seconds"](evidence.duration_seconds), content_hash=fitting.text(evidence.content_hash, 64),
        columns={name: fit[name](value) for name, value in evidence.columns.items()},
    )  # fmt: skip


def _suspect(entry: Entry, evidence: Evidence, past: Sequence[Run]) -> None:
    entry.evidence = fitting.document(evidence.evidence) if evidence.evidence else {}
    found = list(evidence.columns.get("suspicions", ()))
    if evidence.verdict == BackupVerdict.SUCCESS:
        if past:
            delay = (evidence.ended_at - entry.cycle_at).total_seconds()
            judged = suspicion.judge(Run(entry.size_bytes, entry.duration_seconds, delay, entry.reports), past)
            found += judged.suspicions
            if judged.usual:
                entry.evidence = {**entry.evidence, "usual": judged.usual}
        if entry.hash_comparison_result is False:
            found.append(Suspicion.UNCHANGED)
    entry.suspicions = list(dict.fromkeys(found))


def _previous_hash(entry: Entry, job: Job) -> str:
    """The hash of the success before this cycle: the job's own, unless that is this cycle's, of an earlier report."""
    return entry.previous_successful_hash_global if entry.status == BackupVerdict.SUCCESS else job.previous_successful_hash_global


def _columns(entry: Entry, evidence: Evidence) -> None:
    """A whole report replaces what another said; a ping, which has no columns, leaves it."""
    if evidence.columns and not isinstance(entry, Fresh):
        for name, default in _defaults().items():
            setattr(entry, name, default() if callable(default) else default)
    entry.__dict__.update(evidence.columns)


def _was_seen(entry: Entry, evidence: Evidence) -> bool:
    key = fitting.key(evidence.key)
    return key == entry.report_key or key in entry.earlier_keys


@cache
def _defaults() -> dict[str, Any]:
    """The columns that only reports fill, with what stands in them before."""
    fields = [
        field for field in BackupEntry._meta.concrete_fields if field.name.startswith(("agent_", "server_")) or field.name in OWN_COLUMNS
    ]
    return {field.name: field.default if field.has_default() and callable(field.default) else field.get_default() for field in fields}
