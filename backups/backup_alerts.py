"""Telling people about bad backups: one alert for each bad cycle of a job, and all of them over with its next success.

A second kind, of medium severity, is about a backup that is good and odd: one per job, until a backup is not odd any more.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from alerts.enums import Resolution, Severity
from alerts.models import Alert
from backups import backup_texts, circumstances, job_mail, telling
from backups.backup_texts import Said
from backups.enums import BAD, BackupVerdict, Suspicion
from backups.expectations import EARLY
from backups.held import Entry, Expected
from backups.models import BackupEntry, ExpectedBackupJob
from backups.telling import Ending, News
from sentinel_site.lib.instants import instant

TYPES: Final = {verdict: f"backup-{verdict.value}" for verdict in BAD}
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
logger = logging.getLogger(__name__)
Decided = tuple[ExpectedBackupJob, BackupEntry]


def tell(job: ExpectedBackupJob, entry: BackupEntry, *, at: datetime) -> None:
    """Have people told about the bad ``entry``: see `settle`, which does it for many at once."""
    settle([(job, entry)], at=at)


def recover(job: ExpectedBackupJob, entry: BackupEntry, *, at: datetime) -> None:
    """Have people told that the job has a good backup again: see `settle`, which does it for many at once."""
    settle([(job, entry)], at=at)


def settle(decided: Sequence[Decided], *, at: datetime) -> None:
    """Raise, reword and resolve the alerts that follow from ``decided``: entries as they are now, in the cycles' order for a job.

    A bad entry raises the alert of its cycle; one that is open already is not told again, but says what is true now. A success
    resolves the open alerts of its cycle and those before. A success that is odd raises, or rewords, the job's one alert of that
    kind; one that is not odd resolves it. Told twice, it changes nothing. ``entry.alert_id`` is set, here and in the database.

    One transaction; call it as the last of the caller's, once for everything in it: it ends with the event counter.
    """
    with transaction.atomic():
        mailboxes = job_mail.prepare([job for job, entry in decided if entry.status in BAD or odd(job, entry)])
        held = telling.hold({job.pk for job, _ in decided})
        telling.end(list(_endings(decided, held, at=at).values()), at=at)
        telling.raise_all(_news(decided, at=at), held, mailboxes, at=at)


def with_open_alerts(job_ids: Collection[UUID]) -> set[UUID]:
    """Which of these jobs have an open alert that a success may resolve. Ask while they are held: nobody raises one meanwhile."""
    if not job_ids:
        return set()
    told = telling.told(telling.BAD, telling.ODD)
    return told & set(job_ids) if told else told


def odd(job: Expected, entry: Entry) -> list[str]:
    """The suspicions about ``entry`` that people are told of: an unchanged content only where a change is expected."""
    if not entry.suspicions:
        return []
    silent = {Suspicion.UNRESTORED} if job.change_expected else {Suspicion.UNRESTORED, Suspicion.UNCHANGED}
    return [each for each in entry.suspicions if each not in silent]


def _endings(decided: Sequence[Decided], held: Mapping[str, Alert], *, at: datetime) -> dict[str, Ending]:
    """The alerts that are over, by their keys, each with the reason."""
    endings: dict[str, Ending] = {}
    for job, entry in decided:
        if entry.status == BackupVerdict.SUCCESS:
            about = f"{telling.key(telling.BAD, job)}:"
            until, ahead = telling.key(telling.BAD, job, entry), f"{about}{instant(at + EARLY)}"  # so far ahead: of a clock that was wrong
            over = [key for key in held if key.startswith(about) and (key <= until or key > ahead)]
            if not odd(job, entry):
                over += {telling.key(telling.ODD, job)} & held.keys()
            note = telling.words(backup_texts.recovered, job, entry) if over else {}
            endings |= {key: (held[key], note) for key in over}
    return endings


def _news(decided: Sequence[Decided], *, at: datetime) -> dict[str, News]:
    """What there is to tell. Nothing about a bad cycle when a later one is good already: nobody is woken for what is over."""
    good_until = circumstances.last_good({job.pk for job, entry in decided if entry.status in BAD}, at=at)
    news: dict[str, News] = {}
    for job, entry in decided:
        if entry.status in BAD and entry.cycle_at > good_until.get(job.pk, LONG_AGO):
            said = _said(backup_texts.bad, job, entry, circumstances.of(job, entry, at=at))
            news[telling.key(telling.BAD, job, entry)] = News(job, entry, TYPES[BackupVerdict(entry.status)], job.severity, said)
        elif found := odd(job, entry) if entry.status == BackupVerdict.SUCCESS else []:
            said = _said(backup_texts.suspicious, job, entry, found)
            news[telling.key(telling.ODD, job)] = News(job, entry, telling.SUSPICIOUS, Severity.MEDIUM, said)
    return news


def _said(say: Callable[..., Said], job: ExpectedBackupJob, entry: BackupEntry, more: Any) -> dict[str, Said]:
    """The words in each language. An alert is never lost for its words: when they cannot be put together, plain ones are told."""
    try:
        return telling.words(say, job, entry, more)
    except Exception:  # whatever it is: plain words are better than no call
        logger.exception("the words about backup entry %s cannot be put together; plain ones are told", entry.pk)
        return telling.words(backup_texts.plain, job, entry)


def abandon(*, at: datetime) -> int:
    """End the open alerts of jobs that were deleted or switched off: nobody watches them any more. Returns how many."""
    about = telling.told()
    if not about:
        return 0
    watched = set(ExpectedBackupJob.objects.filter(pk__in=about, is_active=True).values_list("pk", flat=True))
    if not about - watched:
        return 0
    with transaction.atomic():
        over = list(telling.hold(about - watched).values())
        telling.end([(alert, telling.words(backup_texts.abandoned)) for alert in over], at=at, resolution=Resolution.AUTO)
    return len(over)
