"""The alerts about backups as such: found, raised, reworded and ended, in every language, with their locks in the order of the house."""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet, Value
from django.db.models.functions import StrIndex, Substr
from django.utils import translation

from alerts import intake, lifecycle, record
from alerts.enums import OPEN, EventKind, LogKind, Resolution
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.models import Alert
from backups import backup_texts, job_mail
from backups.backup_texts import Said
from backups.models import BackupEntry, ExpectedBackupJob
from sentinel_site.lib import prepared
from sentinel_site.lib.instants import instant

SOURCES: Final = ("backups", intake.OWN_SOURCE)
"""The second takes over when the first was deleted."""
SUSPICIOUS: Final = "backup-suspicious"
BAD, ODD, UNRESTORED = "backup:", "backup-odd:", "backup-unrestored:"
"""How the dedup keys begin; the job's id follows: what others report under the same types is theirs."""
ID_LENGTH: Final = 36
_KEY: Final = re.compile(r"(backup|backup-odd|backup-unrestored):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(:|\Z)")
TOLD: Final = f"""
SELECT dedup_key FROM alerts_alert WHERE source_id IN (SELECT id FROM alerts_source WHERE slug IN {SOURCES})
AND status IN ({", ".join(f"'{status.value}'" for status in OPEN)}) AND starts_with(dedup_key, 'backup')
"""  # noqa: S608  (words of our own)
"""The dedup keys of all open alerts about backups."""
Text = TypeVar("Text")
Ending = tuple[Alert, Mapping[str, str]]
"""An alert that is over, and why, in each language."""
logger = logging.getLogger(__name__)


class News(NamedTuple):
    """An alert to be raised, or an open one whose words are to be made true. ``said``: in each language."""

    job: ExpectedBackupJob
    entry: BackupEntry | None
    kind: str
    severity: str
    said: Mapping[str, Said]


def key(kind: str, job: ExpectedBackupJob, entry: BackupEntry | None = None) -> str:
    """The dedup key of an alert about the job, or about one cycle of it; in the order of the cycles."""
    return f"{kind}{job.pk}" + (f":{instant(entry.cycle_at)}" if entry else "")


def told(*kinds: str) -> set[UUID]:
    """The jobs about which an alert is open, of one of ``kinds`` (BAD, ODD, UNRESTORED) or of any. Asked for every success."""
    return about([key for (key,) in prepared.run(TOLD)], *kinds)


def about(keys: Iterable[str], *kinds: str) -> set[UUID]:
    """The jobs that alerts with these dedup keys are about, as in `told`."""
    matches = [_KEY.match(key) for key in keys]
    return {UUID(found[2]) for found in matches if found and (not kinds or f"{found[1]}:" in kinds)}


def hold(job_ids: Collection[UUID]) -> dict[str, Alert]:
    """The open alerts about these jobs by their dedup keys, held until the transaction ends."""
    about = Substr("dedup_key", StrIndex("dedup_key", Value(":")) + 1, ID_LENGTH)
    found = _open().alias(about=about).filter(about__in=[str(pk) for pk in job_ids]).order_by("pk")
    return {alert.dedup_key: alert for alert in found.select_for_update(of=["self"], no_key=True)}


def _open() -> QuerySet[Alert]:
    return Alert.objects.filter(source__slug__in=SOURCES, status__in=OPEN, dedup_key__startswith="backup")


def raise_all(news: Mapping[str, News], held: Mapping[str, Alert], mailboxes: Mapping[str, str], *, at: datetime) -> None:
    """Raise what is not open, tell the jobs' own addresses of it, and make the words true of what is open already.

    ``news`` by dedup keys; ``held``: see `hold`; ``mailboxes``: see `job_mail.prepare`. The entries get their alerts' ids, here and in
    the database. The caller's transaction ends with it.
    """
    raised = _accept({key: each for key, each in news.items() if key not in held}, at=at)
    fresh = {alert_id: news[key].job for key, alert_id in raised.items()}
    known = {key: alert for key, alert in held.items() if key in news}
    _reword([(alert, news[key]) for key, alert in known.items()], at=at)
    raised |= {key: alert.pk for key, alert in known.items()}
    for key, alert_id in raised.items():
        if (entry := news[key].entry) is not None:
            entry.alert_id = alert_id
    told = [entry for key in raised if (entry := news[key].entry)]
    BackupEntry.objects.bulk_update(told, ["alert"], batch_size=500)
    job_mail.tell(fresh, mailboxes, at=at)


