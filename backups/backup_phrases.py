"""The sentences that messages about backups are made of: what happened, and what to do about it."""

import re
from typing import Final

from django.utils.translation import gettext, gettext_noop

from backups.enums import BackupVerdict, Suspicion
from sentinel_site.lib import figures

TITLES: Final = {
    BackupVerdict.MISSING: gettext_noop("No backup of %(what)s"),
    BackupVerdict.FAILED: gettext_noop("The backup of %(what)s failed"),
    BackupVerdict.TRANSFER_INTEGRITY_FAILED: gettext_noop("The backup of %(what)s did not arrive whole"),
    BackupVerdict.HASH_MISMATCH: gettext_noop("The backup of %(what)s is corrupted"),
}
HAPPENED: Final = {
    BackupVerdict.MISSING: gettext_noop("Nothing was reported about it until its deadline."),
    BackupVerdict.FAILED: gettext_noop("Its last run reports a failure."),
    BackupVerdict.HASH_MISMATCH: gettext_noop("The file has the right size, but not the content that the agent sent."),
}
ARRIVED: Final = {
    "absent": gettext_noop("The agent says that all went well, but its file is not here, or cannot be read."),
    "empty": gettext_noop("The agent says that all went well, but its file is empty here."),
    "other": gettext_noop("The agent says that all went well, but its file has another size here."),
}
TO_DO: Final = {
    BackupVerdict.FAILED: gettext_noop(
        "Read the error above and the log on its machine; most often a disk is full, or a password or a permission has changed. Mend it "
        "and run the backup again: the alert ends with the next good one."
    ),
    BackupVerdict.TRANSFER_INTEGRITY_FAILED: gettext_noop(
        "Do not rely on this file. See whether the disk here is full and whether the transfer was cut short, then send the backup again: "
        "the alert ends with the next good one. The last good version is kept."
    ),
    BackupVerdict.HASH_MISMATCH: gettext_noop(
        "Do not restore from this file. Send the backup again; if it is corrupted again, check the disks and the memory of both machines. "
        "The last good version is kept."
    ),
}
MISSING_TO_DO: Final = {
    "started": gettext_noop(
        "See whether it still runs, hangs, or was killed: look at its machine for the process, its log, and free disk space. Then run it "
        "again: the alert ends with the next good one."
    ),
    "agent_silent": gettext_noop(
        "Its whole agent is silent: see first whether its machine is on and has network, and whether the agent runs there. Then run the "
        "backup: the alert ends with the next good one."
    ),
    "agent_heard": gettext_noop(
        "Its agent works, so it is this database alone: see in the agent's log and configuration why it was left out. Then run the backup: "
        "the alert ends with the next good one."
    ),
    "other": gettext_noop(
        "See on its machine whether the task was started at all (timer, cron), and whether it can reach Sentinel. Then run it: the alert "
        "ends with the next good one."
    ),
}
ODD: Final = {
    Suspicion.TOO_SMALL: gettext_noop("much smaller than usual"),
    Suspicion.TOO_SHORT: gettext_noop("much quicker than usual"),
    Suspicion.TOO_EARLY: gettext_noop("much earlier than usual"),
    Suspicion.TOO_OFTEN: gettext_noop("reported more than once for one run"),
    Suspicion.UNCHANGED: gettext_noop("the same content as last time"),
    Suspicion.UNREADABLE: gettext_noop("its archive cannot be read"),
    Suspicion.UNRESTORED: gettext_noop("not proved by a restore"),
}
UNREPORTED: Final = gettext_noop("Nothing was reported until the deadline.")
NOT_HERE: Final = gettext_noop("Its file is not here: this is the agent's word alone.")
EMPTY: Final = gettext_noop("The staged file is empty.")
SIZES: Final = gettext_noop("The staged file has %(size)s bytes, and the agent reports %(said)s.")
OTHER_CONTENT: Final = gettext_noop("The content is not what the agent reports.")
NO_HASH: Final = gettext_noop("The content is not what the agent reports. What the agent reports is no SHA-256.")
UNCOMPARED: Final = gettext_noop("The agent reports no hash; only the size was compared.")
MESSAGES: Final = frozenset({UNREPORTED, NOT_HERE, EMPTY, OTHER_CONTENT, NO_HASH, UNCOMPARED})
"""What entries keep of their verdict in Sentinel's own words; everything else is the agent's."""
_SIZES: Final = re.compile(re.escape(SIZES % {"size": "#1", "said": "#2"}).replace(r"\#1", "([0-9]+)").replace(r"\#2", "([0-9]+)"))


def message(text: str) -> str:
    """What an entry says, in the language that is switched on where the words are Sentinel's."""
    if found := _SIZES.fullmatch(text):
        return gettext(SIZES) % {"size": figures.number(int(found[1]), 0), "said": figures.number(int(found[2]), 0)}
    return gettext(text) if text in MESSAGES else text
