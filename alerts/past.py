"""What came, and what became of it: reports and alerts of the past as values, in the order of time. Read set by set, never one by one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from alerts import schemas
from alerts.enums import LogKind, Resolution, Verdict
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.models import Alert, LogEntry, Report
from sentinel_site.lib import ids

CHUNK: Final = 2000
SKEW: Final = timedelta(hours=1)
"""Ids are born with their rows, give or take; the primary key narrows the search to them."""
VERDICTS: Final = (Verdict.ACCEPTED, Verdict.FOLDED, Verdict.SUPPRESSED, Verdict.REJECTED)
"""Reports that could have raised an alert."""
WAIT: Final = "wait"
"""Kind of the few seconds in which an alert waits for one that may explain it: no hold of its own."""
BY_PEOPLE: Final = (Resolution.HANDLED, Resolution.HELP_SENT, Resolution.FALSE_ALARM)
"""Ends that a person gave."""
_LOG: Final = (LogKind.RAISED, LogKind.SUPPRESSED, LogKind.GROUPED, LogKind.STEP, LogKind.UNANSWERED)
_COLUMNS: Final = (
    "id", "number", "source__slug", "title", "type", "severity", "subject", "labels", "dedup_key", "priority", "policy_id", "policy__name",
    "told", "created_at", "acknowledged_at", "closed_at", "resolution",
)  # fmt: skip


@dataclass(slots=True)
class Was:
    """What became of an alert. ``told_at``: when somebody was first told, None: nobody was. ``messages``: how many were written."""

    alert: UUID
    number: int
    title: str
    priority: int
    policy_id: int
    policy: str
    messages: int
    acknowledged_at: datetime | None
    closed_at: datetime | None
    route: int | None = None
    held: tuple[Mapping[str, Any], ...] = ()
    grouped: bool = False
    told_at: datetime | None = None
    people: tuple[str, ...] = ()
    resolution: str = ""

    @property
    def acted(self) -> bool:
        """Whether a person took it or ended it."""
        return self.acknowledged_at is not None or self.resolution in BY_PEOPLE


@dataclass(frozen=True, slots=True)
class Past:
    """One report as it came. ``report`` is an InvalidReport when it cannot be read by today's rules either. ``was``: its alert."""

    id: UUID
    at: datetime
    source: str
    verdict: str
    reason: str
    report: NewReport | InvalidReport
    was: Was | None


def reports(*, since: datetime, until: datetime, source: str = "", limit: int | None = None) -> Iterator[Past]:
    """The reports from ``since`` (inclusive) to ``until`` (exclusive), the oldest first, ``limit`` at the most."""
    rows = chosen(since=since, until=until, source=source)
    left, after = limit, None
    while left is None or left > 0:
        size = CHUNK if left is None else min(CHUNK, left)
        found = list((rows.filter(pk__gt=after) if after else rows).order_by("pk")[:size])
        yield from read(found)
        if len(found) < size:
            return
        after, left = found[-1].pk, left and left - size


def chosen(*, since: datetime, until: datetime, source: str = "") -> QuerySet[Report]:
    """The rows that `reports` reads."""
    rows = Report.objects.filter(
        pk__gte=ids.floor(since - SKEW), pk__lt=ids.floor(until + SKEW), received_at__gte=since, received_at__lt=until, verdict__in=VERDICTS
    )  # fmt: skip
    return rows.filter(source_slug=source) if source else rows


def alerts(*, since: datetime, until: datetime, source: str = "") -> Iterator[Past]:
    """The alerts raised from ``since`` to ``until``, the oldest first, each as if it were one report. They are kept longer."""
    rows = Alert.objects.filter(
        pk__gte=ids.floor(since - SKEW), pk__lt=ids.floor(until + SKEW), created_at__gte=since, created_at__lt=until
    )
    rows = rows.filter(source__slug=source) if source else rows
    after = None
    while True:
        found = list((rows.filter(pk__gt=after) if after else rows).order_by("pk").values(*_COLUMNS)[:CHUNK])
        yield from _stood(found)
        if len(found) < CHUNK:
            return
        after = found[-1]["id"]


