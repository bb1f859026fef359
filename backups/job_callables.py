"""The work of `backups` that runs as jobs."""

from django.utils import timezone

from backups import scanner, scans
from sentinel_site.lib.registry import Stats, job


@job("backups.scan", title="Scan of the backup agents' folders", every="*/15 * * * *", timeout=6 * 3600)
def scan() -> Stats:
    """Look at what backup agents reported, verify and store the files, and decide. While another scan runs, that one counts."""
    return scanner.run(trigger=scans.SCHEDULE, clock=timezone.now)
