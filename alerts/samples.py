"""Real alerts for trying out the texts of messages."""

from datetime import datetime
from typing import Final

from alerts import describe, messages
from alerts.models import Alert
from notifications.previews import Sample

LIMIT: Final = 20


def recent(*, at: datetime) -> list[Sample]:
    """The newest alerts as a message would bring them. Whoever asks may see alerts."""
    found = Alert.objects.select_related(*describe.RELATED).prefetch_related("opinions").order_by("-id")[:LIMIT]
    return [Sample(str(alert.pk), f"#{alert.number} {alert.title}"[:100], messages.context([alert], at=at)) for alert in found]
