"""Restore proofs: somebody, or a script, restored a backup and says how it went."""

from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from django.contrib.auth.models import User
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from backups.models import BackupEntry, ExpectedBackupJob, RestoreProof
from sentinel_site.lib import problems
from sentinel_site.lib.crud import STRICT

MAX_DETAIL: Final = 10_000
AHEAD: Final = timedelta(minutes=5)
"""Clocks of others may be so much ahead."""


class ProofForm(BaseModel):
    """How a restore went. ``restored_at`` is now when it is left out; ``entry_id`` says which backup it was."""

    model_config = STRICT

    succeeded: bool
    restored_at: AwareDatetime | None = None
    detail: Annotated[str, StringConstraints(max_length=MAX_DETAIL)] = ""
    entry_id: Annotated[UUID | None, Field(description="An entry of this job.")] = None


def add(job: ExpectedBackupJob, form: ProofForm, *, by: User, at: datetime) -> RestoreProof:
    """Write down what ``form`` says. An alert that no restore was proved in time ends with the next look at them.

    Raises a 422 Problem for an instant in the future, or an entry of another job.
    """
    restored_at = form.restored_at or at
    if not job.created_at - timedelta(days=3660) <= restored_at <= at + AHEAD:
        raise problems.invalid([(("body", "restored_at"), "lies in the future, or long before the job was made; set the sender's clock")])
    entry = BackupEntry.objects.filter(pk=form.entry_id, expected_job=job).first() if form.entry_id else None
    if form.entry_id and entry is None:
        raise problems.invalid([(("body", "entry_id"), "is no entry of this job; see /api/v1/backups/entries?job_id=")])
    return RestoreProof.objects.create(job=job, entry=entry, restored_at=restored_at, succeeded=form.succeeded, detail=form.detail, by=by)
