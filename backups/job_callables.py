"""What backups do by the clock, as jobs."""

from django.utils import timezone
from django.utils.translation import gettext_noop

from backups import pings, scanner, scans, self_backup
from sentinel_site.lib.registry import Outcome, Stats, job


@job("backups.scan", title=gettext_noop("Scan of the backup agents' folders"), every="*/15 * * * *", timeout=6 * 3600)
def scan() -> Stats:
    """Look at what backup agents reported, verify and store the files, and decide. While another scan runs, that one counts."""
    return scanner.run(trigger=scans.SCHEDULE, clock=timezone.now)


@job("backups.self_backup", title=gettext_noop("Back up Sentinel's own database"), every=self_backup.EVERY, timeout=4 * 3600)
def back_up_ourselves() -> Outcome:
    """Dump Sentinel's own database, prove the dump by a restore into a scratch database, and keep the last ten."""
    return self_backup.run(at=timezone.now())


@job("backups.old_pings", title=gettext_noop("Forget old pings"), every="23 * * * *", timeout=45)
def forget_pings() -> Stats:
    """Delete all but the last hundred pings of each expected backup job."""
    return {"deleted": pings.forget_old()}
