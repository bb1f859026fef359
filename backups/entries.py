"""What became of each expected run: the only writer of `BackupEntry.status` and of what an expected job says about itself.

Whoever decides holds the job's row (FOR NO KEY UPDATE), or writes only if nobody has changed it since it was read, so there is one entry
for a cycle however many report it at once. The entry, the job and the alert are one transaction; killed at any point, all of it is there
or nothing. The same report a second time changes nothing and tells nobody.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple, Self
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.expressions import RawSQL
from django.db.models.functions import Least, Lower

from alerts import routing
from backups import backup_alerts, backup_phrases, deadlines, entry_rows, fitting, history, judging
from backups.deadlines import Due
from backups.entry_rows import ChangedError
from backups.enums import BAD, BackupStatus, BackupVerdict, ReportedBy
from backups.evidence import NOTHING, Evidence
from backups.expectations import EARLY, Cycle
from backups.held import Entry, Expected, Fresh, Job, Listed
from backups.models import BackupEntry, ExpectedBackupJob
from backups.suspicion import Run
from backups.when import Spans
from sentinel_site.lib import arrays, ids

CHUNK: Final = 1500
"""So many reports are decided in one transaction."""
TRIES: Final = 3
AHEAD: Final = timedelta(minutes=1)
"""The clocks of two that write down pings may differ by so much."""
logger = logging.getLogger(__name__)
Pair = tuple[UUID, Evidence]
Read = tuple[Listed, Evidence]
Past = Mapping[UUID, Sequence[tuple[datetime | None, Run]]]
"""Successes of each job, the newest first, by their cycle; None: one that is not decided now."""


class Decided(NamedTuple):
    """What a report did. ``changed``: it decided the cycle, now or anew."""

    job_id: UUID
    entry_id: UUID
    cycle_at: datetime
    changed: bool


def decide(job_id: UUID, evidence: Evidence) -> Decided:
    """Write what ``evidence`` says about its cycle of the job, and raise or resolve the alert. Committed on return.

    Of several reports about one cycle the newest (by ``ended_at``) decides; one that was seen before changes nothing. What does not fit
    its column is cut. Raises ExpectedBackupJob.DoesNotExist.
    """
    found = decide_many([(job_id, evidence)])
    if not found:
        raise ExpectedBackupJob.DoesNotExist(f"There is no expected backup job {job_id}.")
    return found[0]


def decide_many(pairs: Sequence[Pair], *, checked_at: datetime | None = None) -> list[Decided]:
    """`decide` for many, in a few statements and one transaction for each 1,500; answers in the order of ``pairs``.

    Reports about jobs that are gone have no answer. ``checked_at``: a scan brings them, which looked for them then (`checked`). It has its
    turn as long as its connection: nothing is tried again on another one. Raises OperationalError then.
    """
    answers: list[Decided | None] = [None] * len(pairs)
    spans = Spans()
    places = iter(sorted(range(len(pairs)), key=lambda place: (pairs[place][0].int, pairs[place][1].ended_at)))
    while chunk := list(islice(places, CHUNK)):
        chosen = [pairs[place] for place in chunk]
        found = _again(chosen, spans, checked_at)
        for place, each in zip(chunk, found, strict=True):
            answers[place] = each
    return [each for each in answers if each is not None]


def decide_read(pairs: Sequence[Read], *, checked_at: datetime) -> None:
    """`decide_many` about jobs as a scan read them: while nobody has changed any of them, none is read and held once more."""
    if pairs and not _as_read(sorted(pairs, key=lambda pair: pair[0].pk.int), checked_at):
        decide_many([(job.pk, evidence) for job, evidence in pairs], checked_at=checked_at)


def foresee(pairs: Sequence[tuple[Job, Evidence]], past: Mapping[UUID, Sequence[Run]]) -> list[Fresh] | None:
    """What these, each about a job of its own, would write: its new entry, and the state of the job, which is set on it.

    None where `decide` would do more: raise an alert, resume a job or change an entry. Nothing is held or stored: whoever stores it sees
    to it that the jobs are as they were read, and that none of them has an open alert. ``past``: their successes, the newest first.
    """
    turn = _Turn(pairs, Spans(), past={job_id: [(None, run) for run in runs] for job_id, runs in past.items()})
    for (job, evidence), cycle_at in zip(pairs, turn.cycles, strict=True):
        # A newer run has no entry yet, but after a clock that was ahead: then the constraint refuses it.
        if evidence.verdict != BackupVerdict.SUCCESS or not job.is_active or not deadlines.is_ahead(job, cycle_at):
            return None
        turn.decide(job, evidence, cycle_at)
        if any(backup_alerts.odd(*told) for told in turn.told.values()):
            return None
    return [entry for entry in turn.changed.values() if isinstance(entry, Fresh)]


def missed(job_id: UUID, cycle: Cycle, *, at: datetime, told: bool) -> Decided | None:
    """Nobody reported ``cycle`` until its deadline: write that, once, and wait for the next one. ``told``: raise the alert.

    None, and nothing is written, when the job waits for another cycle by now: it was reported, changed, deleted or switched off.
    Where the cycle has its entry already, only the deadline moves on.
    """
    with transaction.atomic():
        job = entry_rows.hold([job_id]).get(job_id)
        if job is None or not job.is_active or job.next_expected_at != cycle.expected_at or job.overdue_at is None or job.overdue_at > at:
            return None
        about = min(cycle.expected_at, job.overdue_at)  # one that was pinged to start is overdue before its next ping is expected
        evidence = Evidence(
            key=f"missing:{about.isoformat()}", verdict=BackupVerdict.MISSING, reported_by=ReportedBy.SENTINEL, judged_at=at,
            ended_at=about, cycle_at=about, message=backup_phrases.UNREPORTED,
        )  # fmt: skip
        turn = _Turn([(job, evidence)], Spans()).read([(job, evidence)])
        decided = turn.decide(job, evidence, about, quiet=not told)
        _wait(job, deadlines.missed(job, cycle.expected_at, turn.spans))
        turn.jobs[id(job)] = job
        turn.write(at=at)
        return decided


def started(job_id: UUID, *, at: datetime, rid: UUID | None) -> None:
    """The job says that it runs. One that is pinged at any time must end within its grace from now on."""
    grace = F("grace_minutes") * timedelta(minutes=1)
    rows = ExpectedBackupJob.objects.filter(pk=job_id)
    with transaction.atomic():
        rows.update(started_at=at, started_rid=rid)
        rows.filter(is_active=True, period_seconds__isnull=False, overdue_at__isnull=False).update(
            overdue_at=Least(F("overdue_at"), at + grace)
        )


def expect(job_id: UUID, *, at: datetime, anew: bool = False) -> None:
    """Work out when the job is expected next, after it was made, changed, switched on or off.

    A run that is due and not reported yet stays due as long as the job is still expected at that time. ``anew``: it was switched on,
    so that one which is pinged at any time, and was missing when it was switched off, is waited for again.
    """
    with transaction.atomic():
        job = ExpectedBackupJob.objects.select_for_update(no_key=True).filter(pk=job_id).first()
        if job is not None:
            _wait(job, deadlines.renewed(job, at=at, anew=anew))
            job.save(update_fields=["next_expected_at", "overdue_at"])


def turn_back(*, at: datetime) -> int:
    """Wait again for runs that a clock which was ahead has passed already. Returns for how many jobs.

    What was called missing then is forgotten; what was reported stays.
    """
    ahead = at + EARLY
    wrong = ExpectedBackupJob.objects.filter(last_cycle_at__gt=ahead)
    found = list(wrong.order_by("pk").values_list("pk", flat=True))
    for job_id in found:
        with transaction.atomic():
            job = wrong.select_for_update(no_key=True).filter(pk=job_id).first()
            if job is not None:
                BackupEntry.objects.filter(expected_job=job, created_at__gt=at, status=BackupVerdict.MISSING).delete()
                _as_of(job, BackupEntry.objects.filter(expected_job=job, cycle_at__lte=ahead).order_by("cycle_at").last())
                _wait(job, deadlines.renewed(job, at=at, anew=True))
                job.save(update_fields=["current_status", "last_cycle_at", "next_expected_at", "overdue_at"])
                logger.warning("the clock was ahead: the expected backup %s is waited for again", job.pk)
    return len(found)


def checked(agents: Collection[str], *, at: datetime) -> None:
    """A scan looked for reports of these agents. Jobs of which it decided something say so already."""
    if not agents:
        return
    asked = RawSQL("SELECT lower(each) FROM unnest(%s::text[]) AS each", [arrays.texts(agents)])  # as it puts the column in small letters
    rows = ExpectedBackupJob.objects.alias(agent=Lower("agent_id_responsible")).filter(is_active=True, agent__in=asked)
    rows.exclude(agent_id_responsible="").exclude(last_checked_at_utc__gte=at).update(last_checked_at_utc=at)


def _as_of(job: ExpectedBackupJob, entry: BackupEntry | None) -> None:
    job.last_cycle_at = entry.cycle_at if entry else None
    if entry is None:
        job.current_status = BackupStatus.UNKNOWN
    else:
        job.current_status = BackupStatus.OK if entry.status == BackupVerdict.SUCCESS else BackupStatus(entry.status)


def _wait(job: Expected, due: Due) -> None:
    job.next_expected_at, job.overdue_at = due


def _is_newest(job: Job, cycle_at: datetime, *, at: datetime) -> bool:
    """Whether nothing later is decided; what lies ahead of the clock comes from one that was wrong, and is not the last word."""
    last = job.last_cycle_at
    return last is None or cycle_at >= last or last > at + (EARLY if job.period_seconds is None else AHEAD)


def _again(pairs: Sequence[Pair], spans: Spans, checked_at: datetime | None) -> list[Decided | None]:
    """`_chunk`, once more after a deadlock with somebody who answers the same alerts."""
    trusting, session = not connection.in_atomic_block, connection.connection
    for last_try in [False] * (TRIES - 1) + [True]:
        try:
            with transaction.atomic(savepoint=False):  # whoever holds a transaction loses all of it, as it should
                return _chunk(pairs, spans, checked_at, trusting=trusting)
        except (OperationalError, IntegrityError):  # also a source or a policy deleted since the routing table was read
            is_lost = checked_at is not None and connection.connection is not session
            if last_try or connection.in_atomic_block or is_lost:
                raise
            routing.forget()
            trusting = False
            logger.warning("deciding %d backups again", len(pairs), exc_info=True)
    raise AssertionError("unreachable")


def _as_read(pairs: Sequence[Read], checked_at: datetime) -> bool:
    """Decide these in one transaction, if each is about a job of its own, which is as it was read, and about a run that has no entry yet.

    Whoever decides about a job, or changes it, changes its row. False: nothing is written.
    """
    versions, session = [job.version for job, _ in pairs], connection.connection
    if not all(versions) or len({job.pk.int for job, _ in pairs}) < len(pairs) or len(pairs) > CHUNK:
        return False
    for job, _ in pairs:
        job.version = ""  # from now on it is as it will be, or not
    try:
        with transaction.atomic():
            turn = _Turn(pairs, Spans()).read(pairs, trusting=True)
            if turn.entries:
                return False
            for (job, evidence), cycle_at in zip(pairs, turn.cycles, strict=True):
                turn.decide(job, evidence, cycle_at)
            turn.write(at=max(evidence.judged_at for _, evidence in pairs), checked_at=checked_at, versions=versions)
    except ChangedError:
        return False
    except (OperationalError, IntegrityError):  # as in `_again`
        if connection.connection is not session:
            raise
        routing.forget()
        logger.warning("deciding %d backups again", len(pairs), exc_info=True)
        return False
    return True


def _chunk(pairs: Sequence[Pair], spans: Spans, checked_at: datetime | None, *, trusting: bool) -> list[Decided | None]:
    """Decide these in one transaction; None for those whose job is gone. ``trusting``: see `_Turn.read`."""
    jobs = entry_rows.hold([job_id for job_id, _ in pairs])
    held = [(jobs.get(job_id), evidence) for job_id, evidence in pairs]
    known = [(job, evidence) for job, evidence in held if job is not None]
    turn = _Turn(known, spans).read(known, trusting=trusting)
    cycles = iter(turn.cycles)
    decided = [None if job is None else turn.decide(job, evidence, next(cycles)) for job, evidence in held]
    turn.write(at=max(evidence.judged_at for _, evidence in pairs), checked_at=checked_at)
    return decided


class _Turn:
    """One transaction: jobs that are held, or as they were read, their entries, and what is to be written and told at its end."""

    def __init__(self, pairs: Sequence[tuple[Job, Evidence]], spans: Spans, *, past: "Past | None" = None) -> None:
        self.spans = spans
        self.cycles = [_cycle_at(job, evidence, spans) for job, evidence in pairs]
        self.past: Past = past or {}
        self._ids = iter(ids.several(len(pairs)))
        # By the identity in memory of their jobs, or their own: a UUID is hashed in Python, and slowly.
        self.entries: dict[tuple[int, datetime], Entry] = {}
        self.jobs: dict[int, Job] = {}
        self.changed: dict[int, Entry] = {}
        self.told: dict[int, tuple[Job, Entry]] = {}

    def read(self, pairs: Sequence[tuple[Job, Evidence]], *, trusting: bool = False) -> Self:
        """What is known of these runs, and of those before.

        ``trusting``: of a run later than all that its job knows of there is nothing; where that is wrong, after a clock that was
        ahead, the constraint refuses it.
        """
        known = entry_rows.known([
            (job.pk, at) for (job, evidence), at in zip(pairs, self.cycles, strict=True)
            if not (trusting and deadlines.is_ahead(job, at) and at <= evidence.judged_at + EARLY)
        ])  # fmt: skip
        jobs = {job.pk: job for job, _ in pairs} if known else {}
        self.entries = {(id(jobs[entry.expected_job_id]), entry.cycle_at): entry for entry in known}
        self.past = history.recent(
            {job.pk for job, evidence in pairs if evidence.verdict == BackupVerdict.SUCCESS and job.last_successful_backup_utc}
        )
        return self

    def decide(self, job: Job, evidence: Evidence, cycle_at: datetime, *, quiet: bool = False) -> Decided:
        """Judge one report in memory; `write` stores it."""
        entry = self.entries.get((id(job), cycle_at))
        if entry is None:
            at = evidence.judged_at
            entry = self.entries[id(job), cycle_at] = Fresh(next(self._ids), job.pk, cycle_at, at, at, NOTHING)
        elif not judging.is_news(entry, evidence):
            if judging.remember(entry, evidence):
                self.changed[id(entry)] = entry
            return Decided(job.pk, entry.pk, cycle_at, changed=False)
        past = self.past.get(job.pk, ()) if self.past else ()
        judging.write(entry, job, evidence, [run for at, run in past if at != cycle_at])
        entry.status = evidence.verdict
        self._settle(job, entry, evidence)
        self.changed[id(entry)] = entry
        self.jobs[id(job)] = job
        if not quiet:
            self.told[id(entry)] = (job, entry)
        return Decided(job.pk, entry.pk, cycle_at, changed=True)

    def write(self, *, at: datetime, checked_at: datetime | None = None, versions: Sequence[str] | None = None) -> None:
        """Store what was decided, and then tell: the alerts' events come last in a transaction. ``versions``: see `entry_rows.store`."""
        entry_rows.store(self.changed.values(), self.jobs.values(), checked_at=checked_at, versions=versions)
        self._tell(at=at)

    def _tell(self, *, at: datetime) -> None:
        """Only about what is bad, odd, or good where something is open: the others need not even be read."""
        news = [(job, entry) for job, entry in self.told.values() if job.is_active or entry.status == BackupVerdict.SUCCESS]
        loud = backup_alerts.with_open_alerts([job.pk for job, entry in news if entry.status == BackupVerdict.SUCCESS])
        chosen = [
            (job.pk, entry.pk) for job, entry in news
            if entry.status in BAD or (loud and job.pk in loud) or (job.is_active and backup_alerts.odd(job, entry))
        ]  # fmt: skip
        if chosen:
            jobs = ExpectedBackupJob.objects.in_bulk({job_id for job_id, _ in chosen})
            found = BackupEntry.objects.in_bulk([entry_id for _, entry_id in chosen])
            told = sorted(((jobs[job_id], found[entry_id]) for job_id, entry_id in chosen), key=lambda each: each[1].cycle_at)
            backup_alerts.settle(told, at=at)

    def _settle(self, job: Job, entry: Entry, evidence: Evidence) -> None:
        """What the job says about itself after this."""
        good, newest = entry.status == BackupVerdict.SUCCESS, _is_newest(job, entry.cycle_at, at=evidence.judged_at)
        if newest:
            job.current_status = BackupStatus.OK if good else BackupStatus(entry.status)
            job.last_cycle_at = entry.cycle_at
            if good and evidence.content_hash:
                job.previous_successful_hash_global = evidence.content_hash if evidence.fits else fitting.text(evidence.content_hash, 64)
        if entry.status == BackupVerdict.MISSING:
            return
        if good:
            job.last_successful_backup_utc = max(evidence.ended_at, job.last_successful_backup_utc or evidence.ended_at)
        else:
            job.last_failed_backup_utc = max(evidence.ended_at, job.last_failed_backup_utc or evidence.ended_at)
        if not good or evidence.evidence.get("rid") in (None, "", str(job.started_rid)):
            job.started_at, job.started_rid = None, None
        _wait(job, deadlines.reported(job, entry.cycle_at, self.spans))


def _cycle_at(job: Job, evidence: Evidence, spans: Spans) -> datetime:
    if evidence.cycle_at is not None:
        return evidence.cycle_at
    cycle = spans.about(job, evidence.ended_at)
    return evidence.ended_at if cycle is None else cycle.expected_at
