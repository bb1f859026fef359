"""Whose an alert is: of whoever reported it first. No source may close another one's fall."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from alerts.enums import Verdict
from alerts.models import Alert, Report
from sentinel_site.lib import problems


def require_own(alert: Alert, by: User) -> None:
    """Raises a 403 Problem unless ``by`` raised the alert, or may answer alerts: no source may close another one's fall."""
    if not by.has_perm("alerts.answer_alert") and not is_raised_by(alert.pk, by):
        raise problems.Problem(
            403, _("Another user's key reported this alert. Resolve it with that key, or as a user who may answer alerts.")
        )


def is_raised_by(alert_id: UUID, by: User) -> bool:
    """Whether the alert is ``by``'s. Repeating another one's alert makes it nobody's own: else two messages would end any alert.

    When the report that raised it is no longer kept, whoever repeated it counts.
    """
    return not raised_by_others([alert_id], by)


def raised_by_others(alert_ids: Iterable[UUID], by: User) -> set[UUID]:
    """Those of the alerts that are not ``by``'s; see `is_raised_by`."""
    wanted = set(alert_ids)
    reports = Report.objects.filter(alert_id__in=wanted)
    raising = reports.filter(verdict__in=(Verdict.ACCEPTED, Verdict.SUPPRESSED))
    raised = dict(raising.values_list("alert_id", "reported_by_id")) if wanted else {}
    rest = wanted - raised.keys()
    repeated = set(reports.filter(alert_id__in=rest, reported_by=by).values_list("alert_id", flat=True)) if rest else set()
    return {pk for pk, user_id in raised.items() if pk and user_id != by.pk} | (rest - repeated)
