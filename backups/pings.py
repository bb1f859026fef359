"""Pings: a job says that it started, how it ended, or something for the record. Many that come together are one transaction.

A ping is stored as it came, and judged by entries.py like any other report. How it is addressed and answered is ping_wire.py's.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from psycopg_pool import PoolTimeout

from alerts import routing
from backups import entries, good_pings
from backups.enums import PingKind, ReportedBy
from backups.good_pings import JUDGED
from backups.models import ExpectedBackupJob, PingKey
from backups.ping_calls import Became, Call, Found, Target, evidence
from backups.ping_pace import MAX_WRONG, Bursts, Guesses
from sentinel_site.lib import configuration, crypto, prepared

HEAD_BYTES: Final = 10_000
TAIL_BYTES: Final = 10_000
BODY_LIMIT: Final = HEAD_BYTES + TAIL_BYTES
"""So much of a body is kept; of a longer one its beginning and its end."""
KEEP: Final = 100
"""So many pings of each job are kept."""
FORGOTTEN_AT_ONCE: Final = 10_000
DAY_SECONDS: Final = 86_400
NEW_AN_HOUR: Final = 100
"""So many jobs pings may make in an hour: whoever has a key must not fill the database."""
USED_EVERY: Final = timedelta(minutes=1)
KEY_PURPOSE: Final = "ping-key"
TRIES: Final = 3
_FINISHED: Final = (PingKind.SUCCESS, PingKind.FAIL)
logger = logging.getLogger(__name__)
bursts: Final = Bursts()
guesses: Final = Guesses()


_STORE: Final = f"""
WITH call AS (
    SELECT * FROM unnest(
        %s::int[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::int[], %s::uuid[], %s::float8[],
        %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])
    AS c (place, id, ping_id, digest, slug, at, kind, exit_status, rid, told_seconds, method, address, agent, head, tail, size)
), {JUDGED}, stored AS (
    INSERT INTO backups_ping (
        id, job_id, at, kind, exit_status, rid, duration_seconds, method, address, agent, body_head, body_tail, body_bytes)
    SELECT id, job_id, at, became, exit_status, rid, seconds, method, address, agent, head, tail, size FROM judged
)
SELECT place, job_id, became, seconds, is_active, key_id, key_used_at FROM judged ORDER BY place
"""  # noqa: S608  (words of our own)
_FORGET: Final = """
DELETE FROM backups_ping WHERE id IN (
    SELECT old.id FROM backups_expectedbackupjob job, LATERAL (
        SELECT ping.id FROM backups_ping ping WHERE ping.job_id = job.id ORDER BY ping.id DESC OFFSET %s LIMIT %s) old
    LIMIT %s)
