"""What people do to jobs: run one now, pause one, go on. Each leaves its entry in the admin's history."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from jobs import audit, runs, scheduling
from jobs.enums import JobKind, Trigger
from jobs.models import Job, JobRun
from sentinel_site.lib import problems, registry

LONGEST: Final = timedelta(days=366)


def run_now(
    job: Job, *, by: User, at: datetime, trigger: Trigger = Trigger.MANUAL, arguments: Mapping[str, Any] | None = None, by_name: str = ""
) -> JobRun:  # fmt: skip
    """Want a run of ``job`` at once; it goes over the job's own arguments. It is skipped when one runs already and the job skips then.

    ``by_name``: how the run names ``by``, where their name alone does not say it all. Raises NotRunnable for an external job,
    and a 422 Problem for arguments that do not fit.
    """
    given = _fitting(job, arguments or {})
    with transaction.atomic():
        run = runs.queue(job, trigger=trigger, at=at, by=by, by_name=by_name, arguments=given)
        audit.did(by, job, f"Run now: {run.status}." + (f" With {', '.join(sorted(given))}." if given else ""))
    return run


def pause(job: Job, *, until: datetime, by: User, at: datetime) -> Job:
    """Have the clock start no run of ``job`` before ``until``; nobody is told that it is late. Raises a 422 Problem for a bad instant."""
    if not at < until <= at + LONGEST:
        raise problems.invalid([(("body", "until"), _("must lie in the future, within a year; to stop it for good, switch the job off"))])
    return _pause(job, until, f"Paused until {until:%Y-%m-%d %H:%M} UTC.", by=by, at=at)


def resume(job: Job, *, by: User, at: datetime) -> Job:
    """Go on with a paused job; what passed meanwhile is not caught up."""
    if job.paused_until is None:
        return job
    return _pause(job, None, "Resumed.", by=by, at=at)


def _pause(job: Job, until: datetime | None, what: str, *, by: User, at: datetime) -> Job:
    with transaction.atomic():
        held = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        held.paused_until = until
        held.save(update_fields=["paused_until", "changed_at"])
        scheduling.reschedule(held.pk, at=at)
        audit.did(by, held, what)
    held.refresh_from_db()
    return held


def _fitting(job: Job, given: Mapping[str, Any]) -> dict[str, Any]:
    if not given:
        return {}
    if job.kind != JobKind.CALLABLE:
        raise problems.invalid([(("body", "arguments"), _("are for Python callables only; leave them out"))])
    try:
        checked = registry.check(registry.get(job.callable), {**job.arguments, **given})
    except (registry.ArgumentsError, registry.UnknownCallableError) as error:
        raise problems.invalid([(("body", "arguments"), str(error))]) from None
    return {name: checked[name] for name in given}
