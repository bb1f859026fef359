"""Old runs are forgotten, but never the last of a job nor one that is open."""

from datetime import timedelta

import pytest

from jobs import retention, runs
from jobs.enums import RunStatus
from jobs.models import JobRun
from sentinel_site.lib.ids import uuid7
from tests.conftest import NOON
from tests.jobs.factories import make_job, make_run

pytestmark = pytest.mark.django_db


def aged(job, days, status=RunStatus.SUCCESS):
    at = NOON - timedelta(days=days)
    return JobRun.objects.create(id=uuid7(at), job=job, status=status, trigger="manual", queued_at=at, chain_id=uuid7(at))


def test_old_runs_are_deleted(settings):
    settings.SENTINEL_KEEP_RUNS_DAYS = 30
    busy, rare = make_job("busy"), make_job("rare")
    old, young = [aged(busy, 40), aged(busy, 31)], [aged(busy, 29), aged(busy, 1)]
    last, still_open = aged(rare, 300), aged(busy, 50, RunStatus.RUNNING)

    assert retention.sweep(at=NOON) == len(old)

    assert set(JobRun.objects.all()) == {*young, last, still_open}


def test_what_follows_a_deleted_run_stays(settings):
    settings.SENTINEL_KEEP_RUNS_DAYS = 30
    parent_job = make_job("parent")
    parent = aged(parent_job, 40)
    aged(parent_job, 1)
    child = make_run(make_job("child"), parent=parent)

    retention.sweep(at=NOON)

    child.refresh_from_db()
    assert child.parent is None
    assert runs.start(child.pk, at=NOON, worker="")
