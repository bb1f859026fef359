"""What of messages is rolled up, and kept so: deliveries by when they were queued, and what each person got by when it was sent.

What becomes of a message is settled within hours: the last two are counted anew each minute, and the last three days each hour. Messages
are sent without the worker, too: when it was away for longer than that, the history begins anew.
"""

from datetime import datetime, timedelta
from typing import Final

from notifications.enums import OF_ONE_METHOD, Transport
from notifications.models import Delivery, DeliveryRollup, MessageRollupProgress, RingRollup
from sentinel_site.lib.rolling.keeping import Changes, Kept
from sentinel_site.lib.rolling.rollup import Rollup
from sentinel_site.lib.rolling.steps import QUARTER

LATELY, LOOKED_BACK = timedelta(hours=2), timedelta(days=3)
LOOK_BACK_EVERY: Final = timedelta(hours=1)
LOUD: Final = (Transport.PUSH, Transport.SLACK, Transport.SMS, Transport.VOICE, Transport.APPRISE)
"""What rings, buzzes or lights a telephone up; a mail and a webhook wait until somebody looks."""
_LOUD: Final = ", ".join(f"'{kind.value}'" for kind in LOUD)
_OWN: Final = ", ".join(f"'{reason.value}'" for reason in OF_ONE_METHOD)
DELIVERIES: Final = Rollup(
    DeliveryRollup, {"transport": "''"}, ("messages", "accepted", "proved", "failed", "cancelled"), ("provider", "waited"),
    """
    SELECT delivery.queued_at AS at, delivery.transport, 1 AS messages, (delivery.status IN ('sent', 'delivered', 'seen'))::int AS accepted,
        (delivery.status IN ('delivered', 'seen'))::int AS proved, (delivery.status IN ('failed', 'dead'))::int AS failed,
        (delivery.status = 'cancelled')::int AS cancelled, delivery.took_ms::float8 / 1000 AS provider,
        CASE WHEN delivery.sent_at IS NOT NULL THEN greatest(0, extract(epoch FROM delivery.sent_at - delivery.queued_at))::float8 END
            AS waited
    FROM stretch JOIN notifications_delivery AS delivery ON delivery.id >= stretch.first AND delivery.id < stretch.last
        AND delivery.queued_at >= stretch.since AND delivery.queued_at < stretch.until
    """,
)  # fmt: skip
RINGS: Final = Rollup(
    RingRollup, {"recipient": "''"}, ("messages", "rings"), (),
    f"""
    SELECT delivery.sent_at AS at, told.recipient_id::text AS recipient, 1 AS messages, (delivery.transport IN ({_LOUD}))::int AS rings
    FROM stretch JOIN notifications_delivery AS delivery ON delivery.id >= stretch.first AND delivery.id < stretch.last
        AND delivery.sent_at >= stretch.since AND delivery.sent_at < stretch.until
    JOIN notifications_notification AS told ON told.id = delivery.notification_id
    WHERE told.recipient_id IS NOT NULL AND told.reason NOT IN ({_OWN})
    """,  # noqa: S608 (our own words)
    before=timedelta(days=1),
)  # fmt: skip


def changed(progress: MessageRollupProgress, at: datetime) -> Changes:
    """The last two hours; each hour the last three days; after a longer pause nobody knows."""
    back, looked = LATELY, progress.looked_back_at
    if looked is None or at - looked >= LOOK_BACK_EVERY:
        progress.looked_back_at, back = at, LOOKED_BACK
    if looked is not None and at - looked > LOOKED_BACK - LATELY:
        return Changes((), 0, lost=True)
    count = back // timedelta(seconds=QUARTER)
    return Changes([at - number * timedelta(seconds=QUARTER) for number in range(count)], 0)


def _first() -> datetime | None:
    return Delivery.objects.order_by("pk").values_list("queued_at", flat=True).first()


KEPT: Final = (
    Kept("deliveries", DELIVERIES, MessageRollupProgress, changed, _first),
    Kept("rings", RINGS, MessageRollupProgress, changed, _first),
)
"""For the worker, who keeps them, and for whoever counts a stretch anew."""
