"""What becomes of a run, and that it is put down at every moment."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django_q.models import OrmQ

from jobs import runs
from jobs.enums import JobKind, Overlap, RunStatus, Trigger
from jobs.errors import IllegalRun, NotRunnable
from jobs.models import JobRun
from jobs.signals import run_ended
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.jobs.factories import make_job, make_run, started

pytestmark = pytest.mark.django_db


def told() -> list[str]:
    """The runs that a worker was told of."""
    return [task.task["args"][0] for task in OrmQ.objects.order_by("id")]


def statuses(job) -> list[str]:
    return list(job.runs.order_by("id").values_list("status", flat=True))


def test_a_queued_run_is_a_row_and_a_worker_is_told():
    job = make_job(arguments={"days": 3, "dry": True})

    run = make_run(job, arguments={"days": 5})

    assert (run.status, run.arguments, run.chain_id, told()) == (RunStatus.QUEUED, {"days": 5, "dry": True}, run.pk, [str(run.pk)])


def test_a_run_is_started_once():
    run = make_run(make_job())

    first, second = (runs.start(run.pk, at=NOON + SECOND, worker="here:1") for _ in range(2))

    assert (first.status, first.started_at, first.beat_at, second) == (RunStatus.RUNNING, NOON + SECOND, NOON + SECOND, None)


def test_a_run_that_is_gone_is_not_started():
    run = make_run(make_job())
    run.delete()

    assert runs.start(run.pk, at=NOON, worker="") is None


def test_a_finished_run_says_how_long_it_took_and_what_came_of_it():
    run = started(make_job())

    runs.finish(run.pk, status=RunStatus.SUCCESS, at=NOON + 90 * SECOND, stats={"files": 3}, message="All well", output="one\ntwo")

    run.refresh_from_db()
    assert (run.status, run.duration_ms, run.finished_at) == (RunStatus.SUCCESS, 90_000, NOON + 90 * SECOND)
    assert (run.stats, run.message, run.output) == ({"files": 3}, "All well", "one\ntwo")


def test_what_cannot_be_stored_is_replaced_and_what_is_too_long_is_cut():
    run = started(make_job())

    run = runs.finish(
        run.pk,
        status=RunStatus.ERROR,
        at=NOON,
        stats={"bad\x00": float("nan")},
        message="m\x00" * 4000,
        error="e" * 99_999,
        output="\ud800",
    )

    run.refresh_from_db()
    assert (run.stats, run.output, len(run.message)) == ({"bad\ufffd": "nan"}, "\ufffd", 1000)
    assert (run.error[0], len(run.error)) == ("…", 32_000)


def test_stats_that_are_too_large_are_left_out_and_that_is_said():
    run = started(make_job())

    run = runs.finish(run.pk, status=RunStatus.SUCCESS, at=NOON, stats={"all": "x" * 100_000})

    assert list(run.stats) == ["left_out"]


def test_what_has_ended_stays_ended():
    run = started(make_job())
    runs.finish(run.pk, status=RunStatus.SUCCESS, at=NOON)

    assert runs.finish(run.pk, status=RunStatus.SUCCESS, at=NOON + HOUR).finished_at == NOON
    with pytest.raises(IllegalRun):
        runs.finish(run.pk, status=RunStatus.ERROR, at=NOON)
    assert not runs.beat(run.pk, at=NOON)


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SKIPPED, RunStatus.ORPHANED])
def test_a_run_cannot_finish_as_something_that_is_no_end(status):
    with pytest.raises(IllegalRun):
        runs.finish(started(make_job()).pk, status=status, at=NOON)


def test_a_beat_carries_how_far_the_work_is():
    run = started(make_job())

    assert runs.beat(run.pk, at=NOON + MINUTE, progress={"what": "files", "done": 3, "of": 9})

    run.refresh_from_db()
    assert (run.beat_at, run.progress) == (NOON + MINUTE, {"what": "files", "done": 3, "of": 9})


def test_a_job_that_skips_is_not_run_while_it_runs():
    job = make_job(overlap=Overlap.SKIP)
    started(job)

    second = make_run(job, at=NOON + MINUTE)

    assert (second.status, second.reason) == (RunStatus.SKIPPED, "The run of 2026-03-02 12:00:00 UTC still runs.")


def test_a_job_that_queues_is_run_afterwards():
    job = make_job(overlap=Overlap.QUEUE)
    first = started(job)
    second = make_run(job, at=NOON + MINUTE)
    assert runs.start(second.pk, at=NOON + MINUTE, worker="") is None

    runs.finish(first.pk, status=RunStatus.SUCCESS, at=NOON + HOUR)

    assert told() == [str(first.pk), str(second.pk), str(second.pk)]
    assert runs.start(second.pk, at=NOON + HOUR, worker="").status == RunStatus.RUNNING


def test_a_slot_has_one_run():
    job = make_job(overlap=Overlap.QUEUE)

    runs_of_slot = {make_run(job, trigger=Trigger.SCHEDULER, scheduled_for=NOON, at=NOON + n * SECOND).pk for n in range(3)}

    assert len(runs_of_slot) == JobRun.objects.count() == 1


def test_an_error_is_tried_again_after_a_pause_that_doubles():
    job = make_job(retries=2, retry_seconds=60)
    run, pauses = started(job), []

    for _ in range(2):
        runs.finish(run.pk, status=RunStatus.ERROR, at=NOON)
        waiting = job.runs.get(status=RunStatus.QUEUED)
        pauses.append((waiting.attempt, waiting.not_before - NOON, waiting.trigger, waiting.chain_id))
        run = runs.start(waiting.pk, at=waiting.not_before, worker="")

    runs.finish(run.pk, status=RunStatus.ERROR, at=NOON)
    first = job.runs.earliest("id").pk
    assert pauses == [(2, MINUTE, Trigger.RETRY, first), (3, 2 * MINUTE, Trigger.RETRY, first)]
    assert statuses(job) == [RunStatus.ERROR] * 3


def test_a_try_waits_for_its_time_and_is_told_of_once():
    job = make_job(retries=1, retry_seconds=60)
    runs.finish(started(job).pk, status=RunStatus.ERROR, at=NOON)
    waiting = job.runs.get(status=RunStatus.QUEUED)

    assert runs.start(waiting.pk, at=NOON + 59 * SECOND, worker="") is None
    assert [runs.release_due(at=NOON + n * SECOND) for n in (59, 60, 61)] == [0, 1, 0]
    assert told()[-1] == str(waiting.pk)


def test_a_newer_run_takes_the_place_of_a_try_that_waits():
    job = make_job(retries=1)
    runs.finish(started(job).pk, status=RunStatus.ERROR, at=NOON)

    newer = make_run(job, at=NOON + SECOND)

    assert newer.status == RunStatus.QUEUED
    assert statuses(job) == [RunStatus.ERROR, RunStatus.SKIPPED, RunStatus.QUEUED]


def test_an_orphan_is_not_tried_again():
    job = make_job(retries=3)
    run = started(job)

    assert runs.orphan(run.pk, at=NOON + MINUTE, reason="Nothing was heard.", silent_since=NOON + SECOND)

    run.refresh_from_db()
    assert (statuses(job), run.reason) == ([RunStatus.ORPHANED], "Nothing was heard.")


def test_a_run_that_beats_is_no_orphan():
    run = started(make_job())
    runs.beat(run.pk, at=NOON + MINUTE)

    assert not runs.orphan(run.pk, at=NOON + MINUTE, reason="", silent_since=NOON + SECOND)


def test_an_orphan_that_reports_after_all_is_believed():
    run = started(make_job())
    runs.orphan(run.pk, at=NOON + MINUTE, reason="Nothing was heard.", silent_since=NOON + SECOND)

    assert runs.finish(run.pk, status=RunStatus.SUCCESS, at=NOON + HOUR).status == RunStatus.SUCCESS


def test_a_job_that_was_switched_off_is_not_started_by_the_clock_but_by_hand():
    clock, hand = make_job("clock"), make_job("hand")
    waiting = [make_run(clock, trigger=Trigger.SCHEDULER, scheduled_for=NOON), make_run(hand)]
    type(clock).objects.update(enabled=False)

    begun = [runs.start(run.pk, at=NOON, worker="") for run in waiting]

    assert [run and run.status for run in begun] == [None, RunStatus.RUNNING]
    assert statuses(clock) == [RunStatus.SKIPPED]


def test_an_external_job_reports_its_run_and_its_end():
    job = make_job("outside", kind=JobKind.EXTERNAL)

    run = runs.report(job, status=RunStatus.RUNNING, at=NOON, started_at=NOON, by_name="etl")
    runs.heard_of(run.pk, at=NOON + MINUTE, message="half way", progress={"done": 1})
    run = runs.finish(run.pk, status=RunStatus.WARNING, at=NOON + 2 * MINUTE, stats={"rows": 7})

    assert (run.status, run.trigger, run.triggered_by_name, run.duration_ms, run.stats) == ("warning", "api", "etl", 120_000, {"rows": 7})


def test_an_external_job_reports_a_finished_run_in_one_go():
    job = make_job("outside", kind=JobKind.EXTERNAL)

    run = runs.report(job, status=RunStatus.ERROR, at=NOON, started_at=NOON - timedelta(seconds=5), error="Boom")

    run.refresh_from_db()
    assert (run.status, run.duration_ms, run.error, run.finished_at) == (RunStatus.ERROR, 5000, "Boom", NOON)


def test_only_external_jobs_are_reported_and_only_others_are_started():
    with pytest.raises(NotRunnable):
        runs.queue(make_job("outside", kind=JobKind.EXTERNAL), trigger=Trigger.MANUAL, at=NOON)
    with pytest.raises(NotRunnable):
        runs.report(make_job("inside"), status=RunStatus.RUNNING, at=NOON, started_at=NOON)


def test_a_fault_of_who_listens_to_the_end_does_not_undo_it():
    def break_down(**_):
        raise ValueError("broken")

    run = started(make_job())
    run_ended.connect(break_down)
    try:
        runs.finish(run.pk, status=RunStatus.SUCCESS, at=NOON)
    finally:
        run_ended.disconnect(break_down)

    run.refresh_from_db()
    assert run.status == RunStatus.SUCCESS


@pytest.mark.django_db(transaction=True)
def test_of_many_that_start_at_once_one_runs():
    job = make_job(overlap=Overlap.QUEUE)
    waiting, begun = [make_run(job) for _ in range(4)], []

    def begin(run_id):
        begun.append(runs.start(run_id, at=NOON, worker=""))
        connections.close_all()

    threads = [threading.Thread(target=begin, args=(run.pk,)) for run in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len([run for run in begun if run]) == job.runs.filter(status=RunStatus.RUNNING).count() == 1
