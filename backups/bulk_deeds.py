"""What can be done to many expected backups, or to many unexpected databases, at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups import config, unexpected
from backups.models import ExpectedBackupJob, UnexpectedDatabase
from sentinel_site.lib.bulk import Deed, Params

JOB: Final = "backups.ExpectedBackupJob"
CHANGE: Final = "backups.change_expectedbackupjob"
STRAY: Final = "backups.UnexpectedDatabase"


def _already(on: bool) -> Callable[[ExpectedBackupJob, User], str]:
    return lambda job, _by: _("It is so already.") if job.is_active == on else ""


def _switch(job: ExpectedBackupJob, by: User, at: datetime, said: Params) -> None:
    config.switch([job.pk], on=said["on"], by=by, at=at)


def _expect(found: UnexpectedDatabase, by: User, at: datetime, _said: Params) -> None:
    unexpected.expect(found, by=by, at=at)


def _may_expect(_found: UnexpectedDatabase, by: User) -> str:
    return "" if by.has_perm("backups.add_expectedbackupjob") else _("This needs the right to add expected backups, too.")


def _ignore(found: UnexpectedDatabase, _by: User, _at: datetime, _said: Params) -> None:
    unexpected.ignore(found, ignored=True)


SWITCH_ON: Final = Deed(
    "backups.enable_ticked", JOB, CHANGE, gettext_lazy("Switch on"), gettext_lazy("They are expected again, from their next run on."),
    _switch, _already(True), defaults={"on": True}, log="active: on",
)  # fmt: skip
SWITCH_OFF: Final = Deed(
    "backups.disable_ticked", JOB, CHANGE, gettext_lazy("Switch off"),
    gettext_lazy("They are expected no more; their open alerts are resolved."), _switch, _already(False), defaults={"on": False},
    log="active: off",
)  # fmt: skip
EXPECT: Final = Deed(
    "backups.expect_ticked", STRAY, "backups.change_unexpecteddatabase", gettext_lazy("Expect them"),
    gettext_lazy("Each is expected daily, at about the time it was reported at. Look afterwards whether the times are right."),
    _expect, _may_expect,
)  # fmt: skip
IGNORE: Final = Deed(
    "backups.ignore_ticked", STRAY, "backups.change_unexpecteddatabase", gettext_lazy("Ignore them"),
    gettext_lazy("They are shown no more among what needs a look."), _ignore,
)  # fmt: skip
DEEDS: Final = (SWITCH_ON, SWITCH_OFF, EXPECT, IGNORE)