def around(report: Report) -> list[Past]:
    """``report`` and what it has to be seen with, in the order of time: the reports of its alert before it, and what was open then."""
    before = Report.objects.filter(alert_id=report.alert_id, pk__lt=report.pk) if report.alert_id else Report.objects.none()
    own = list(read([*before.order_by("pk")[:CHUNK], report]))
    at = report.received_at
    others = Alert.objects.filter(Q(closed_at=None) | Q(closed_at__gt=at), created_at__lte=at)
    others = others.exclude(pk=report.alert_id) if report.alert_id else others
    found = list(others.order_by("-pk").values(*_COLUMNS)[:CHUNK])
    return sorted((*_stood(found), *own), key=lambda each: (each.at, each.id == report.pk, each.id))


def read(rows: Sequence[Report]) -> Iterator[Past]:
    """``rows`` as values, with their alerts. Two statements."""
    wanted = {row.alert_id for row in rows if row.alert_id}
    found = list(Alert.objects.filter(pk__in=wanted).values(*_COLUMNS)) if wanted else []
    described, became = {row["id"]: row for row in found}, _became(found)
    for row in rows:
        alert = described.get(row.alert_id) if row.alert_id else None
        was = became.get(row.alert_id) if row.alert_id else None
        yield Past(row.pk, row.received_at, row.source_slug, row.verdict, row.reason, _report(row, alert), was)


def _stood(rows: Sequence[Mapping[str, Any]]) -> list[Past]:
    """Alerts as if each were one report."""
    became = _became(rows)
    return [
        Past(row["id"], row["created_at"], row["source__slug"], Verdict.ACCEPTED, "", _of_alert(row), became[row["id"]]) for row in rows
    ]  # fmt: skip


def _report(row: Report, alert: Mapping[str, Any] | None) -> NewReport | InvalidReport:
    """What it reports: as it is written where it is written in Sentinel's own words, else as its alert has it."""
    try:
        found = schemas.parse_report(row.raw, raw_text="{}")
    except InvalidReport as error:
        return error if alert is None else _of_alert(alert)
    foreign = found.source != row.source_slug and alert is not None
    return _of_alert(alert) if foreign and alert else found


def _of_alert(row: Mapping[str, Any]) -> NewReport:
    return NewReport(
        source=row["source__slug"], title=row["title"], type=row["type"], severity=row["severity"], subject=row["subject"],
        dedup_key=row["dedup_key"], labels=row["labels"],
    )  # fmt: skip


def _became(rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Was]:
    """What became of each of these alerts, by its id: its row, and the first entries of its record. One statement."""
    found = {
        row["id"]: Was(
            row["id"], row["number"], row["title"], row["priority"], row["policy_id"], row["policy__name"], row["told"],
            row["acknowledged_at"], row["closed_at"], resolution=row["resolution"],
        )
        for row in rows
    }  # fmt: skip
    entries = LogEntry.objects.filter(alert__in=list(found), kind__in=_LOG).order_by("pk")
    for alert_id, kind, at, detail in entries.values_list("alert_id", "kind", "at", "detail").iterator(chunk_size=CHUNK):
        _note(found[alert_id], kind, at, detail)
    return found


def _note(was: Was, kind: str, at: datetime, detail: Mapping[str, Any]) -> None:
    match kind:
        case LogKind.RAISED:
            was.route = detail.get("route")
        case LogKind.SUPPRESSED:
            known = [(reason["kind"], reason["id"]) for reason in was.held]
            by = [reason for reason in detail.get("by", ()) if reason["kind"] != WAIT and (reason["kind"], reason["id"]) not in known]
            was.held += tuple(by)
        case LogKind.GROUPED:
            was.grouped = True
        case LogKind.STEP | LogKind.UNANSWERED if was.told_at is None and detail.get("messages"):
            was.told_at = at
            held = (text.rpartition(" until ")[0] for text in detail.get("held", ()))
            was.people = tuple(sorted({*detail.get("recipients", ()), *held, *detail.get("bundled", ())}))
