"""What can be done to many jobs at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs import scheduling
from jobs.models import Job
from sentinel_site.lib.bulk import Deed, Params


def _already(on: bool) -> Callable[[Job, User], str]:
    return lambda job, _by: _("It is so already.") if job.enabled == on else ""


def _switch(job: Job, _by: User, at: datetime, said: Params) -> None:
    job.enabled = said["on"]
    job.save(update_fields=["enabled", "changed_at"])
    scheduling.reschedule(job.pk, at=at)


SWITCH_ON: Final = Deed(
    "jobs.enable_ticked", "jobs.Job", "jobs.change_job", gettext_lazy("Switch on"),
    gettext_lazy("The clock starts them again, from their next time on."), _switch, _already(True), defaults={"on": True},
    log="enabled: on",
)  # fmt: skip
SWITCH_OFF: Final = Deed(
    "jobs.disable_ticked", "jobs.Job", "jobs.change_job", gettext_lazy("Switch off"),
    gettext_lazy("The clock starts them no more, and their open alerts end."), _switch, _already(False), defaults={"on": False},
    log="enabled: off",
)  # fmt: skip
DEEDS: Final = (SWITCH_ON, SWITCH_OFF)
