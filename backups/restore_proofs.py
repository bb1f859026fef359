"""Backups that nobody has restored for too long: an alert of medium severity, until somebody proves that it can be done."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from alerts.enums import Resolution, Severity
from alerts.models import Alert
from backups import backup_texts, job_mail, telling
from backups.models import ExpectedBackupJob, RestoreProof
from backups.telling import News

BATCH: Final = 200
AGAIN_AFTER: Final = timedelta(days=7)
"""An alert that somebody closed without a proof is raised again after so long."""


class Proved(NamedTuple):
    """A job, and when its last proof succeeded; None: never."""

    job: ExpectedBackupJob
    last_at: datetime | None


def sweep(*, at: datetime) -> int:
    """Raise the alert of every job whose proof is overdue, and end those of jobs that were proved. Returns how many were raised.

    An alert that is open stays as it is: nobody is told again and again.
    """
    watched = _watched()
    late = {pk: each for pk, each in watched.items() if is_overdue(each.job, each.last_at, at=at)}
    told = telling.told(telling.UNRESTORED)
    fresh = _without_answered([each for pk, each in late.items() if pk not in told], at=at)
    for start in range(0, len(fresh), BATCH):
        _raise(fresh[start : start + BATCH], at=at)
    _end([each for pk, each in watched.items() if pk not in late and pk in told], at=at)
    _forget(told - watched.keys(), at=at)
    return len(fresh)


def is_overdue(job: ExpectedBackupJob, last_at: datetime | None, *, at: datetime) -> bool:
    """Whether the job's backups should have been restored by now. The days count from the last proof, or from when the job was made."""
    return job.restore_proof_days is not None and (last_at or job.created_at) + timedelta(days=job.restore_proof_days) < at


def _watched() -> dict[UUID, Proved]:
    proved = Max("restore_proofs__restored_at", filter=Q(restore_proofs__succeeded=True))
    rows = ExpectedBackupJob.objects.filter(is_active=True, restore_proof_days__isnull=False).annotate(proved_at=proved).order_by()
    return {job.pk: Proved(job, job.proved_at) for job in rows}


def _without_answered(late: list[Proved], *, at: datetime) -> list[Proved]:
    """Those whose alert was not closed within a week: whoever closed it knows."""
    keys = [telling.key(telling.UNRESTORED, each.job) for each in late]
    closed = Alert.objects.filter(dedup_key__in=keys, closed_at__gt=at - AGAIN_AFTER)
    answered = set(closed.values_list("dedup_key", flat=True)) if keys else set()
    return [each for key, each in zip(keys, late, strict=True) if key not in answered]


def _raise(late: list[Proved], *, at: datetime) -> None:
    jobs = [each.job for each in late]
    failed = _failures(late)
    with transaction.atomic():
        mailboxes = job_mail.prepare(jobs)
        held = telling.hold({job.pk for job in jobs})
        news = {telling.key(telling.UNRESTORED, each.job): _news(each, failed.get(each.job.pk, ""), at=at) for each in late}
        telling.raise_all({key: each for key, each in news.items() if key not in held}, held, mailboxes, at=at)


def _news(late: Proved, failed: str, *, at: datetime) -> News:
    said = telling.words(lambda: backup_texts.unrestored(late.job, last_at=late.last_at, failed=failed, at=at))
    return News(late.job, None, telling.SUSPICIOUS, Severity.MEDIUM, said)


def _failures(late: list[Proved]) -> dict[UUID, str]:
    """What the newest attempt of each job says that failed after its last proof."""
    rows = RestoreProof.objects.filter(job__in=[each.job for each in late]).order_by("job_id", "-restored_at").distinct("job_id")
    return {proof.job_id: proof.detail or "?" for proof in rows if not proof.succeeded}


def _end(proved: list[Proved], *, at: datetime) -> None:
    if not proved:
        return
    with transaction.atomic():
        held = telling.hold({each.job.pk for each in proved})
        over = [(held.get(telling.key(telling.UNRESTORED, each.job)), each) for each in proved]
        endings = [(alert, telling.words(backup_texts.proved, each.job, each.last_at or at)) for alert, each in over if alert]
        telling.end(endings, at=at)


def _forget(job_ids: set[UUID], *, at: datetime) -> None:
    """End the alerts of jobs of which no proof is asked for any more."""
    if job_ids:
        with transaction.atomic():
            held = {key: alert for key, alert in telling.hold(job_ids).items() if key.startswith(telling.UNRESTORED)}
            telling.end([(alert, telling.words(backup_texts.unasked)) for alert in held.values()], at=at, resolution=Resolution.AUTO)
