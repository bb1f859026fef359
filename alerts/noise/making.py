"""Noise reports as people ask for them, and as every night makes one: rows that say how far they are, and then what was found.

The only writer of NoiseReport. A report changes nothing else, and is worked out by a job.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import translation
from pydantic import ValidationError as FormError

from alerts import describe, past, replay, routing, supposing
from alerts.enums import Priority, ReplayState
from alerts.models import Alert, NoiseReport
from alerts.noise import calm, figures, flaps, kinds, nights, rows
from alerts.noise.drafts import Draft, drafts
from alerts.noise.kinds import Ground
from alerts.noise.nights import Sleeper
from alerts.noise.weighing import Scales, Weighed
from alerts.past import Past
from alerts.replay import Replayed
from alerts.signals import work_wanted
from sentinel_site.lib import english, ids
from sentinel_site.lib.problems import Problem

PERIOD: Final = timedelta(days=30)
MOST_ALERTS: Final = 50_000
"""So many alerts are replayed, the newest; the figures count all of them."""
WEIGHED: Final = 20
"""So many changes are weighed, those about the most messages."""
PROPOSED: Final = 10
BUDGET_SECONDS: Final = 1200.0
"""After so long no further change is weighed: what was found is told."""
KEEP: Final = timedelta(days=60)
LOST: Final = timedelta(hours=1)
"""A report that is not done after so long keeps nobody from asking again."""
WORK: Final = "alerts.noise"
UNFINISHED: Final = (ReplayState.QUEUED, ReplayState.RUNNING)
Progress = Callable[[str, int, int | None], None]
logger = logging.getLogger(__name__)


def ask(*, by: AbstractBaseUser | None, at: datetime) -> NoiseReport:
    """A report of the last 30 days, worked out by a job soon; the one that is being worked out already, where there is one."""
    with transaction.atomic():
        row, made = _unfinished(by=by, at=at)
        if made:
            work_wanted.send(sender=NoiseReport, name=WORK, arguments={"report": str(row.pk)}, by=by, at=at)
    return row


def nightly(*, at: datetime, progress: Progress | None = None) -> NoiseReport:
    """The report of the night, worked out now. One that somebody just asked for is left to its own job."""
    with transaction.atomic():
        row, made = _unfinished(by=None, at=at)
    return carry_out(row.pk, progress=progress) if made else row


def carry_out(pk: UUID, *, progress: Progress | None = None) -> NoiseReport:
    """Work a report out and store it. Doing it twice is doing it once. Raises NoiseReport.DoesNotExist, and what went wrong."""
    row = NoiseReport.objects.get(pk=pk)
    if row.state == ReplayState.DONE:
        return row
    NoiseReport.objects.filter(pk=pk).update(state=ReplayState.RUNNING, done=0)
    try:
        with translation.override(settings.LANGUAGE_CODE):  # names and reasons that are stored are in the site's language
            answer = _Work(row, progress).answer()
    except Exception as error:  # whatever it is, who asked must read it on the page; the job fails by it as well
        NoiseReport.objects.filter(pk=pk).update(state=ReplayState.FAILED, error=f"{type(error).__name__}: {error}"[:500])
        raise
    NoiseReport.objects.filter(pk=pk).update(state=ReplayState.DONE, answer=answer, error="")
    return NoiseReport.objects.select_related("by").get(pk=pk)


def latest() -> NoiseReport | None:
    """The newest report that is done."""
    return NoiseReport.objects.select_related("by").filter(state=ReplayState.DONE).first()


def underway(*, at: datetime) -> NoiseReport | None:
    """The report that is being worked out; None: none is."""
    return NoiseReport.objects.select_related("by").filter(state__in=UNFINISHED, asked_at__gt=at - LOST).first()


def forget(*, at: datetime, limit: int) -> int:
    """Delete reports of long ago, ``limit`` at the most; the newest that is done stays. Returns how many."""
    newest = latest()
    kept = [newest.pk] if newest else []
    old = NoiseReport.objects.filter(asked_at__lt=at - KEEP).exclude(pk__in=kept).values_list("pk", flat=True)[:limit]
    return NoiseReport.objects.filter(pk__in=list(old)).delete()[0]


def _unfinished(*, by: AbstractBaseUser | None, at: datetime) -> tuple[NoiseReport, bool]:
    """The report that is being worked out, or a new one, and whether it is new. Two who ask at once get the same one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [WORK])
    if known := underway(at=at):
        return known, False
    return NoiseReport.objects.create(since=at - PERIOD, until=at, by_id=by.pk if by else None, asked_at=at), True


