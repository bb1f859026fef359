"""Telling people about bad backups: one alert for each bad cycle of a job, and all of them over with its next success.

A second kind, of medium severity, is about a backup that is good and odd: one per job, until a backup is not odd any more. Everything
goes through `settle`, which takes its locks in the order of the house (alerts, their messages, the event counter).
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import StrIndex, Substr
from django.utils import translation

from alerts import intake, lifecycle, record
from alerts.enums import OPEN, EventKind, LogKind, Resolution, Severity
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.models import Alert
from backups import backup_texts, circumstances, job_mail
from backups.backup_texts import Said
from backups.enums import BAD, BackupVerdict, Suspicion
from backups.held import Entry, Expected
from backups.models import BackupEntry, ExpectedBackupJob
from sentinel_site.lib.instants import instant

SOURCE: Final = "backups"
SOURCES: Final = (SOURCE, intake.OWN_SOURCE)
"""The second takes over when the first was deleted."""
SUSPICIOUS: Final = "backup-suspicious"
BAD_TYPES: Final = {verdict: f"backup-{verdict.value.replace('_', '-')}" for verdict in BAD}
BAD_KEY, ODD_KEY, UNRESTORED_KEY = "backup:", "backup-odd:", "backup-unrestored:"
"""How the dedup keys begin; the job's id follows: what others report under the same types is theirs."""
ID_LENGTH: Final = 36
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
Text = TypeVar("Text")
Decided = tuple[ExpectedBackupJob, BackupEntry]
logger = logging.getLogger(__name__)


class _News(NamedTuple):
    """An alert to be raised, or an open one whose words are to be made true."""

    job: ExpectedBackupJob
    entry: BackupEntry
    kind: str
    severity: str
    said: Mapping[str, Said]
    """In each language."""


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
        mailboxes = job_mail.prepare([job for job, _ in decided])
        open_alerts = _hold({job.pk for job, _ in decided})
        _end(_endings(decided, open_alerts), at=at)
        raised = _raise_all(_news(decided, at=at), open_alerts, at=at)
        job_mail.tell(raised, mailboxes, at=at)


def with_open_alerts(job_ids: Collection[UUID]) -> set[UUID]:
    """Which of these jobs have an open alert that a success may resolve. Ask while they are held: nobody raises one meanwhile."""
    if not job_ids:
        return set()
    rows = Alert.objects.filter(source__slug__in=SOURCES, status__in=OPEN, dedup_key__startswith="backup")
    keys = [key.split(":") for key in rows.values_list("dedup_key", flat=True)]
    found = {parts[1] for parts in keys if f"{parts[0]}:" in {BAD_KEY, ODD_KEY}}
    return {pk for pk in job_ids if str(pk) in found} if found else set()


def odd(job: Expected, entry: Entry) -> list[str]:
    """The suspicions about ``entry`` that people are told of: an unchanged content only where a change is expected."""
    silent = {Suspicion.UNRESTORED} if job.change_expected else {Suspicion.UNRESTORED, Suspicion.UNCHANGED}
    return [each for each in entry.suspicions if each not in silent]


def _hold(job_ids: set[UUID]) -> dict[str, Alert]:
    """The open alerts about these jobs by their dedup keys, held until the transaction ends."""
    named = Substr("dedup_key", StrIndex("dedup_key", Value(":")) + 1, ID_LENGTH)
    rows = Alert.objects.filter(source__slug__in=SOURCES, status__in=OPEN, dedup_key__startswith="backup").alias(about=named)
    found = rows.filter(about__in=[str(pk) for pk in job_ids]).order_by("pk").select_for_update(of=["self"], no_key=True)
    return {alert.dedup_key: alert for alert in found}


def _endings(decided: Sequence[Decided], open_alerts: Mapping[str, Alert]) -> dict[str, tuple[Alert, Mapping[str, str]]]:
    """The alerts that are over, by their keys, each with the reason."""
    endings: dict[str, tuple[Alert, Mapping[str, str]]] = {}
    for job, entry in decided:
        if entry.status == BackupVerdict.SUCCESS:
            until = _key(BAD_KEY, job, entry)
            over = [key for key in open_alerts if key.startswith(f"{_key(BAD_KEY, job)}:") and key <= until]
            if not odd(job, entry):
                over += {_key(ODD_KEY, job)} & open_alerts.keys()
            note = _words(backup_texts.recovered, job, entry) if over else {}
            endings |= {key: (open_alerts[key], note) for key in over}
    return endings


def _news(decided: Sequence[Decided], *, at: datetime) -> dict[str, _News]:
    """What there is to tell. Nothing about a bad cycle when a later one is good already: nobody is woken for what is over."""
    good_until = circumstances.last_good({job.pk for job, entry in decided if entry.status in BAD})
    news: dict[str, _News] = {}
    for job, entry in decided:
        if entry.status in BAD and entry.cycle_at > good_until.get(job.pk, LONG_AGO):
            said = _words(backup_texts.bad, job, entry, circumstances.of(job, entry, at=at))
            news[_key(BAD_KEY, job, entry)] = _News(job, entry, BAD_TYPES[BackupVerdict(entry.status)], job.severity, said)
        elif found := odd(job, entry) if entry.status == BackupVerdict.SUCCESS else []:
            said = _words(backup_texts.suspicious, job, entry, found)
            news[_key(ODD_KEY, job)] = _News(job, entry, SUSPICIOUS, Severity.MEDIUM, said)
    return news


