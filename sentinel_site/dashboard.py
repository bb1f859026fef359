"""The admin's first page: what is open, what is late, who was told, who answered, and what would go wrong. Small indexed queries only."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from alerts import lateness
from alerts.enums import OPEN, AlertStatus, Priority
from alerts.models import Alert
from notifications.breakers import troubled
from notifications.enums import DeliveryStatus
from notifications.models import ContactMethod, Delivery, Destination, Notification, RecipientGroup
from sentinel_site import first_steps, health
from sentinel_site.lib.ages import length
from sentinel_site.lib.estimates import count_to
from sentinel_site.lib.ids import floor
from sentinel_site.lib.permissions import caller

ROWS: Final = 8
MOST: Final = 1000
MOST_DELIVERIES: Final = 5000
USABLE: Final = Q(verified=True, active=True, disabled_at=None)
COLOURS: Final = {1: "danger", 2: "warning", 3: "info"}
OUTCOMES: Final = {
    DeliveryStatus.DEAD: "danger", DeliveryStatus.FAILED: "warning", DeliveryStatus.SENT: "info", DeliveryStatus.DELIVERED: "success",
    DeliveryStatus.SEEN: "success",
}  # fmt: skip


def context(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """Unfold's callback: what templates/admin/index.html shows to this user now."""
    at, user = timezone.now(), request.user
    parts: dict[str, Any] = {"problems": health.problems(at=at)}
    if user.has_perm("alerts.view_alert"):
        parts |= {"levels": _levels(at=at), "late": _late(at=at), "answered": _answered(at=at)}
    if user.has_perm("notifications.view_notification"):
        parts |= {"told": _told(at=at), "outcomes": _outcomes(at=at)}
    if user.has_perm("notifications.view_delivery"):
        parts["troubled"] = list(Destination.objects.filter(troubled(at=at)).order_by("transport", "name")[:ROWS])
    if user.has_perm("notifications.view_recipientgroup"):
        parts["unreached"] = list(_unreached()[:ROWS])
    if first_steps.wanted(caller(request), at=at):
        parts["steps"] = first_steps.progress(at=at).steps
    return {**given, **parts}


def _levels(*, at: datetime) -> list[dict[str, Any]]:
    """For each priority: how many are open, and how many of those are late."""
    levels = []
    for priority in Priority:
        count = count_to(Alert.objects.filter(priority=priority, status__in=OPEN), MOST)
        unanswered = lateness.unanswered(priority, at=at)
        late = count_to(Alert.objects.filter(unanswered), MOST) if count and unanswered is not None else 0
        url = f"{reverse('admin:alerts_alert_changelist')}?state=open&priority__exact={priority.value}"
        levels.append({
            "label": priority.label, "count": _most(count), "late": _most(late) if late else "", "url": url,
            "colour": _colour(priority) if count else "calm",
        })  # fmt: skip
    return levels


def _late(*, at: datetime) -> list[dict[str, Any]]:
    """The most urgent late alerts."""
    with_source = Alert.objects.select_related("source")
    found = {alert.pk: alert for alert in with_source.filter(lateness.overdue(at=at)).order_by("priority", "next_step_at")[:ROWS]}
    for priority in Priority:
        unanswered = lateness.unanswered(priority, at=at)
        if unanswered is not None and len(found) < ROWS:
            found |= {alert.pk: alert for alert in with_source.filter(unanswered).order_by("-id")[:ROWS]}
    alerts = sorted(found.values(), key=lambda alert: (alert.priority, alert.created_at))[:ROWS]
    return [
        {"alert": alert, "age": length(at - alert.created_at), "overdue": _overdue(alert, at=at), "colour": _colour(alert.priority)}
        for alert in alerts
    ]


def _overdue(alert: Alert, *, at: datetime) -> str:
    late = at - alert.next_step_at if alert.next_step_at else timedelta(0)
    return length(late) if late > timedelta(seconds=lateness.GRACE_SECONDS) else ""


def _answered(*, at: datetime) -> list[dict[str, Any]]:
    """The last answers, among the newest alerts of each answered status."""
    found: list[Alert] = []
    for status in (AlertStatus.ACKNOWLEDGED, AlertStatus.RESOLVED):
        found += Alert.objects.filter(status=status).order_by("-id")[: 4 * ROWS]
    taken = [(alert.acknowledged_at, alert) for alert in found if alert.acknowledged_at]
    taken.sort(key=lambda pair: pair[0], reverse=True)
    return [{"alert": alert, "ago": length(at - instant), "after": length(instant - alert.created_at)} for instant, alert in taken[:ROWS]]


def _told(*, at: datetime) -> list[dict[str, Any]]:
    """The newest notifications of the last hour, and what became of each."""
    recent = Notification.objects.filter(id__gte=floor(at - timedelta(hours=1))).select_related("recipient", "group")
    rows = []
    for each in recent.prefetch_related("deliveries").order_by("-id")[:ROWS]:
        rows.append({
            "who": str(each.recipient or each.group), "why": each.get_reason_display(), "ago": length(at - each.created_at),
            "about": _about(each.context.get("alert") or {}), "deliveries": [_delivery(row) for row in each.deliveries.all()],
        })  # fmt: skip
    return rows


def _about(alert: dict[str, Any]) -> str:
    own = (alert.get("translations") or {}).get(get_language() or "") or {}
    return str(own.get("title") or alert.get("title", ""))


def _delivery(delivery: Delivery) -> tuple[str, str, str]:
    status = DeliveryStatus(delivery.status)
    return delivery.get_transport_display(), str(status.label), OUTCOMES.get(status, "calm")


def _outcomes(*, at: datetime) -> list[dict[str, Any]]:
    """How many messages of the last hour have which status."""
    newest = Delivery.objects.filter(id__gte=floor(at - timedelta(hours=1))).order_by("-id").values("pk")[:MOST_DELIVERIES]
    counted = Delivery.objects.filter(pk__in=newest).order_by().values_list("status").annotate(Count("pk"))
    named = [(DeliveryStatus(status), count) for status, count in counted]
    return [{"label": status.label, "count": count, "colour": OUTCOMES.get(status, "calm")} for status, count in named]


def _unreached() -> Any:
    """Groups of which nobody can be reached now."""
    usable = ContactMethod.objects.filter(USABLE)
    by_member = Exists(usable.filter(recipient__groups=OuterRef("pk"), recipient__active=True))
    return RecipientGroup.objects.annotate(reached=by_member | Exists(usable.filter(group=OuterRef("pk")))).filter(reached=False)


def _colour(priority: int) -> str:
    return COLOURS.get(priority, "calm")


def _most(count: int) -> str:
    return f"{MOST}+" if count >= MOST else str(count)
