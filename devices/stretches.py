"""What is asked of a device's readings over REST: which stretch of time, in which steps, which metrics."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from pydantic import AwareDatetime, BaseModel, Field

from devices import export, history, listing, readings
from devices.models import Device, DeviceStatus
from sentinel_site.lib import downloads, problems
from sentinel_site.lib.instants import instant

DEFAULT: Final = timedelta(days=1)
MAX_LIMIT: Final = 5000
MAX_METRICS: Final = 80
FIRST: Final = datetime(1970, 1, 2, tzinfo=UTC)
LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)


class ExportQuery(BaseModel):
    """From ``since`` (included) to ``until`` (not)."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    step: Literal["raw", "60", "3600"] = "raw"
    metrics: Annotated[str, Field(max_length=4000, description="For example lp,leq,lmax; all of them when left out.")] = ""


class PageQuery(ExportQuery):
    """A page of a stretch, or with ``auto`` a chart of it."""

    step: Annotated[Literal["raw", "60", "3600", "auto"], Field(description="auto: columns for a chart.")] = "raw"  # type: ignore[assignment]
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many items at the most; not for auto.")] = 500
    cursor: Annotated[str, Field(max_length=100, description="`next` of the page before.")] = ""


def devices() -> QuerySet[Device]:
    """Devices without their passwords."""
    return Device.objects.defer("password")


def latest(device: Device) -> dict[str, Any]:
    """The device's last reading, and how it is."""
    last, status = readings.latest(device.pk), getattr(device, "status", None) or DeviceStatus(device=device)
    return {
        "device": device.slug, "measured_at": instant(last.at) if last else None, "values": last.values if last else {},
        "state": status.state, "reachable": status.reachable, "last_frame_at": instant(status.last_frame_at),
    }  # fmt: skip


def read(device: Device, asked: PageQuery, *, at: datetime) -> dict[str, Any]:
    """The stretch that is ``asked`` for, as JSON values. Raises a 422 Problem."""
    (since, until), metrics = _span(asked, at=at), _metrics(asked.metrics)
    told = {"device": device.slug, "since": instant(since), "until": instant(until)}
    if asked.step == "auto":
        if len(metrics) > history.MAX_METRICS:
            said = _("names %(n)s metrics; a chart shows at most %(most)s") % {"n": len(metrics), "most": history.MAX_METRICS}
            raise problems.invalid([(("query", "metrics"), said)])
        wanted = metrics or history.metrics_of(device.pk)
        return told | history.series(device.pk, wanted, since=since, until=until).document()
    since = max(since, _after(asked.cursor)) if asked.cursor else since
    found = listing.rows(device.pk, asked.step, metrics, since=since, until=until, limit=asked.limit + 1)
    more = found[asked.limit][0].isoformat().replace("+00:00", "Z") if len(found) > asked.limit else None
    return told | {"items": [listing.item(row, asked.step) for row in found[: asked.limit]], "next": more}


def csv(device: Device, asked: ExportQuery, *, at: datetime, streamed: bool) -> StreamingHttpResponse:
    """The stretch as a file to be stored. ``streamed``: the server takes pieces as they come. Raises a 422 Problem."""
    (since, until), metrics = _span(asked, at=at), _metrics(asked.metrics)
    pieces = export.csv(device, asked.step, metrics, since=since, until=until)
    return downloads.csv(pieces, export.file_name(device, asked.step, since=since, until=until), streamed=streamed)


def _span(asked: ExportQuery, *, at: datetime) -> tuple[datetime, datetime]:
    until = asked.until or at
    if not FIRST <= until <= LAST or (asked.since is not None and not FIRST <= asked.since <= LAST):
        raise problems.invalid([(("query", "since"), _("and until lie between 1970 and 9000; write for example 2026-03-02T12:00:00Z"))])
    since = asked.since or max(until - DEFAULT, FIRST)
    if since >= until:
        raise problems.invalid([(("query", "since"), _("is not before until; ask for a stretch of time"))])
    return since, until


def _metrics(text: str) -> list[str]:
    names = list(dict.fromkeys(name for name in (part.strip() for part in text.split(",")) if name))
    wrong = [name for name in names if not readings.NAME.fullmatch(name)]
    if wrong or len(names) > MAX_METRICS:
        reason = f"{wrong[0][:40]!r} is no name of a metric" if wrong else f"names more than {MAX_METRICS} metrics"
        raise problems.invalid([(("query", "metrics"), f"{reason}; write for example lp,leq,lmax")])
    return names


def _after(cursor: str) -> datetime:
    try:
        after = datetime.fromisoformat(cursor)
        if after.tzinfo is None or not FIRST <= after <= LAST:
            raise ValueError(cursor)
    except ValueError:
        said = _("is not the `next` of a page of this list; leave it out to begin again")
        raise problems.invalid([(("query", "cursor"), said)]) from None
    return after
