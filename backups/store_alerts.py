"""Telling people that verified backups cannot be stored: one alert for the store, closed when everything has its place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.conf import settings

from alerts import intake, lifecycle
from alerts.enums import OPEN, Resolution, Severity
from alerts.errors import IllegalTransition
from alerts.folding import NewReport
from alerts.models import Alert

TYPE: Final = "backup-store"


def say(problems: Mapping[str, int], *, at: datetime) -> None:
    """Raise the alert while there are ``problems`` (how often each), once; resolve it when there are none."""
    raised = Alert.objects.filter(source__slug=intake.OWN_SOURCE, type=TYPE, status__in=OPEN).first()
    if problems and raised is None:
        intake.accept([_report(problems)], at=at)
    elif not problems and raised is not None:
        try:
            lifecycle.resolve(raised, by=None, at=at, resolution=Resolution.RECOVERED, note="Every verified backup is stored again.")
        except IllegalTransition:
            return


def _report(problems: Mapping[str, int]) -> NewReport:
    said = " ".join(f"{text} ({count} backups)" if count > 1 else text for text, count in list(problems.items())[:5])
    return NewReport(
        source=intake.OWN_SOURCE, type=TYPE, subject="backup store", severity=Severity.HIGH, dedup_key=TYPE,
        title="Verified backups cannot be stored",
        description=f"{said} What was stored before is untouched, and the files stay with their agents: the next scan tries again."
        f" The store is {settings.SENTINEL_BACKUP_STORE}.",
    )  # fmt: skip
