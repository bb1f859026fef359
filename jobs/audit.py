"""Who changed what about a job, kept where the admin shows an object's history."""

from typing import Final

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from jobs.models import Job

_FLAGS: Final = {"added": ADDITION, "changed": CHANGE, "deleted": DELETION}


def did(by: User | None, job: Job, what: str, *, kind: str = "changed") -> None:
    """Put down that ``by`` did ``what``. Names of fields may stand in it, values that are secret never. Nothing for Sentinel itself."""
    if by is None:
        return
    LogEntry.objects.create(
        user_id=by.pk, content_type_id=ContentType.objects.get_for_model(Job).pk, object_id=str(job.pk), object_repr=str(job)[:200],
        action_flag=_FLAGS[kind], change_message=what[:2000],
    )  # fmt: skip