class _Work:
    """One report being worked out."""

    def __init__(self, row: NoiseReport, progress: Progress | None) -> None:
        self._row, self._progress, self._done, self._total = row, progress, 0, 4
        self._since, self._at, self._zone = row.since, row.until, ZoneInfo(settings.TIME_ZONE)

    def answer(self) -> dict[str, Any]:
        """What the report says."""
        counted = self._counted()
        self._step("counted")
        since, stream = self._read()
        self._step("read")
        found = kinds.raised(stream)
        today = list(replay.replay(stream, supposing.setting(since=since, until=self._at)))
        urgent = frozenset(each.was.alert for each in today if each.was and each.course and each.course.priority == Priority.P1)
        ground = Ground(found, rows.useful(since=since), _sources(), since, self._at, self._zone, urgent)
        proposals, looked = self._proposals(stream, today, ground)
        cut = {"alerts": MOST_ALERTS, "since": describe.instant(since)} if since > self._since else None
        return {
            **counted, "since": describe.instant(self._since), "until": describe.instant(self._at), "cut": cut,
            "flapping": flaps.restless(found, shown=figures.SHOWN), "proposals": proposals, **looked,
        }  # fmt: skip

    def _counted(self) -> dict[str, Any]:
        period = {"since": self._since, "until": self._at}
        lines, days, rings = figures.figures(rows.talkers(**period)), rows.days(**period), rows.quarters(**period)
        people = {pk: Sleeper(person.name, _zone(person.time_zone, self._zone)) for pk, person in rows.people(rings).items()}
        return {
            "totals": figures.totals(days, reports=rows.reports(**period), figures=lines), "by_day": figures.by_day(days),
            "top": figures.top(lines), "unacted": figures.unacted(lines), "folded": figures.folded(lines),
            "nights": nights.load(rings, people, **period),
        }  # fmt: skip

    def _read(self) -> tuple[datetime, list[Past]]:
        """The alerts to replay, the oldest first, and since when they are all there."""
        born = Alert.objects.filter(pk__gte=ids.floor(self._since - past.SKEW), created_at__gte=self._since, created_at__lt=self._at)
        beyond = born.order_by("-pk").values_list("created_at", flat=True)[MOST_ALERTS : MOST_ALERTS + 1]
        since = next((at + timedelta(microseconds=1) for at in beyond), self._since)
        return since, list(past.alerts(since=since, until=self._at))

    def _proposals(self, stream: Sequence[Past], today: Sequence[Replayed], ground: Ground) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """The best proposals, and how many were found and weighed."""
        source = next((source for source in ground.sources.values() if not source.life_safety), None)
        table = routing.table()
        policies = calm.loudness(table.snapshots.values(), source, at=self._at) if source else {}
        found = drafts(ground, today, policies)
        self._total += min(len(found), WEIGHED)
        self._step("replayed")
        weighed, ends = [], time.monotonic() + BUDGET_SECONDS
        scales, looked = Scales(stream, today, ground, policies), 0
        for draft in found[:WEIGHED]:
            if time.monotonic() > ends:
                break
            weighed.append(_weighed(scales, draft))
            looked += 1
            self._step("weighed")
        best = sorted(filter(None, weighed), key=lambda each: -each.spared)[:PROPOSED]
        return [_described(each) for each in best], {"drafts": len(found), "weighed": looked}

    def _step(self, what: str) -> None:
        self._done += 1
        NoiseReport.objects.filter(pk=self._row.pk).update(done=self._done, total=self._total)
        if self._progress:
            self._progress(what, self._done, self._total)


def _weighed(scales: Scales, draft: Draft) -> Weighed | None:
    """What a draft would have meant; None as well for one that could not be stored, for example because its name is taken."""
    try:
        return scales.weigh(draft)
    except (ValidationError, FormError, Problem) as error:
        logger.info("no proposal: %s %s: %s", draft.path, dict(draft.body), english.text(error))
        return None


def _described(each: Weighed) -> dict[str, Any]:
    draft = each.draft
    return {
        "kind": draft.kind.value, "facts": dict(draft.facts), "method": draft.method, "path": draft.path, "body": dict(draft.body),
        "effect": dict(each.effect),
    }  # fmt: skip


def _sources() -> dict[str, Any]:
    return dict(routing.table().sources)


def _zone(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    """The zone of a person; one that cannot be read is the site's."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return otherwise
