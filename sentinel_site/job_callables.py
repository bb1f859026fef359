"""What the composition offers as work."""

import time
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop
from django_q.models import Failure

from sentinel_site import beats, statistics
from sentinel_site.changes import finding
from sentinel_site.lib.registry import Outcome, job, progress
from sentinel_site.models import IdempotentAnswer

KEEP_ANSWERS = timedelta(hours=24)
KEEP_FAILURES = timedelta(days=14)
STEPS = 10


@job("sentinel.exercise", title=gettext_noop("Exercise: take a while, and fail if asked to"), timeout=45)
def exercise(*, seconds: float = 1.0, rows: int = 0, fails: bool = False) -> Outcome:
    """Do nothing for some seconds, then succeed or fail: to see what a job, a chain and their alerts look like."""
    for done in range(STEPS):
        progress("exercising", done, STEPS)
        time.sleep(seconds / STEPS)
    if fails:
        raise RuntimeError("This exercise was asked to fail.")
    return Outcome({"rows": rows}, f"{rows} rows")


@job("sentinel.tidy", title=gettext_noop("Tidy up"), every="23 * * * *", timeout=45)
def tidy() -> dict[str, Any]:
    """Delete what is kept for hours only (answers to Idempotency-Key, beats, the queue's failures), old history, quarters of old days."""
    at = timezone.now()
    answers, _ = IdempotentAnswer.objects.filter(created_at__lt=at - KEEP_ANSWERS).delete()
    failures, _ = Failure.objects.filter(stopped__lt=at - KEEP_FAILURES).delete()
    beats.prune(at=at)
    forgotten = {"changes_deleted": finding.forget(at=at), "quarters_deleted": statistics.thin(at=at)}
    return {"answers_deleted": answers, "failures_deleted": failures, **forgotten}


@job("sentinel.statistics", title=gettext_noop("Count the statistics anew"), timeout=6 * 3600)
def count_anew(*, since: str = "", until: str = "") -> dict[str, Any]:
    """Make the roll-ups behind the dashboards again from what is still there, of a stretch or of everything. Nothing counted is lost."""
    at = timezone.now()
    return dict(statistics.rebuild_typed(since, until, at=at, progress=progress))
