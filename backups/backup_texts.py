"""What people are told about a backup, in the language that is switched on: understood at three in the morning, on a telephone,
by somebody who did not set it up. Each text says what happened, since when there is no good backup, and what to do next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backups import backup_phrases
from backups.enums import BackupVerdict, ReportedBy, Suspicion
from backups.expectations import EARLY
from backups.models import BackupEntry, ExpectedBackupJob
from sentinel_site.lib import figures
from sentinel_site.lib.ages import precise

LISTED: Final = 5
"""How many earlier runs that were missed as well are listed."""
ERROR_LENGTH: Final = 400


class Said(NamedTuple):
    """The words of one alert in one language."""

    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known about a bad backup, besides its rows.

    ``missed_before``: the runs before it that were missed without an alert of their own, the newest first. ``agent_heard_at``: the
    last report of its agent, about whatever database; ``agent_reports``: about how many other databases since this run was due.
    """

    missed_before: Sequence[datetime] = ()
    agent_heard_at: datetime | None = None
    agent_reports: int = 0


def bad(job: ExpectedBackupJob, entry: BackupEntry, known: Known) -> Said:
    """The words about a backup that is missing or no good."""
    verdict = BackupVerdict(entry.status)
    lines = [_happened(job, entry, verdict), *_facts(job, entry, known)]
    lines += ["", _("What to do") + _(": ") + _to_do(job, entry, known, verdict)]
    return Said((_(backup_phrases.TITLES[verdict]) % {"what": what(job)})[:300], "\n".join(lines + _proof(entry)))


def plain(job: ExpectedBackupJob, entry: BackupEntry) -> Said:
    """What can be said whatever the rows hold."""
    return Said(f"Backup: {job.database_name}: {entry.status}"[:300], f"{job.agent_id_responsible} {entry.cycle_at:%Y-%m-%d %H:%M} UTC")


def suspicious(job: ExpectedBackupJob, entry: BackupEntry, odd: Sequence[str]) -> Said:
    """The words about a backup that is good as far as can be told, and odd."""
    named = ", ".join(_(backup_phrases.ODD[Suspicion(each)]) for each in odd)
    lines = [
        _("It was reported as good and is kept, but something about it is odd") + _(": ") + named + ".",
        *_facts(job, entry, Known()),
        "",
        _("What to do") + _(": ") + _("Look at what was backed up: are all tables in it, is the file complete? Restore it somewhere if in "
                                     "doubt. The alert ends with the next backup that is not odd."),
    ]  # fmt: skip
    title = _("The backup of %(what)s is suspicious: %(odd)s") % {"what": what(job), "odd": named}
    return Said(title[:300], "\n".join(lines + _proof(entry)))


def unrestored(job: ExpectedBackupJob, *, last_at: datetime | None, failed: str, at: datetime) -> Said:
    """The words about backups that nobody has restored for too long; ``failed`` is what the newest attempt said, if it failed."""
    days = job.restore_proof_days or 0
    text = ngettext("A restore must be proved every %(n)d day.", "A restore must be proved every %(n)d days.", days) % {"n": days}
    last = clock(last_at, job) + _ago(at - last_at) if last_at else _("never")
    lines = [text, _("Last proved restore") + _(": ") + last]
    if failed:
        lines.append(_("The newest attempt failed") + _(": ") + failed[:ERROR_LENGTH])
    lines.append(_("Last success") + _(": ") + _last_success(job, at))
    lines += ["", (
        _("What to do") + _(": ")
        + _("Restore the newest backup into a scratch database, look at it, and report that it went well (POST "
            "/api/v1/backups/jobs/{job_id}/restore-proofs, or “Restore proofs” in the admin): that ends the alert.")
    )]  # fmt: skip
    return Said((_("No proved restore of %(what)s") % {"what": what(job)})[:300], "\n".join(lines))


def recovered(job: ExpectedBackupJob, entry: BackupEntry) -> str:
    """Why the alert is over."""
    size = entry.size_bytes or entry.server_calculated_staged_size or entry.agent_reported_size_bytes
    told = clock(entry.reported_at or entry.changed_at or entry.cycle_at, job)
    return _("There is a good backup of %(what)s again: %(when)s%(size)s.") % {
        "what": what(job), "when": told, "size": f", {_short(size)}" if size else "",
    }  # fmt: skip


