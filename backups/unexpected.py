"""Databases that agents report and nobody expects: from one of them to a job that expects it."""

import re
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction

from backups import config
from backups.models import ExpectedBackupJob, UnexpectedDatabase

_LAST_FIRST: Final = ("TRANSFER", "COMPRESS", "BACKUP")
_CLOCK: Final = re.compile(r"\d{4}-\d\d-\d\d[T ](\d\d):(\d\d)")


def expect(found: UnexpectedDatabase, *, by: User, at: datetime) -> ExpectedBackupJob:
    """Expect this database every day from now on, at about the time it was reported at; it is unexpected no more.

    A job that expects it already is answered as it is. Where the agent's name says so, company, city and neighborhood are known.
    Raises ValidationError.
    """
    with transaction.atomic():
        UnexpectedDatabase.objects.select_for_update().filter(pk=found.pk).first()
        known = ExpectedBackupJob.objects.filter(
            agent_id_responsible__iexact=found.agent, database_name__iexact=found.database_name
        ).first()
        job = known or ExpectedBackupJob(
            database_name=found.database_name, agent_id_responsible=found.agent, created_by=by, **_place(found.agent), **_time(found)
        )
        if known is None:
            job.full_clean()
            config.save(job, by=by, at=at)
        found.delete()
    return job


def ignore(found: UnexpectedDatabase, *, ignored: bool) -> None:
    """Show it no more, or again."""
    found.ignored = ignored
    found.save(update_fields=["ignored"])


def _place(agent: str) -> dict[str, str]:
    """From COMPANY_CITY_NEIGHBORHOOD; another name says nothing."""
    parts = agent.split("_")
    if len(parts) not in {3, 4} or not all(parts):
        return {}
    return {"company_name": parts[0], "city": parts[1], "neighborhood": " ".join(parts[2:])}


def _time(found: UnexpectedDatabase) -> dict[str, Any]:
    """The quarter of an hour in which the run ended, as the report says it; else that in which it was seen."""
    clock = next((shown for stage in _LAST_FIRST if (shown := _clock(found.document, stage))), None)
    hour, minute = clock or (found.last_seen_at.hour, found.last_seen_at.minute)
    return {"expected_hour_utc": hour, "expected_minute_utc": minute - minute % 15}


def _clock(document: dict[str, Any], stage: str) -> tuple[int, int] | None:
    described = document.get(stage)
    told = described.get("end_time") if isinstance(described, dict) else None
    shown = _CLOCK.match(told) if isinstance(told, str) else None
    hour, minute = (int(shown[1]), int(shown[2])) if shown else (99, 99)
    return (hour, minute) if hour < 24 and minute < 60 else None
