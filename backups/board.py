"""What the pages of backups show: how every expected backup is, those in trouble first, and all about one of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, DateField, DateTimeField, F, Func, IntegerField, Max, Q, QuerySet, When
from django.db.models.functions import Cast

from alerts import describe
from alerts.enums import OPEN
from backups import backup_phrases
from backups.enums import BAD, BackupStatus, BackupVerdict
from backups.models import BackupEntry, ExpectedBackupJob, QuarantinedReport, RestoreProof, Scan, UnexpectedDatabase
from sentinel_site.lib.ids import floor

SHOWN: Final = 300
"""So many jobs at once; the others are found by searching."""
WEEKS, MANY_WEEKS = 10, 26
NEWEST: Final = 20
SUSPICIOUS_DAYS: Final = 8
FEW: Final = 20
LETTERS: Final = ".slwhtfm"
"""What became of a day, the worst last: nothing, success, late success, suspicious, hash mismatch, transfer, failed, missing."""
DAY: Final = timedelta(days=1)
IN_TROUBLE: Final = ~Q(current_status__in=(BackupStatus.OK, BackupStatus.UNKNOWN)) & Q(is_active=True)
_WORST: Final = Case(
    When(status=BackupVerdict.MISSING, then=7),
    When(status=BackupVerdict.FAILED, then=6),
    When(status=BackupVerdict.TRANSFER_INTEGRITY_FAILED, then=5),
    When(status=BackupVerdict.HASH_MISMATCH, then=4),
    When(suspicions__len__gt=0, then=3),
    When(was_missing=True, then=2),
    default=1,
    output_field=IntegerField(),
)


def snapshot(*, at: datetime, search: str = "", trouble: bool = False) -> dict[str, Any]:
    """The jobs that match, those in trouble first, and what else needs a look. A fixed number of queries for any number of jobs."""
    found = _matching(search)
    odd = _suspicious(at=at)
    wanted = found.filter(IN_TROUBLE | Q(pk__in=odd)) if trouble else found
    first = Case(When(IN_TROUBLE, then=0), When(pk__in=odd, then=1), When(is_active=False, then=3), default=2, output_field=IntegerField())
    jobs = list(wanted.order_by(first, "company_name", "city", "database_name", "pk")[: SHOWN + 1])
    counted = found.aggregate(all=Count("pk"), trouble=Count("pk", filter=IN_TROUBLE | Q(pk__in=odd)))
    return {
        "now": describe.instant(at),
        "jobs": described(jobs[:SHOWN], weeks=WEEKS, at=at),
        "counts": counted,
        "more": len(jobs) > SHOWN,
        "scan": _last_scan(),
        "unexpected": [_unexpected(each) for each in UnexpectedDatabase.objects.filter(ignored=False)[:FEW]],
        "quarantined": [_quarantined(each) for each in QuarantinedReport.objects.filter(settled_at=None)[:FEW]],
    }


def one(job: ExpectedBackupJob, *, at: datetime, day: date | None = None) -> dict[str, Any]:
    """All about one job: half a year of days, and the entries of one ``day`` in its zone, or the newest ones."""
    entries = job.entries.select_related("alert")
    if day is not None:
        start = datetime.combine(day, datetime.min.time(), ZoneInfo(job.timezone))
        entries = entries.filter(cycle_at__gte=start, cycle_at__lt=datetime.combine(day + DAY, datetime.min.time(), ZoneInfo(job.timezone)))
    return {
        "now": describe.instant(at),
        "job": {**described([job], weeks=MANY_WEEKS, at=at)[0], **_settings(job)},
        "day": day.isoformat() if day else None,
        "entries": [entry(each) for each in entries[:NEWEST]],
        "proofs": [_proof(each) for each in job.restore_proofs.select_related("by")[:FEW]],
    }


def described(jobs: Sequence[ExpectedBackupJob], *, weeks: int, at: datetime) -> list[dict[str, Any]]:
    """Each job as the pages know it, with its newest entry and what became of each day of the last ``weeks``."""
    keys = [job.pk for job in jobs]
    newest = {each.expected_job_id: each for each in _newest(keys)}
    alerts, days, proved = _open_alerts(keys), _days(jobs, weeks=weeks, at=at), _proved(keys)
    return [
        {
            "id": str(job.pk), "database": job.database_name, "company": job.company_name, "city": job.city,
            "neighborhood": job.neighborhood, "agent": job.agent_id_responsible, "status": job.current_status, "active": job.is_active,
            "zone": job.timezone, "reported_by": job.reported_by, "next_expected_at": describe.instant(job.next_expected_at),
            "overdue_at": describe.instant(job.overdue_at), "started_at": describe.instant(job.started_at),
            "last_success_at": describe.instant(job.last_successful_backup_utc), "latest": entry(newest.get(job.pk)),
            "alerts": alerts[job.pk], "calendar": days[job.pk],
            "proved_at": describe.instant(proved.get(job.pk)), "proof_days": job.restore_proof_days,
        }
        for job in jobs
    ]  # fmt: skip


def entry(found: BackupEntry | None) -> dict[str, Any] | None:
    """All facts of an entry."""
    if found is None:
        return None
    plain = (
        "status", "reported_by", "message", "was_missing", "reports", "size_bytes", "duration_seconds", "suspicions", "evidence",
        "stored_path",
        "agent_id", "agent_overall_status", "agent_reported_hash_sha256", "agent_reported_size_bytes", "agent_compress_size_pre_compress",
        "agent_compress_size_post_compress", "agent_transfer_process_status", "agent_transfer_error_message", "agent_staged_file_name",
        "agent_logs_summary", "agent_stages", "operation_log_file_name", "server_calculated_staged_hash", "server_calculated_staged_size",
        "previous_successful_hash_global", "hash_comparison_result",
    )  # fmt: skip
    instants = ("cycle_at", "reported_at", "agent_report_timestamp_utc", "agent_transfer_process_start_time",
                "agent_transfer_process_timestamp", "created_at", "changed_at")  # fmt: skip
    return {
        "id": str(found.pk), "alert": str(found.alert_id) if found.alert_id else None,
        **{name: getattr(found, name) for name in plain}, "message": backup_phrases.message(found.message),
        **{name: describe.instant(getattr(found, name)) for name in instants},
    }  # fmt: skip


def _matching(search: str) -> QuerySet[ExpectedBackupJob]:
    found = ExpectedBackupJob.objects.all()
    for word in search.split()[:8]:
        found = found.filter(
            Q(database_name__icontains=word) | Q(company_name__icontains=word) | Q(city__icontains=word)
            | Q(neighborhood__icontains=word) | Q(agent_id_responsible__icontains=word)
        )  # fmt: skip
    return found


def _suspicious(*, at: datetime) -> set[UUID]:
    """Jobs whose newest entry of the last days succeeded and is odd all the same."""
    recent = BackupEntry.objects.filter(pk__gte=floor(at - SUSPICIOUS_DAYS * DAY)).exclude(status__in=BAD)
    odd = set(recent.filter(suspicions__len__gt=0).order_by().values_list("expected_job_id", flat=True))
    return {each.expected_job_id for each in _newest(list(odd)) if each.suspicions}


def _newest(jobs: Sequence[UUID]) -> list[BackupEntry]:
    found = BackupEntry.objects.filter(expected_job__in=jobs)
    return list(found.order_by("expected_job_id", "-cycle_at").distinct("expected_job_id"))


def _open_alerts(jobs: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Each job's open alerts, the newest cycle first."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    entries = BackupEntry.objects.filter(expected_job__in=jobs, alert__status__in=OPEN).select_related("alert").order_by("-cycle_at")
    for each in entries[: FEW * max(1, len(jobs))]:
        alert = each.alert
        if alert is not None and not any(known["id"] == str(alert.pk) for known in found[each.expected_job_id]):
            found[each.expected_job_id].append(
                {"id": str(alert.pk), "title": alert.own_title, "priority": f"P{alert.priority}", "taken_by": alert.acknowledged_by}
            )
    return found


def _days(jobs: Iterable[ExpectedBackupJob], *, weeks: int, at: datetime) -> dict[UUID, dict[str, str]]:
    """For each job the first day shown, a Monday, and one letter for each day up to today in its zone."""
    here = {job.pk: at.astimezone(ZoneInfo(job.timezone)).date() for job in jobs}
    first = {pk: today - timedelta(days=today.weekday(), weeks=weeks - 1) for pk, today in here.items()}
    letters = {pk: ["."] * ((today - first[pk]).days + 1) for pk, today in here.items()}
    local = Func(F("expected_job__timezone"), F("cycle_at"), function="timezone", output_field=DateTimeField())
    rows = BackupEntry.objects.filter(expected_job__in=list(here), cycle_at__gte=at - (weeks + 1) * timedelta(weeks=1)).order_by()
    worst = rows.annotate(day=Cast(local, DateField())).values_list("expected_job_id", "day").annotate(worst=Max(_WORST))
    for pk, day, rank in worst:
        if 0 <= (place := (day - first[pk]).days) < len(letters[pk]):
            letters[pk][place] = LETTERS[rank]
    return {pk: {"first": day.isoformat(), "days": "".join(letters[pk])} for pk, day in first.items()}


def _proved(jobs: Sequence[UUID]) -> dict[UUID, datetime]:
    """When a restore of each job's backups last succeeded."""
    found = RestoreProof.objects.filter(job__in=jobs, succeeded=True).order_by().values_list("job_id")
    return dict(found.annotate(newest=Max("restored_at")))