def _raise_all(news: Mapping[str, _News], open_alerts: Mapping[str, Alert], *, at: datetime) -> dict[UUID, ExpectedBackupJob]:
    """Raise what is not open, make the words true of what is, and say on the entries which alert is theirs.

    Answers with the alerts (ids) that were raised, and their jobs.
    """
    raised = _accept({key: each for key, each in news.items() if key not in open_alerts}, at=at)
    fresh = {alert_id: news[key].job for key, alert_id in raised.items()}
    known = {key: alert for key, alert in open_alerts.items() if key in news}
    _reword([(alert, news[key]) for key, alert in known.items()], at=at)
    raised |= {key: alert.pk for key, alert in known.items()}
    for key, alert_id in raised.items():
        news[key].entry.alert_id = alert_id
    BackupEntry.objects.bulk_update([news[key].entry for key in raised], ["alert"], batch_size=500)
    return fresh


def _accept(news: Mapping[str, _News], *, at: datetime) -> dict[str, UUID]:
    """Raise these alerts; answers with their ids. What no source accepts is logged: a backup's row says it all the same."""
    raised: dict[str, UUID] = {}
    for source in SOURCES:
        waiting = [key for key in news if key not in raised]
        outcomes = intake.accept([_report(key, news[key], source) for key in waiting], at=at) if waiting else []
        raised |= {key: each.alert_id for key, each in zip(waiting, outcomes, strict=True) if not isinstance(each, InvalidReport)}
    for key in news.keys() - raised.keys():
        logger.error("the alert %s is accepted from neither of %s", key, ", ".join(SOURCES))
    return raised


def _reword(told: Sequence[tuple[Alert, _News]], *, at: datetime) -> None:
    """Have open alerts say what is true now: whoever has one reads it there, and whoever is called next is told that."""
    log = []
    for alert, news in told:
        said = news.said[settings.LANGUAGE_CODE]
        if (alert.type, alert.title, alert.description) != (news.kind, *said):
            Alert.objects.filter(pk=alert.pk).update(type=news.kind, **said._asdict(), translations=_translations(news.said))
            note = _words(backup_texts.changed, news.entry)[settings.LANGUAGE_CODE]
            log.append(record.Entry(alert.pk, LogKind.COMMENT, None, {"note": note}))
    record.write(log, at=at)
    record.announce([(EventKind.COMMENT, entry.alert_id) for entry in log], at=at)


def _end(endings: Mapping[str, tuple[Alert, Mapping[str, str]]], *, at: datetime) -> None:
    """Resolve these alerts; everyone who was told reads why in their own language."""
    alerts = [alert for alert, _ in endings.values()]
    for alert, notes in endings.values():
        alert.translations = {code: {**alert.translations.get(code, {}), "note": notes[code]} for code in _others()}
    Alert.objects.bulk_update(alerts, ["translations"], batch_size=500)
    site = settings.LANGUAGE_CODE
    ended = [(alert, notes[site]) for alert, notes in endings.values()]
    lifecycle.resolve_all(ended, by=None, at=at, resolution=Resolution.RECOVERED)


def _report(key: str, news: _News, source: str) -> NewReport:
    job = news.job
    said = news.said[settings.LANGUAGE_CODE]
    return NewReport(
        source=source, type=news.kind, severity=news.severity, subject=subject(job), title=said.title, description=said.description,
        translations=_translations(news.said), dedup_key=key, labels=_labels(job), links=_links(job),
    )  # fmt: skip


def subject(job: ExpectedBackupJob) -> str:
    """Whose database: ``ACME_LYON_NORTH/accounts``."""
    return "/".join(part for part in (job.agent_id_responsible or job.company_name, job.database_name) if part)[:200]


def _labels(job: ExpectedBackupJob) -> dict[str, str]:
    """What routes and silences may ask about."""
    given = {"database": job.database_name, "company": job.company_name, "city": job.city, "agent": job.agent_id_responsible}
    return {name: value for name, value in given.items() if value}


def _links(job: ExpectedBackupJob) -> list[dict[str, str]]:
    with translation.override(settings.LANGUAGE_CODE):
        text = translation.gettext("This backup's history")
    return [{"href": f"{settings.SENTINEL_BASE_URL}/live/backups/{job.pk}/", "text": text}]


def _words(say: Callable[..., Text], *args: Any) -> dict[str, Text]:
    """What ``say`` says, in each language."""
    said = {}
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            said[code] = say(*args)
    return said


def _translations(said: Mapping[str, Said]) -> dict[str, dict[str, str]]:
    return {code: said[code]._asdict() for code in _others()}


def _others() -> list[str]:
    """The languages besides the site's."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def _key(kind: str, job: ExpectedBackupJob, entry: BackupEntry | None = None) -> str:
    return f"{kind}{job.pk}" + (f":{instant(entry.cycle_at)}" if entry else "")
