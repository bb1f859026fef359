"""What the pages of jobs show: last night at a glance, every job with its numbers, chains as one story, and all about one run."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from alerts import describe
from alerts.models import Alert
from jobs import drift, job_alerts, links, run_queries, stats
from jobs.enums import GOOD, RUN_BAD, JobKind
from jobs.models import Job, JobLink, JobRun
from jobs.run_texts import error_of
from sentinel_site.lib.instants import instant

EVENING: Final = 18
SETTLED: Final = timedelta(hours=6)
"""The night began at the last 18:00 (on the site's clock) that is so long ago: in the evening the last night is still the last one."""
FIGURES_DAYS: Final = 30
CHAIN_RUNS: Final = 200
NEIGHBOURS: Final = 20


def numbers(*, hours: int, at: datetime) -> dict[str, Any]:
    """The runs of the last ``hours`` as REST shows them."""
    since = at - timedelta(hours=hours)
    found = stats.period(since=since, until=at)
    slugs = dict(Job.objects.values_list("pk", "slug").order_by("slug"))
    each = {slug: found.get(pk, stats.none()) for pk, slug in slugs.items()}
    return {**found[stats.OVERALL], "since": instant(since), "until": instant(at), "jobs": each}


def night_of(at: datetime) -> datetime:
    """When the last night began."""
    zone: ZoneInfo = timezone.get_default_timezone()  # type: ignore[assignment]
    local = (at - SETTLED).astimezone(zone)
    evening = local.replace(hour=EVENING, minute=0, second=0, microsecond=0)
    return evening if evening <= local else (evening - timedelta(days=1))


def snapshot(*, at: datetime) -> dict[str, Any]:
    """Every job as its card shows it. The number of statements depends neither on jobs nor on runs."""
    since = night_of(at)
    jobs = list(_readable().order_by("name", "slug"))
    night, figures = stats.counts(since=since, until=at), stats.period(since=at - timedelta(days=FIGURES_DAYS), until=at)
    recent, good = stats.recent(), stats.last_good()
    pairs = list(JobLink.objects.order_by("pk").values_list("parent_id", "child_id", "on"))
    last = _last_runs(recent)
    alerts = _alerts()
    names = {job.pk: job.slug for job in jobs}
    described = [
        {
            **describe_job(job, at=at), "night": night.get(job.pk, stats.no_counts()), "figures": figures.get(job.pk, stats.none()),
            "recent": recent.get(job.pk, []), "last": last.get(job.pk), "last_good_at": instant(good.get(job.pk)),
            "alerts": alerts.get(job.pk, []), "after": [names[parent] for parent, child, _ in pairs if child == job.pk],
        }
        for job in jobs
    ]  # fmt: skip
    chains = links.chains((parent, child) for parent, child, _ in pairs)
    total = {name: sum(each[name] for each in night.values()) for name in stats.COUNTS}
    return {
        "now": instant(at), "since": instant(since), "jobs": described, "total": total,
        "chains": [[names[pk] for pk in chain if pk in names] for chain in chains],
    }  # fmt: skip


def describe_job(job: Job, *, at: datetime) -> dict[str, Any]:
    """A job as its pages know it; nothing secret."""
    return {
        "slug": job.slug, "name": job.own_name, "description": job.description, "kind": job.kind, "enabled": job.enabled,
        "paused_until": instant(job.paused_until) if job.paused_until and job.paused_until > at else None, "cron": job.cron,
        "time_zone": job.time_zone, "next_run_at": instant(job.next_run_at), "runnable": job.kind != JobKind.EXTERNAL,
        "built_in": job.built_in, "long_seconds": job.long_seconds, "timeout_seconds": job.timeout_seconds,
    }  # fmt: skip


def one(run: JobRun, *, at: datetime) -> dict[str, Any]:
    """All about one run (of `run_queries.whole`), with its chain, and how it compares to the runs before it."""
    chain = run_queries.runs().filter(chain_id=run.chain_id).order_by("id")[:CHAIN_RUNS]
    return {
        "now": instant(at), "job": describe_job(run.job, at=at), "run": run_queries.describe(run), "usual": _usual(run),
        "drift": [{"name": each.name, "usual": each.usual, "value": each.value} for each in _drifts(run)],
        "chain": [_short(each) for each in chain], "others": [_short(each) for each in _neighbours(run)],
        "alerts": _alerts(run.job_id).get(run.job_id, []),
    }  # fmt: skip


def _readable() -> QuerySet[Job]:
    return Job.objects.defer("http_url", "http_headers", "http_body", "arguments")


def _last_runs(recent: Mapping[int, list[stats.Drawn]]) -> dict[int, dict[str, Any]]:
    """Of each job what its last run says."""
    wanted = [runs[-1][0] for runs in recent.values()]
    return {run.job_id: _short(run) | {"progress": run.progress} for run in run_queries.runs().filter(pk__in=wanted)}


def _short(run: JobRun) -> dict[str, Any]:
    """A run on one line, with the end of its error."""
    described = run_queries.describe(run)
    run.error = described["error"]
    names = ("id", "job", "job_name", "status", "trigger", "triggered_by", "attempt", "queued_at", "started_at", "finished_at",
             "scheduled_for", "duration_ms", "message", "reason", "stats", "parent")  # fmt: skip
    return {**{name: described[name] for name in names}, "error": error_of(run) if run.status in RUN_BAD else ""}


def _alerts(job_id: int | None = None) -> dict[int, list[dict[str, Any]]]:
    """The open alerts about jobs, the most urgent first."""
    found: dict[int, list[dict[str, Any]]] = {}
    for alert in sorted(job_alerts.open_alerts(), key=lambda each: (each.priority, each.pk)):
        pk = job_alerts.job_id(alert)
        if pk is not None and job_id in (None, pk):
            found.setdefault(pk, []).append(_alert(alert))
    return found


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": str(alert.pk), "number": alert.number, "type": alert.type, "title": alert.own_title, "priority": f"P{alert.priority}",
        "status": alert.status, "created_at": describe.instant(alert.created_at), "taken_by": alert.acknowledged_by,
    }  # fmt: skip


def _drifts(run: JobRun) -> Iterable[drift.Drift]:
    return job_alerts.drifts_of(run) if run.status in GOOD else []


def _usual(run: JobRun) -> dict[str, float]:
    """What its figures usually are: the medians of the good runs before it."""
    history = job_alerts.history_of(run)
    names = [drift.DURATION, *(name for name in run.stats if name != drift.DURATION)]
    found = {}
    for name in names[: drift.MOST_STATS + 1]:
        values = [drift.number(past.duration_ms if name == drift.DURATION else past.stats.get(name)) for past in history]
        middle = drift.usual([value for value in values if value is not None])
        if middle is not None:
            found[name] = middle
    return found


def _neighbours(run: JobRun) -> list[JobRun]:
    rows = run_queries.runs().filter(job_id=run.job_id)
    later = list(rows.filter(id__gt=run.pk).order_by("id")[: NEIGHBOURS // 2])
    return [*reversed(later), *rows.filter(id__lte=run.pk).order_by("-id")[:NEIGHBOURS]]