"""


def take(calls: Sequence[Call]) -> list[Became]:
    """Store ``calls`` and do what they say, each job's in their order; what became of each. Committed on return.

    One transaction, but for jobs that start again after they ended: that comes after it, and is BUSY if it fails.
    Raises DatabaseError when nothing at all could be stored.
    """
    became = {place: Became.TOO_MANY for place, call in enumerate(calls) if not bursts.allows(_lane(call), at=call.at)}
    found, later = _take([(place, call) for place, call in enumerate(calls) if place not in became])
    for each in found:
        became[each.place] = Became.IGNORED if each.kind == PingKind.IGNORED else Became.TAKEN
        bursts.count(_lane(calls[each.place]), at=calls[each.place].at)
    became |= {each.place: Became.BUSY for each in later if not _act_alone(calls, each)}
    _note_use(found, calls)
    return [became.get(place) or _unknown(call) for place, call in enumerate(calls)]


def url(job: ExpectedBackupJob) -> str:
    """Where ``job`` is pinged. Whoever knows it can ping; it opens nothing else."""
    return f"{settings.SENTINEL_BASE_URL}/ping/{job.ping_id}"


def issue_key(name: str, *, may_create: bool = True) -> tuple[PingKey, str]:
    """Make a ping key. Its text is known now and never again."""
    text = secrets.token_urlsafe(24)
    return PingKey.objects.create(name=name, digest=digest(text), prefix=text[:4], may_create=may_create), text


def digest(key: str) -> str:
    """What a ping key is found by."""
    return crypto.digest(key, purpose=KEY_PURPOSE)


def forget_old(*, keep: int = KEEP) -> int:
    """Delete all but the last ``keep`` pings of each job, a part at a time. Returns how many went."""
    gone, part = 0, 1
    while part:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [keep, FORGOTTEN_AT_ONCE, FORGOTTEN_AT_ONCE])
            part = cursor.rowcount
        gone += part
    return gone


def _lane(call: Call) -> tuple[Target, bool]:
    """What is counted together: a talkative log must not keep out what matters."""
    return call.target, call.kind == PingKind.LOG


def _take(waiting: Sequence[tuple[int, Call]]) -> tuple[list[Found], list[Found]]:
    """Store what waits and act on it, in one transaction. What was stored, and what is left to act on.

    Once more after a deadlock, and when a source of alerts was deleted since it was read.
    """
    if not waiting:
        return [], []
    if all(call.kind == PingKind.LOG for _, call in waiting):
        return _store(waiting), []  # one statement: nothing else is to be done
    good = _good(waiting)
    if good is not None:
        return good, []
    for last_try in [False] * (TRIES - 1) + [True]:
        try:
            with transaction.atomic():
                found = _store(waiting)
                return found, _act(dict(waiting), found)
        except (IntegrityError, OperationalError):
            if last_try or connection.in_atomic_block:
                raise
            routing.forget()
            logger.warning("%d pings are tried again", len(waiting), exc_info=True)
    raise AssertionError("unreachable")


def _good(waiting: Sequence[tuple[int, Call]]) -> list[Found] | None:
    """What was stored in the short way; None: it takes the long one."""
    try:
        return good_pings.take(waiting)
    except (IntegrityError, OperationalError):
        if connection.in_atomic_block:
            raise
        logger.warning("%d pings take the long way", len(waiting), exc_info=True)
        return None


def _store(waiting: Sequence[tuple[int, Call]]) -> list[Found]:
    rows = [
        (
            place, call.id, call.target.ping_id, call.target.key, call.target.slug, call.at, call.kind.value, call.exit_status, call.rid,
            call.duration_seconds, call.method, call.address, call.agent, call.head, call.tail, call.size,
        ) for place, call in waiting
    ]  # fmt: skip
    return [Found(*row) for row in prepared.run(_STORE, [list(column) for column in zip(*rows, strict=True)])]


def _act(calls: Mapping[int, Call], found: Sequence[Found]) -> list[Found]:
    """Do what these say, as the last of a transaction. Returns those that must have one of their own, in their order.

    That is what starts again after it ended: ends are decided together, and at the very end, as alerts are announced there.
    """
    waiting = [each for each in found if each.kind in (*_FINISHED, PingKind.START)]
    jobs = {each.job_id for each in waiting}
    if len(jobs) > 1 and any(each.kind == PingKind.START for each in waiting):
        _hold(jobs)  # entries.py does so itself where there are ends alone
    ended: set[UUID] = set()
    alone: set[UUID] = set()
    now: list[Found] = []
    later: list[Found] = []
    for each in waiting:
        if each.kind == PingKind.START and each.job_id in ended:
            alone.add(each.job_id)
        (later if each.job_id in alone else now).append(each)
        if each.kind in _FINISHED:
            ended.add(each.job_id)
    for each in now:
        if each.kind == PingKind.START:
            entries.started(each.job_id, at=calls[each.place].at, rid=calls[each.place].rid)
    _decide(calls, [each for each in now if each.kind in _FINISHED])
    return later


def _decide(calls: Mapping[int, Call], ended: Sequence[Found]) -> None:
    paused = {each.job_id for each in ended if not each.is_active}
    if paused:
        ExpectedBackupJob.objects.filter(pk__in=paused).update(is_active=True)
    if ended:
        entries.decide_many([(each.job_id, evidence(calls[each.place], each)) for each in ended])


def _act_alone(calls: Sequence[Call], found: Found) -> bool:
    """Do what this one says, in a transaction of its own. False: it could not be done."""
    try:
        with transaction.atomic():
            _act({found.place: calls[found.place]}, [found])
    except (DatabaseError, PoolTimeout):
        logger.warning("a ping of the job %s has had no effect; its sender is told so", found.job_id, exc_info=True)
        return False
    return True


def _hold(jobs: set[UUID]) -> None:
    """Lock the jobs, in the order in which everybody does."""
    list(ExpectedBackupJob.objects.filter(pk__in=jobs).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _note_use(found: Sequence[Found], calls: Sequence[Call]) -> None:
    """When a key was last used, to the minute."""
    stale = {
        each.key_id: calls[each.place].at for each in found
        if each.key_id and (each.key_used_at is None or calls[each.place].at - each.key_used_at >= USED_EVERY)
    }  # fmt: skip
    for key_id, at in stale.items():
        with suppress(DatabaseError):  # the pings are stored already
            PingKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=at), pk=key_id).update(last_used_at=at)


def _unknown(call: Call) -> Became:
    """A ping to nothing: made if it asks for that and may, else counted as a guess."""
    if not call.target.create or not call.target.slug:
        return _wrong(call)
    try:
        return _create(call)
    except (DatabaseError, PoolTimeout):  # what came together with it is stored already
        logger.warning("a job that was pinged under a new name could not be made", exc_info=True)
        return Became.BUSY


def _wrong(call: Call) -> Became:
    count = guesses.count(call.address, at=call.at)
    if count == 1:
        logger.warning("a ping from %s is about no job: its sender has a wrong address, and is told so", call.address or "somewhere")
    return Became.UNKNOWN if count <= MAX_WRONG else Became.TOO_MANY


def _create(call: Call) -> Became:
    """Expect what pings under a new name: every day, until somebody says otherwise."""
    if not PingKey.objects.filter(digest=call.target.key, may_create=True).exists():
        return _wrong(call)
    recent = ExpectedBackupJob.objects.filter(reported_by=ReportedBy.PING, created_at__gt=call.at - timedelta(hours=1))
    if recent.count() >= NEW_AN_HOUR:
        return Became.FULL
    fields = {"database_name": call.target.slug, "reported_by": ReportedBy.PING, "period_seconds": DAY_SECONDS}
    with configuration.acting(None), transaction.atomic():  # nobody's change
        job, made = ExpectedBackupJob.objects.get_or_create(slug=call.target.slug, defaults=fields)
        if made:
            entries.expect(job.pk, at=call.at)
        became = take([call])[0]
    return Became.CREATED if made and became is Became.TAKEN else became
