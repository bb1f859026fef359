"""What backups do by the clock, as jobs."""

from django.utils import timezone

from backups import self_backup
from sentinel_site.lib.registry import Outcome, job


@job("backups.self_backup", title="Back up Sentinel's own database", every=self_backup.EVERY, timeout=4 * 3600)
def back_up_ourselves() -> Outcome:
    """Dump Sentinel's own database, prove the dump by a restore into a scratch database, and keep the last ten."""
    return self_backup.run(at=timezone.now())
