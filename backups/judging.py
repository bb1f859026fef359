"""What one report makes of its cycle's entry: pure, on rows in memory. `entries` gives the verdict and stores it."""

from collections.abc import Sequence
from typing import Final

from backups import fitting, suspicion
from backups.enums import BackupVerdict, Suspicion
from backups.evidence import Evidence, Reported
from backups.held import Entry, Fresh, Job
from backups.models import BackupEntry
from backups.suspicion import Run

KEYS: Final = 20
"""Identities of so many earlier reports of a cycle are kept."""


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
    _say(entry, evidence.reported)
    content, previous = evidence.content_hash, entry.previous_successful_hash_global
    entry.hash_comparison_result = content != previous if content and previous else None
    _suspect(entry, evidence, past)


def _fitted(evidence: Evidence) -> Evidence:
    """What does not fit its column is cut."""
    fit = fitting.fitters(BackupEntry)
    return evidence._replace(
        message=fit["message"](evidence.message), size_bytes=fit["size_bytes"](evidence.size_bytes), fits=True,
        duration_seconds=fit["duration_seconds"](evidence.duration_seconds), content_hash=fitting.text(evidence.content_hash, 64),
        reported=evidence.reported and Reported(**{name: fit[name](value) for name, value in evidence.reported._asdict().items()}),
    )  # fmt: skip


def _suspect(entry: Entry, evidence: Evidence, past: Sequence[Run]) -> None:
    entry.evidence = fitting.document(evidence.evidence) if evidence.evidence else {}
    found = list(evidence.suspicions)
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


def _say(entry: Entry, reported: Reported | None) -> None:
    """What one report says replaces what another said."""
    if reported is None:
        return
    if isinstance(entry, Fresh):
        entry.reported = reported
    else:
        for name, value in zip(Reported._fields, reported, strict=True):
            setattr(entry, name, value)


def _was_seen(entry: Entry, evidence: Evidence) -> bool:
    key = fitting.key(evidence.key)
    return key == entry.report_key or key in entry.earlier_keys