def changed(entry: BackupEntry) -> str:
    """What the alert is told when better evidence changed the verdict."""
    if entry.status == BackupVerdict.SUCCESS:
        return _("The next backup is odd as well.")
    return _("A report came after all, or a better one. %(what)s") % {"what": _happened_to(entry)}


def history() -> str:
    """The text of the link to the job's page."""
    return _("This backup's history")


def abandoned() -> str:
    """Why an alert is over of a job that is not watched any more."""
    return _("The expected backup was deleted or switched off; nobody watches it any more.")


def unasked() -> str:
    """Why the alert about a missing proof is over where none is asked for any more."""
    return _("No proof is asked for any more.")


def proved(job: ExpectedBackupJob, restored_at: datetime) -> str:
    """Why the alert about a missing proof is over."""
    return _("A restore of %(what)s was proved: %(when)s.") % {"what": what(job), "when": clock(restored_at, job)}


def what(job: ExpectedBackupJob) -> str:
    """The database, and of whom: ``accounts (Acme, Lyon, North)``."""
    place = ", ".join(part for part in (job.company_name, job.city, job.neighborhood) if part)
    return f"{job.database_name} ({place})" if place else job.database_name


def clock(at: datetime, job: ExpectedBackupJob) -> str:
    """``at`` as clocks in the job's zone show it, with the zone."""
    return f"{formats.date_format(at.astimezone(zone(job)), 'D j N Y, H:i')} ({job.timezone})"


