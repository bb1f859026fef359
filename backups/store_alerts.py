"""Telling people that verified backups cannot be stored: one alert for the store, closed when everything has its place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from alerts import intake, lifecycle, tongues
from alerts.enums import OPEN, Resolution, Severity
from alerts.errors import IllegalTransition
from alerts.folding import NewReport
from alerts.models import Alert

TYPE: Final = "backup-store"


def say(problems: Mapping[str, int], *, at: datetime) -> None:
    """Raise the alert while there are ``problems`` (how often each), once; resolve it when there are none."""
    raised = Alert.objects.filter(source__slug=intake.OWN_SOURCE, type=TYPE, status__in=OPEN)
    is_raised = raised.exists()  # whole alerts are dear to read, and there is none after most scans
    if problems and not is_raised:
        intake.accept([_report(problems)], at=at)
    elif is_raised and not problems and (alert := raised.first()):
        try:
            lifecycle.resolve(alert, by=None, at=at, resolution=Resolution.RECOVERED, note=tongues.note(_stored))
        except IllegalTransition:
            return


def _report(problems: Mapping[str, int]) -> NewReport:
    return NewReport(
        source=intake.OWN_SOURCE, type=TYPE, subject="backup store", severity=Severity.HIGH, dedup_key=TYPE,
        **tongues.report(lambda: _words(problems)),
    )  # fmt: skip


def _words(problems: Mapping[str, int]) -> dict[str, str]:
    listed = list(problems.items())[:5]
    said = " ".join(_("%(text)s (%(count)d backups)") % {"text": text, "count": count} if count > 1 else text for text, count in listed)
    still = _("What was stored before is untouched, and the files stay with their agents: the next scan tries again.")
    place = _("The store is %(path)s.") % {"path": settings.SENTINEL_BACKUP_STORE}
    return {"title": _("Verified backups cannot be stored"), "description": f"{said} {still} {place}"}


def _stored() -> str:
    return _("Every verified backup is stored again.")
