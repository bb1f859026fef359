"""What `devices` offers as work. Each reads the clock and makes idempotent calls; it may be run twice, or be stopped at any moment."""

from django.utils import timezone
from django.utils.translation import gettext_noop

from devices import commands, retention
from sentinel_site.lib.registry import Outcome, job

BUDGET_SECONDS = 30


@job("devices.retention", title=gettext_noop("Forget old readings"), every="11-59/15 * * * *", timeout=45)
def forget() -> Outcome:
    """Delete readings and minutes that were kept long enough, and what deleted devices left. What is left is done by the next run."""
    at = timezone.now()
    done = retention.sweep(at=at, budget_seconds=BUDGET_SECONDS)
    commands.forget_old(at=at)
    failed = done[retention.FAILED]
    return Outcome(dict(done), "Some could not be deleted: see the log of the worker." if failed else "", warning=bool(failed))
