"""Where a run is carried out: here, or by `manage.py runjob` in a process of its own."""

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.utils import timezone

from jobs import launching, runs
from jobs.enums import RunStatus
from jobs.models import JobRun
from tests.conftest import MINUTE
from tests.faults.house import until
from tests.jobs import works  # noqa: F401 (registers the work)
from tests.jobs.factories import make_job, make_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _the_tests_database(monkeypatch):
    """Processes of their own find it as their environment says."""
    url = urlsplit(os.environ["DATABASE_URL"])
    monkeypatch.setenv("DATABASE_URL", urlunsplit(url._replace(path="/" + connection.settings_dict["NAME"])))


def ended(run):
    until(lambda: JobRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists(), 120, "the end of the run")
    run.refresh_from_db()
    return run


def test_a_short_run_is_carried_out_here():
    run = make_run(make_job(timeout_seconds=45), at=timezone.now())

    launching.launch(run.pk, at=timezone.now())

    run.refresh_from_db()
    assert (run.status, run.worker) == (RunStatus.SUCCESS, launching.instance())


def test_a_longer_run_has_a_process_of_its_own_in_our_group_and_is_started_once():
    job = make_job(callable="sentinel.tidy", timeout_seconds=600)
    run, at = make_run(job, at=timezone.now()), timezone.now()

    launching.launch(run.pk, at=at)
    launching.launch(run.pk, at=at)

    assert len(launching._started) == 1
    assert os.getpgid(launching._started[0].pid) == os.getpgrp()
    assert (ended(run).status, run.error) == (RunStatus.SUCCESS, "")
    assert run.worker.endswith(f":{launching._started[0].pid}")
    assert launching._started[0].wait(60) == 0


def test_no_more_than_so_many_have_a_process_at_once(settings):
    settings.SENTINEL_JOBS_AT_ONCE = 1
    busy, waiting = (make_run(make_job(slug, timeout_seconds=600), at=timezone.now()) for slug in ("busy", "waiting"))
    runs.start(busy.pk, at=timezone.now(), worker="")
    before = list(launching._started)

    launching.launch(waiting.pk, at=timezone.now())

    assert JobRun.objects.get(pk=waiting.pk).beat_at is None
    assert set(launching._started) <= set(before)


def test_a_process_that_did_not_take_its_run_is_followed_by_another():
    run, at = make_run(make_job(timeout_seconds=600), at=timezone.now()), timezone.now()

    assert [runs.hand_over(run.pk, at=at + after, lease=MINUTE) for after in (0 * MINUTE, MINUTE / 2, MINUTE)] == [True, False, True]


def test_of_several_runs_of_a_job_one_is_handed_over():
    job, at = make_job(timeout_seconds=600, overlap="queue"), timezone.now()
    waiting = [make_run(job, at=at).pk for _ in range(3)]

    assert [runs.hand_over(run_id, at=at, lease=MINUTE) for run_id in waiting] == [True, False, False]


def test_the_command_says_that_a_run_is_not_to_be_started():
    run = make_run(make_job(), at=timezone.now())
    runs.start(run.pk, at=timezone.now(), worker="")
    launching._start_process(run.pk)

    assert launching._started[-1].wait(120) == 1
    assert Path("/proc", str(launching._started[-1].pid)).exists() is False
