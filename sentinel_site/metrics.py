"""GET /metrics: Prometheus text, computed at each scrape from the database, so that every web process says the same."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from alerts import lateness, timeouts
from alerts.enums import OPEN
from alerts.models import Alert, EventCounter
from notifications import outbox, transport_health
from notifications.models import Delivery
from sentinel_site import metrics_devices
from sentinel_site.api import caller, guarded
from sentinel_site.lib import ids
from sentinel_site.lib.permissions import require
from sentinel_site.models import ProcessBeat

RECENT: Final = timedelta(hours=1)
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Samples = Iterable[tuple[Mapping[str, object], float]]


@guarded
def metrics(request: HttpRequest) -> HttpResponse:
    """What a scraper with a key, or a signed-in user, may know. Needs alerts.view_alert."""
    request.user = caller(request)
    require(request, "alerts.view_alert")
    return HttpResponse(text(at=timezone.now()), content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def text(*, at: datetime) -> str:
    """Every metric at ``at`` in the exposition format."""
    return "".join(
        [
            _metric("sentinel_info", "gauge", "The running version.", [({"version": settings.VERSION}, 1)]),
            _metric("sentinel_alerts_open", "gauge", "Alerts that are neither resolved nor expired.", _open()),
            _metric("sentinel_alerts_late", "gauge", "Alerts nobody took in time, or whose step is overdue.", [({}, _late(at=at))]),
            _metric("sentinel_deliveries_recent", "gauge", "Messages of the last hour.", _deliveries(at=at)),
            *_transports(at=at),
            _metric("sentinel_oldest_due_seconds", "gauge", "How overdue the oldest step or message is.", [({}, _oldest_due(at=at))]),
            _metric("sentinel_live_events_total", "counter", "Events of the live feed.", [({}, _events())]),
            _metric("sentinel_process_silence_seconds", "gauge", "Since the last sign of life of each role.", _silence(at=at)),
            *(_metric(*each) for each in metrics_devices.metrics(at=at)),
        ]
    )


def _open() -> Samples:
    rows = Alert.objects.filter(status__in=OPEN).order_by().values_list("priority", "status").annotate(Count("pk"))
    counts = {(priority, status): count for priority, status, count in rows}
    return [({"priority": f"P{p}", "status": status.value}, counts.get((p, status), 0)) for p in range(1, 6) for status in OPEN]


def _late(*, at: datetime) -> int:
    return Alert.objects.filter(lateness.late(at=at)).count()


def _deliveries(*, at: datetime) -> Samples:
    recent = Delivery.objects.filter(id__gte=ids.floor(at - RECENT)).order_by()
    rows = recent.values_list("transport", "status").annotate(Count("pk"))
    return [({"transport": transport, "status": status}, count) for transport, status, count in sorted(rows)]


def _transports(*, at: datetime) -> list[str]:
    found = transport_health.examine(at=at)
    up: Samples = [({"transport": each.kind.value}, int(each.state in {"working", "slow"})) for each in found]
    waiting: Samples = [({"transport": each.kind.value}, each.waiting) for each in found]
    times: Samples = [({"transport": each.kind.value}, (each.hour.median_ms or 0) / 1000) for each in found if each.hour.tried]
    places = [place for each in found for place in each.troubled]
    down: Samples = [({"transport": place.transport, "destination": place.name}, int(place.opened_at is not None)) for place in places]
    return [
        _metric("sentinel_transport_up", "gauge", "1: set up and not down.", up),
        _metric("sentinel_transport_waiting", "gauge", "Messages that are due.", waiting),
        _metric("sentinel_transport_median_seconds", "gauge", "The provider's median time in the last hour.", times),
        _metric("sentinel_destination_open", "gauge", "1: the breaker is open. 0: it asked to be left alone.", down),
    ]


def _oldest_due(*, at: datetime) -> float:
    due = [moment for moment in (timeouts.next_at()[0], outbox.next_due_at()) if moment is not None]
    return max(0.0, (at - min(due)).total_seconds()) if due else 0.0


def _events() -> int:
    return EventCounter.objects.filter(pk=1).values_list("value", flat=True).first() or 0


def _silence(*, at: datetime) -> Samples:
    beats = ProcessBeat.objects.order_by("role").values_list("role").annotate(Max("beat_at"))
    return [({"role": role}, max(0.0, (at - last).total_seconds())) for role, last in beats]


def _metric(name: str, kind: str, says: str, samples: Samples) -> str:
    lines = [f"# HELP {name} {says}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(str(content))}"' for label, content in labels.items())
        lines.append(f"{name}{{{inner}}} {value}" if inner else f"{name} {value}")
    return "\n".join(lines) + "\n"


def _escaped(content: str) -> str:
    return content.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
