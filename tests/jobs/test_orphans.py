"""Runs whose process died without a word."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from jobs import orphans, runs
from jobs.enums import JobKind, RunStatus
from jobs.launching import instance
from jobs.work import MARK
from tests.conftest import HOUR, SECOND
from tests.jobs.factories import make_job, make_run, started

pytestmark = pytest.mark.django_db
NOON = datetime(2100, 3, 2, 12, 0, tzinfo=UTC)
"""Long after the start of the tests' own PostgreSQL: nobody is judged right after the database came back."""


def sweep(at):
    return orphans.sweep(at=at, silent_for=45 * SECOND)


def test_a_run_without_a_sign_of_life_is_orphaned_once():
    run = started(make_job(), at=NOON)

    assert [sweep(NOON + 45 * SECOND), sweep(NOON + 46 * SECOND), sweep(NOON + 47 * SECOND)] == [0, 1, 0]

    run.refresh_from_db()
    assert (run.status, run.finished_at) == (RunStatus.ORPHANED, NOON + 46 * SECOND)
    assert "here:1" in run.reason


def test_a_run_that_beats_is_left_alone():
    run = started(make_job(), at=NOON)
    runs.beat(run.pk, at=NOON + 40 * SECOND)

    assert sweep(NOON + 80 * SECOND) == 0


def test_an_external_run_is_given_the_time_out_of_its_job():
    job = make_job("outside", kind=JobKind.EXTERNAL, timeout_seconds=3600)
    run = runs.report(job, status=RunStatus.RUNNING, at=NOON, started_at=NOON)
    runs.heard_of(run.pk, at=NOON + HOUR)

    assert [sweep(NOON + 2 * HOUR), sweep(NOON + 2 * HOUR + SECOND)] == [0, 1]


def test_what_is_left_of_the_work_is_ended():
    job = make_job()
    code = "import time; print(1, flush=True); time.sleep(600)"
    run = runs.start(make_run(job, at=NOON).pk, at=NOON, worker=instance())
    with subprocess.Popen([sys.executable, "-c", code], env={MARK: str(run.pk)}, stdout=subprocess.PIPE) as left:
        left.stdout.readline()

        sweep(NOON + HOUR)

        assert left.wait(60) == -9


def test_after_a_gap_between_two_looks_nobody_is_judged_at_once():
    started(make_job(), at=NOON)
    watch = orphans.Watch()

    looks = [watch.look(at=NOON + HOUR + seconds * SECOND) for seconds in range(0, 25, 5)]

    assert looks == [0, 0, 0, 0, 1]


def test_a_clock_that_is_put_forward_orphans_nobody_who_then_beats():
    run, watch = started(make_job(), at=NOON), orphans.Watch()
    for seconds in range(0, 40, 5):
        watch.look(at=NOON + seconds * SECOND)

    assert watch.look(at=NOON + HOUR) == 0
    runs.beat(run.pk, at=NOON + HOUR + 10 * SECOND)

    assert [watch.look(at=NOON + HOUR + seconds * SECOND) for seconds in range(5, 55, 5)] == [0] * 10


def test_right_after_the_database_came_back_nobody_is_judged():
    long_ago = datetime(2020, 3, 2, 12, 0, tzinfo=UTC)
    started(make_job(), at=long_ago)

    assert sweep(long_ago + HOUR) == 0
