"""What is said about a run, in the language that is switched on: who started it, when, how long it took, and the end of its error."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from jobs.enums import Trigger
from jobs.models import Job, JobRun
from sentinel_site.lib import figures

ERROR_LINES, ERROR_LENGTH = 12, 1500
OUTPUT_LINES, OUTPUT_LENGTH = 8, 800
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def clock(at: datetime, job: Job) -> str:
    """``at`` as clocks in the job's zone show it, with the zone."""
    try:
        zone = ZoneInfo(job.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} ({job.time_zone})"


def lasting(milliseconds: float) -> str:
    """``340 ms``, ``4.2 s``, ``3 min 12 s``, ``2 h 5 min``: the two largest units."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 10_000:
        return f"{figures.number(milliseconds / 1000, 1)} s"
    seconds, parts = round(milliseconds / 1000), []
    for size, unit in (*_UNITS, (1, "s")):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts[:2]).replace(" d", _(" d"))


def begun_by(run: JobRun) -> str:
    """Who or what started it."""
    if run.trigger == Trigger.SCHEDULER:
        return _("by its schedule")
    if run.trigger == Trigger.CHAIN:
        return _("after %(job)s") % {"job": run.parent.job.own_name} if run.parent else _("after another job")
    if run.trigger == Trigger.RETRY:
        return _("another try after an error")
    who = run.triggered_by_name or (run.triggered_by.get_full_name() or run.triggered_by.get_username() if run.triggered_by else "")
    where = _("by hand") if run.trigger == Trigger.MANUAL else _("by REST")
    return _("{name}: {value}").format(name=where, value=who) if who else where


def of_run(run: JobRun) -> str:
    """One line: the run, who started it, and which try it is."""
    tries = _(", try %(n)d") % {"n": run.attempt} if run.attempt > 1 else ""
    return f"{run.pk}, {begun_by(run)}{tries}"


def tail(text: str, *, lines: int, length: int) -> str:
    """The last lines of ``text`` that are not empty, marked where something was cut off."""
    kept = [line.rstrip() for line in text.splitlines() if line.strip()]
    found = "\n".join(kept[-lines:])
    short = found[-length:]
    return f"… {short}" if len(short) < len(found) or len(kept) > lines else short


def error_of(run: JobRun) -> str:
    """The last lines of its error; the reason where it never came to one."""
    return tail(run.error or run.reason, lines=ERROR_LINES, length=ERROR_LENGTH)


def output_of(run: JobRun) -> str:
    """The last lines of what it printed."""
    return tail(run.output, lines=OUTPUT_LINES, length=OUTPUT_LENGTH)
