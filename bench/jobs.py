"""The page of jobs with 10,000 runs: last night at a glance, every job's figures, a list of runs, and their numbers by REST."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from bench.house import House
from bench.rows import Row, median, percentile

NAME = "jobs"
PREFIX = "bench-job-"
JOBS, RUNS = 40, 10_000
GOAL_MS = 300
STATUSES = ("success",) * 46 + ("warning", "error", "skipped", "orphaned")


def run(house: House) -> list[Row]:
    """See the module."""
    from django.utils import timezone

    at, rounds = timezone.now(), 5 if house.quick else 25
    try:
        _seed(at)
        return [*_server_time(rounds), *_looked_at(rounds)]
    finally:
        _remove()


def _seed(at: datetime) -> None:
    """Forty jobs in chains of four, with 250 runs each over the last 24 hours: as busy as a night can be."""
    from django.db import connection

    from jobs.models import Job, JobLink, JobRun

    _remove()
    jobs = Job.objects.bulk_create(
        [Job(slug=f"{PREFIX}{number}", name=f"Job {number}", kind="http", cron="*/5 * * * *", enabled=False) for number in range(JOBS)]
    )
    JobLink.objects.bulk_create([JobLink(parent=jobs[n - 1], child=jobs[n]) for n in range(JOBS) if n % 4])
    JobRun.objects.bulk_create(list(_runs(jobs, at)), batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_jobrun")


def _runs(jobs: list[Any], at: datetime) -> Iterator[Any]:
    from jobs.models import JobRun
    from sentinel_site.lib.ids import uuid7

    for number in range(RUNS):
        began = at - timedelta(seconds=(RUNS - number) * 86_000 / RUNS)
        status, took, pk = STATUSES[number * 7 % len(STATUSES)], 1000 + number * 37 % 90_000, uuid7(began)
        yield JobRun(
            id=pk, job=jobs[number % JOBS], status=status, trigger="manual", chain_id=pk, queued_at=began, started_at=began,
            duration_ms=took,
            finished_at=began + timedelta(milliseconds=took), stats={"rows": number, "refused": number % 3, "file": "x" * 40},
            message="done", output="a line of output\n" * 40, error="a line of a traceback\n" * 20 if status == "error" else "",
        )  # fmt: skip


def _remove() -> None:
    from jobs.models import Job

    Job.objects.filter(slug__startswith=PREFIX).delete()


def _server_time(rounds: int) -> list[Row]:
    """The whole of Django answers, middleware included, as it does in a web process; there is no network in the figure."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(HTTP_HOST="localhost", raise_request_exception=True)
    client.force_login(User.objects.filter(is_superuser=True)[0], backend="django.contrib.auth.backends.ModelBackend")
    pages = {
        "the page of all jobs": "/live/jobs/", "what it asks for again": "/live/jobs/snapshot", "numbers by REST": "/api/v1/jobs/stats",
        "500 runs by REST": "/api/v1/jobs/runs?limit=500", "the admin's list of runs": "/admin/jobs/jobrun/",
    }  # fmt: skip
    return [_row(f"{what}, {RUNS:,} runs", _timed(lambda path=path: client.get(path), rounds)) for what, path in pages.items()]


def _looked_at(rounds: int) -> list[Row]:
    """What the watchdog does every quarter of a minute."""
    from django.utils import timezone

    from jobs import watching

    return [_row("the watch for late and long jobs", _timed(lambda: watching.sweep(at=timezone.now()), rounds))]


def _row(what: str, spent: list[float]) -> Row:
    note = f"longest {max(spent):.0f} ms of {len(spent)}"
    return Row(NAME, f"{what}: p95", percentile(spent, 0.95), "ms", ("<=", GOAL_MS), f"median {median(spent):.0f}, {note}")


def _timed(work: Callable[[], Any], rounds: int) -> list[float]:
    work()
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = work()
        len(getattr(answer, "content", b""))
        spent.append((time.perf_counter() - begun) * 1000)
    return spent
