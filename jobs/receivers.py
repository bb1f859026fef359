"""What happens to runs, handed to the domain. Connected in apps.py; who is connected first is called first.

Each receiver works in a savepoint: a fault in one is logged, and neither undoes the end of a run nor keeps the others from theirs.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from alerts.signals import work_wanted
from jobs import built_in, chains, job_alerts
from jobs.models import JobRun
from jobs.signals import run_ended


def connect() -> None:
    """Listen, once however often it is called. What tells people comes last: it holds the live feed's counter to the end."""
    run_ended.connect(go_on, dispatch_uid="jobs.run_ended.chains")
    run_ended.connect(on_run_ended, dispatch_uid="jobs.run_ended.alerts")
    work_wanted.connect(on_work_wanted, dispatch_uid="jobs.work_wanted")


def on_work_wanted(*, name: str, arguments: dict[str, Any], by: Any, at: datetime, **_: Any) -> None:
    """See built_in.wanted."""
    built_in.wanted(name, arguments, by=by, at=at)


def go_on(*, run: JobRun, at: datetime, again: JobRun | None, **_: Any) -> None:
    """See chains.follow: those that follow wait for the last try."""
    if again is None:
        with transaction.atomic():
            chains.follow(run, at=at)


def on_run_ended(*, run: JobRun, at: datetime, again: JobRun | None, **_: Any) -> None:
    """People are told of the last try only."""
    if again is None:
        job_alerts.ended(run, at=at)