def zone(job: ExpectedBackupJob) -> ZoneInfo:
    """The job's zone; UTC where the machine does not know it any more."""
    try:
        return ZoneInfo(job.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _happened(job: ExpectedBackupJob, entry: BackupEntry, verdict: BackupVerdict) -> str:
    if verdict == BackupVerdict.MISSING and (started_at := _started(job, entry)):
        return _("It was started (%(when)s), and never said that it ended.") % {"when": clock(started_at, job)}
    return _happened_to(entry)


def _happened_to(entry: BackupEntry) -> str:
    verdict, size = BackupVerdict(entry.status), entry.server_calculated_staged_size
    if verdict != BackupVerdict.TRANSFER_INTEGRITY_FAILED:
        return _(backup_phrases.HAPPENED[verdict])
    return _(backup_phrases.ARRIVED["absent" if size is None else "other" if size else "empty"])


def _started(job: ExpectedBackupJob, entry: BackupEntry) -> datetime | None:
    """When this run was started, if it said so and never ended."""
    begun = job.started_at
    return begun if begun and (job.period_seconds or begun >= entry.cycle_at - EARLY) else None


def _facts(job: ExpectedBackupJob, entry: BackupEntry, known: Known) -> list[str]:
    at = entry.changed_at or entry.cycle_at
    said = {
        _("Expected"): _expected(job, entry),
        _("Reported"): clock(reported_at, job) if (reported_at := entry.reported_at) else "",
        _("Error"): _error(entry),
        _("Size and duration"): _this(entry),
        _("Usually"): _usual(entry),
        _("Last success"): _last_success(job, at) if entry.status != BackupVerdict.SUCCESS else "",
        _("Agent"): _agent(job, entry, known),
        _("Missed before, too"): _missed(job, known),
    }
    return [f"{name}{_(': ')}{text}" for name, text in said.items() if text]


def _expected(job: ExpectedBackupJob, entry: BackupEntry) -> str:
    if job.period_seconds:
        return ""
    grace = timedelta(minutes=job.grace_minutes)
    return clock(entry.cycle_at, job) + _(", at the latest %(when)s") % {
        "when": formats.date_format((entry.cycle_at + grace).astimezone(zone(job)), "H:i" if grace < timedelta(hours=12) else "D j N, H:i")
    }


def _error(entry: BackupEntry) -> str:
    said = [entry.agent_transfer_error_message, "" if entry.status == BackupVerdict.MISSING else entry.message]
    return " · ".join(dict.fromkeys(" ".join(text.split())[:ERROR_LENGTH] for text in said if text))


def _last_success(job: ExpectedBackupJob, at: datetime) -> str:
    last = job.last_successful_backup_utc
    return _("never, as far as Sentinel knows") if last is None else clock(last, job) + _ago(at - last)


def _ago(length: timedelta) -> str:
    hours = int(length.total_seconds() // 3600)
    if hours < 1:
        return ""
    if hours < 48:
        return " · " + ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    return " · " + ngettext("%(n)d day ago", "%(n)d days ago", hours // 24) % {"n": hours // 24}


def _agent(job: ExpectedBackupJob, entry: BackupEntry, known: Known) -> str:
    name = entry.agent_id or job.agent_id_responsible
    if not name or entry.status != BackupVerdict.MISSING:
        return name
    if known.agent_reports:
        count = known.agent_reports
        others = ngettext("it reported %(n)d other database meanwhile", "it reported %(n)d other databases meanwhile", count) % {"n": count}
        return f"{name} · {others}"
    heard = clock(known.agent_heard_at, job) if known.agent_heard_at else _("never")
    return f"{name} · " + _("last heard of: %(when)s") % {"when": heard}


def _missed(job: ExpectedBackupJob, known: Known) -> str:
    if not known.missed_before:
        return ""
    listed = [formats.date_format(at.astimezone(zone(job)), "D j N, H:i") for at in known.missed_before[:LISTED]]
    more = len(known.missed_before) - len(listed)
    return "; ".join(listed) + (_(" and %(n)d more") % {"n": more} if more > 0 else "")


def _to_do(job: ExpectedBackupJob, entry: BackupEntry, known: Known, verdict: BackupVerdict) -> str:
    if verdict != BackupVerdict.MISSING:
        return _(backup_phrases.TO_DO[verdict])
    if _started(job, entry):
        return _(backup_phrases.MISSING_TO_DO["started"])
    if job.reported_by != ReportedBy.AGENT:
        return _(backup_phrases.MISSING_TO_DO["other"])
    return _(backup_phrases.MISSING_TO_DO["agent_heard" if known.agent_reports else "agent_silent"])


def _proof(entry: BackupEntry) -> list[str]:
    """Sizes and hashes, agent's and ours: last, as they are for whoever looks into it."""
    sizes = [(_("Size there"), entry.agent_reported_size_bytes), (_("Size here"), entry.server_calculated_staged_size)]
    hashes = [(_("SHA-256 there"), entry.agent_reported_hash_sha256), (_("SHA-256 here"), entry.server_calculated_staged_hash)]
    lines = [f"{name}{_(': ')}{_bytes(size)}" for name, size in sizes if size is not None]
    lines += [f"{name}{_(': ')}{digest}" for name, digest in hashes if digest]
    if entry.agent_staged_file_name:
        lines.append(_("File") + _(": ") + entry.agent_staged_file_name[:200])
    return ["", *lines] if lines else []


def _this(entry: BackupEntry) -> str:
    """What is compared with what is usual; said of a success only: of what is bad, both sides are said below."""
    return _measured(entry.size_bytes, entry.duration_seconds) if entry.status == BackupVerdict.SUCCESS else ""


def _usual(entry: BackupEntry) -> str:
    usual = entry.evidence.get("usual") or {}
    known = [value if isinstance(value, int | float) else None for value in map(usual.get, ("size_bytes", "duration_seconds"))]
    return _measured(*known) if entry.status == BackupVerdict.SUCCESS else ""


def _measured(size: float | None, seconds: float | None) -> str:
    said = [_short(int(size))] if size is not None else []
    return ", ".join(said + ([precise(round(seconds))] if seconds is not None else []))


def _bytes(size: int) -> str:
    """Exact, and in the unit that one reads: ``1,234,567 B (1.2 MB)``."""
    whole = figures.number(size, 0) + " " + _("B")
    return whole if size < 1000 else f"{whole} ({_short(size)})"


def _short(size: int) -> str:
    number, unit = float(size), ""
    for following in ("k", "M", "G", "T", "P"):
        if number < 1000:
            break
        number, unit = number / 1000, following
    return f"{figures.number(number, 0 if not unit or number >= 100 else 1)} {unit}{_('B')}"
