"""The colours of the labels of backups, and their times in words; words stand beside them, so that nothing is said by colour alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from backups.enums import BackupStatus, BackupVerdict, PingKind
from backups.expectations import Cycle

STATUS_COLOURS: Final[Mapping[str, str]] = {
    BackupStatus.OK: "success", BackupStatus.FAILED: "danger", BackupStatus.MISSING: "danger", BackupStatus.HASH_MISMATCH: "danger",
    BackupStatus.TRANSFER_INTEGRITY_FAILED: "danger", BackupStatus.UNKNOWN: "info", "off": "",
}  # fmt: skip
VERDICT_COLOURS: Final[Mapping[str, str]] = {each.value: "success" if each == BackupVerdict.SUCCESS else "danger" for each in BackupVerdict}
PING_COLOURS: Final[Mapping[str, str]] = {
    PingKind.SUCCESS: "success", PingKind.FAIL: "danger", PingKind.START: "info", PingKind.LOG: "", PingKind.IGNORED: "warning",
}  # fmt: skip


def shown(at: datetime | None) -> str:
    """An instant by the reader's clock, or a dash."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else "–"


def in_zone(cycle: Cycle, zone: str) -> str:
    """When a run is expected by the clock of its job, and in UTC where that is another."""
    local = cycle.expected_at.astimezone(ZoneInfo(zone))
    utc = f" ({cycle.expected_at:%H:%M} UTC)" if local.utcoffset() else ""
    return f"{date_format(local, 'D')} {local:%Y-%m-%d %H:%M} {zone}{utc}"


def off_by(shift: timedelta) -> str:
    """“Always one hour off”, and what to do about it."""
    hours = round(shift / timedelta(hours=1))
    if hours > 0:
        said = ngettext("Its reports always come one hour late.", "Its reports always come %(hours)d hours late.", hours)
    else:
        said = ngettext("Its reports always come one hour early.", "Its reports always come %(hours)d hours early.", -hours)
    advice = gettext(
        "Most likely its zone or its hour is wrong: look whether the time below is that of a clock on the agent's wall, and choose the "
        "agent's zone."
    )
    return f"{said % {'hours': abs(hours)}} {advice}"


def listed(title: str, model: str, query: str) -> Any:
    """A link to the rows of ``model`` that ``query`` chooses."""
    return format_html('<a class="snt-link" href="{}?{}">{}</a>', reverse(f"admin:backups_{model}_changelist"), query, title)