def _settings(job: ExpectedBackupJob) -> dict[str, Any]:
    names = ("backup_frequency", "expected_hour_utc", "expected_minute_utc", "weekdays", "day_of_month", "cron", "period_seconds",
             "grace_minutes", "change_expected", "severity")  # fmt: skip
    return {**{name: getattr(job, name) for name in names}, "once_on": job.once_on.isoformat() if job.once_on else None}


def _proof(proof: RestoreProof) -> dict[str, Any]:
    by = proof.by
    return {
        "restored_at": describe.instant(proof.restored_at), "succeeded": proof.succeeded, "detail": proof.detail,
        "by": (by.get_full_name() or by.get_username()) if by else "",
    }  # fmt: skip


def _last_scan() -> dict[str, Any] | None:
    scan = Scan.objects.order_by("-pk").first()
    if scan is None:
        return None
    return {"started_at": describe.instant(scan.started_at), "finished_at": describe.instant(scan.finished_at), "error": scan.error}


def _unexpected(found: UnexpectedDatabase) -> dict[str, Any]:
    return {"id": found.pk, "agent": found.agent, "database": found.database_name, "reports": found.reports,
            "last_seen_at": describe.instant(found.last_seen_at)}  # fmt: skip


def _quarantined(found: QuarantinedReport) -> dict[str, Any]:
    return {"id": str(found.pk), "agent": found.agent, "file": found.file_name, "reason": found.reason,
            "found_at": describe.instant(found.found_at)}  # fmt: skip
