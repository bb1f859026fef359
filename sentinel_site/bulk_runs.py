"""The record of deeds done to many rows, and the work itself: row by row, each in its own transaction, by the request or by the queue.

One row that fails stops no other. A run that a worker dropped goes on where it was; no row is done twice by it.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import F, Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from sentinel_site.changes import noting
from sentinel_site.lib import bulk, configuration, english, queue
from sentinel_site.lib.bulk import Begun, Deed, Params, Refused
from sentinel_site.lib.configuration import Acting, Via
from sentinel_site.lib.problems import Problem
from sentinel_site.models import BulkRun

logger = logging.getLogger(__name__)
BUDGET_SECONDS: Final = 35
"""Well below the queue's time-out; then the rest is a task of its own."""
SLICE: Final = 20
NAMED: Final = 200
"""So many failures are kept by name; all are counted."""
DROPPED: Final = timedelta(minutes=2)
"""A run that stood still for so long was dropped by its worker."""
KEPT: Final = timedelta(days=90)
CHANGED: Final = 2
"""How the admin's history calls a change."""
Status = BulkRun.Status


class Record:
    """The keeper of deeds (lib/bulk.py) of this installation."""

    def begin(self, deed: Deed, pks: Sequence[str], params: Params, *, by: User, at: datetime) -> Begun:
        """Record it; short ones are done on return, long ones are the queue's."""
        with transaction.atomic():
            run = BulkRun.objects.create(
                deed=deed.name, params=dict(params), by=by, todo=list(pks), total=len(pks), begun_at=at, moved_at=at
            )  # fmt: skip
            if long := deed.is_long(len(pks)):
                queue.enqueue("sentinel_site.tasks.bulk", str(run.pk))
        if not long:
            work(run.pk, budget_seconds=None)
            run.refresh_from_db()
        failures = tuple((each["row"], each["why"]) for each in run.failures)
        return Begun(reverse("admin:sentinel_site_bulkrun_change", args=[run.pk]), not long, run.done - run.failed, failures)


def work(pk: Any, *, budget_seconds: float | None = BUDGET_SECONDS) -> bool:
    """Go on with a run for ``budget_seconds``, or to its end. Returns whether it is over. Raises nothing of the deed's."""
    noting.connect()  # the worker does not know the history of changes before somebody acts in it
    with configuration.acting(Acting(Via.ADMIN, by=lambda: _actor(pk), where=lambda: "bulk run")):
        return _work(pk, budget_seconds)


def _actor(pk: Any) -> User | None:
    run = BulkRun.objects.select_related("by").filter(pk=pk).first()
    return run.by if run else None


def _work(pk: Any, budget_seconds: float | None) -> bool:
    until = None if budget_seconds is None else time.monotonic() + budget_seconds
    while (run := BulkRun.objects.select_related("by").filter(pk=pk, status__in=BulkRun.OPEN).first()) is not None:
        if run.done >= run.total:
            _end(run, Status.DONE)
            return True
        if until is not None and time.monotonic() > until:
            return False
        deed = _deed(run)
        if deed is None or run.by is None or not deed.allowed(run.by):
            _end(run, Status.REFUSED)
            return True
        if not _slice(run, deed, run.by, until):
            return True
    return True


def go_on(*, at: datetime) -> None:
    """Take up runs that a worker dropped, and forget those that ended long ago."""
    for pk in BulkRun.objects.filter(ended_at=None, moved_at__lt=at - DROPPED).order_by("moved_at").values_list("pk", flat=True)[:SLICE]:
        queue.enqueue("sentinel_site.tasks.bulk", str(pk))
    BulkRun.objects.filter(ended_at__lt=at - KEPT).delete()


def cancel(run: BulkRun, *, at: datetime) -> bool:
    """Stop it after the row at hand; what was done stays done. Returns whether there was something to stop."""
    return bool(_open(run).update(status=Status.CANCELLED, ended_at=at, moved_at=at))


def _open(run: BulkRun) -> Any:
    return BulkRun.objects.filter(pk=run.pk, status__in=BulkRun.OPEN)


def _deed(run: BulkRun) -> Deed | None:
    try:
        return bulk.find(run.deed)
    except LookupError:
        return None


def _end(run: BulkRun, status: BulkRun.Status) -> None:
    _open(run).update(status=status, ended_at=timezone.now(), moved_at=timezone.now())


def _slice(run: BulkRun, deed: Deed, by: User, until: float | None) -> bool:
    """Do the next rows. Returns False when the run is stopped, or somebody else works on it."""
    places = range(run.done, min(run.done + SLICE, run.total))
    rows = deed.rows([run.todo[place] for place in places])
    for place in places:
        if until is not None and time.monotonic() > until:
            break
        if not _row(run, deed, by, place, rows.get(str(run.todo[place]))):
            return False
    return True


def _row(run: BulkRun, deed: Deed, by: User, place: int, row: Model | None) -> bool:
    """Do the deed to one row, and count it, together. Returns False when the row is not ours to do."""
    at = timezone.now()
    mine = _open(run).filter(done=place)
    refusals: tuple[type[Exception], ...] = (Refused, Problem, *deed.refusals)
    try:
        with transaction.atomic():
            if not mine.update(done=place + 1, status=Status.RUNNING, moved_at=at):
                return False
            if row is None:
                raise Refused(_("It is gone."))
            if why := deed.why_not(row, by):
                raise Refused(why)
            if deed.log:
                _log(row, by, at, deed.log)
            deed.do(row, by, at, run.params)
    except refusals as refusal:
        return _failed(run, place, row, str(refusal), at=at)
    except Exception:  # whatever it is, it is this row's
        logger.exception("%s could not be done to %s", deed.name, run.todo[place])
        return _failed(run, place, row, _("Something went wrong; the log says what."), at=at)
    return True


def _failed(run: BulkRun, place: int, row: Model | None, why: str, *, at: datetime) -> bool:
    """Count a row that failed, and keep why."""
    name = english.text(row) if row is not None else str(run.todo[place])
    with transaction.atomic():
        held = _open(run).filter(done=place).select_for_update(no_key=True).only("failures").first()
        if held is None:
            return False
        failures = [*held.failures, {"row": name[:200], "why": why[:500]}][:NAMED]
        fields = {"done": place + 1, "failed": F("failed") + 1, "failures": failures, "status": Status.RUNNING, "moved_at": at}
        return bool(BulkRun.objects.filter(pk=run.pk).update(**fields))


def _log(row: Model, by: User, at: datetime, message: str) -> None:
    """Into the admin's history of the row. As SQL: the worker has the admin's tables, and not the admin."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_admin_log (action_time, object_id, object_repr, action_flag, change_message, content_type_id, user_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [at, str(row.pk), english.text(row)[:200], CHANGED, message, ContentType.objects.get_for_model(row).pk, by.pk],
        )
