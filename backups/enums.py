"""The words of `backups`."""

from django.db.models import TextChoices


class Frequency(TextChoices):
    """How often a backup is expected."""

    HOURLY = "hourly", "Hourly"
    DAILY = "daily", "Daily"
    WEEKLY = "weekly", "Weekly"
    MONTHLY = "monthly", "Monthly"
    ONCE = "once", "Once"
    CRON = "cron", "Cron expression"