def _accept(news: Mapping[str, News], *, at: datetime) -> dict[str, UUID]:
    """Raise these alerts; answers with their ids. What no source accepts is logged: a backup's row says it all the same."""
    raised: dict[str, UUID] = {}
    for source in SOURCES:
        waiting = [key for key in news if key not in raised]
        outcomes = intake.accept([_report(key, news[key], source) for key in waiting], at=at) if waiting else []
        raised |= {key: each.alert_id for key, each in zip(waiting, outcomes, strict=True) if not isinstance(each, InvalidReport)}
    for key in news.keys() - raised.keys():
        logger.error("the alert %s is accepted from neither of %s", key, ", ".join(SOURCES))
    return raised


def _reword(told: Sequence[tuple[Alert, News]], *, at: datetime) -> None:
    """Have open alerts say what is true now: whoever has one reads it there, and whoever is called next is told that."""
    log = []
    for alert, news in told:
        said = news.said[settings.LANGUAGE_CODE]
        if (alert.type, alert.title, alert.description) != (news.kind, *said):
            links = _links(news)[settings.LANGUAGE_CODE]
            Alert.objects.filter(pk=alert.pk).update(type=news.kind, **said._asdict(), links=links, translations=_translations(news))
            note = words(backup_texts.changed, news.entry)[settings.LANGUAGE_CODE]
            log.append(record.Entry(alert.pk, LogKind.COMMENT, None, {"note": note}))
    record.write(log, at=at)
    record.announce([(EventKind.COMMENT, entry.alert_id) for entry in log], at=at)


def end(endings: Collection[Ending], *, at: datetime, resolution: str = Resolution.RECOVERED) -> None:
    """Resolve these alerts, held before; everyone who was told reads why in their own language."""
    alerts = [alert for alert, _ in endings]
    for alert, notes in endings:
        alert.translations = {code: {**alert.translations.get(code, {}), "note": notes[code]} for code in _others()}
    Alert.objects.bulk_update(alerts, ["translations"], batch_size=500)
    site = settings.LANGUAGE_CODE
    ended = [(alert, notes[site]) for alert, notes in endings]
    if ended:
        lifecycle.resolve_all(ended, by=None, at=at, resolution=resolution)


def _report(key: str, news: News, source: str) -> NewReport:
    job = news.job
    said = news.said[settings.LANGUAGE_CODE]
    return NewReport(
        source=source, type=news.kind, severity=news.severity, subject=subject(job), title=said.title, description=said.description,
        translations=_translations(news), dedup_key=key, labels=_labels(job), links=_links(news)[settings.LANGUAGE_CODE],
    )  # fmt: skip


def subject(job: ExpectedBackupJob) -> str:
    """Whose database: ``ACME_LYON_NORTH/accounts``."""
    return "/".join(part for part in (job.agent_id_responsible or job.company_name, job.database_name) if part)[:200]


def _labels(job: ExpectedBackupJob) -> dict[str, str]:
    """What routes and silences may ask about."""
    given = {"database": job.database_name, "company": job.company_name, "city": job.city, "agent": job.agent_id_responsible}
    return {name: value for name, value in given.items() if value}


def _links(news: News) -> dict[str, list[dict[str, str]]]:
    """The job's page, in each language, with the facts of this run open."""
    href = f"{settings.SENTINEL_BASE_URL}/live/backups/{news.job.pk}/" + (f"?entry={news.entry.pk}" if news.entry else "")
    return {code: [{"href": href, "text": text}] for code, text in words(backup_texts.history).items()}


def words(say: Callable[..., Text], *args: Any) -> dict[str, Text]:
    """What ``say`` says of ``args``, in each language."""
    said = {}
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            said[code] = say(*args)
    return said


def _translations(news: News) -> dict[str, dict[str, Any]]:
    links = _links(news)
    return {code: {**news.said[code]._asdict(), "links": links[code]} for code in _others()}


def _others() -> list[str]:
    """The languages besides the site's."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
