"""One run carried out for real: forked, looked after, stopped when its time is up, and written down."""

import os
import signal
import threading
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone

from jobs import runner, runs
from jobs.enums import RunStatus
from jobs.models import JobRun
from tests.faults.house import until
from tests.jobs import works  # noqa: F401 (registers the work)
from tests.jobs.factories import make_job, make_run

pytestmark = pytest.mark.django_db(transaction=True)


def carry_out(name, arguments=None, **fields):
    """The run of the callable ``name`` after it was carried out."""
    run = make_run(make_job(callable=f"tests.{name}", **fields), at=timezone.now(), arguments=arguments)
    runner.run(run.pk, worker="here:1", patience_seconds=60)
    run.refresh_from_db()
    return run


def lives(pid):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Hanging:
    """A run that hangs, carried out by a thread. ``pids`` are of its work; none when its time was up before that had begun."""

    def __init__(self, folder, *, deaf=False, **fields):
        job = make_job(callable="tests.hang", **{"timeout_seconds": 60, **fields})
        self.run = make_run(job, at=timezone.now(), arguments={"folder": str(folder), "deaf": deaf})
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._carry_out)
        self._thread.start()
        note = folder / "pids"
        until(lambda: note.exists() or not self._thread.is_alive(), 60, "the work")
        self.pids = [int(pid) for pid in note.read_text().split()] if note.exists() else []

    def _carry_out(self):
        runner.run(self.run.pk, worker="here:1", patience_seconds=60, stopping=self.stopping)
        connections.close_all()

    def ended(self):
        self._thread.join(90)
        assert not self._thread.is_alive()
        until(lambda: not any(lives(pid) for pid in self.pids), 60, "the end of all of the work")
        self.run.refresh_from_db()
        return self.run


def test_work_that_goes_well_leaves_its_stats_and_what_it_printed():
    run = carry_out("work", {"days": 4})

    assert (run.status, run.stats, run.output, run.error) == (RunStatus.SUCCESS, {"days": 4, "name": ""}, "working 4\n", "")
    assert run.finished_at >= run.started_at
    assert run.duration_ms is not None


def test_work_may_succeed_with_a_warning():
    run = carry_out("warn")

    assert (run.status, run.stats, run.message) == (RunStatus.WARNING, {"odd": 1}, "Somebody should look at it.")


def test_work_that_fails_leaves_its_traceback_and_what_it_printed():
    run = carry_out("fail")

    assert (run.status, run.message, run.output) == (RunStatus.ERROR, "ValueError: no such luck\ufffd", "about to fail\n")
    assert 'raise ValueError("no such luck' in run.error


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("leave", "SystemExit: enough"),
        ("die", "Its process ended without a result (signal SIGKILL)."),
        ("wrong", "TypeError: Object of type object is not JSON serializable"),
    ],
)
def test_work_that_ends_oddly_is_an_error_that_says_how(name, message):
    assert (carry_out(name).message, JobRun.objects.get().status) == (message, RunStatus.ERROR)


@pytest.mark.parametrize("arguments", [{"days": "4"}, {"weeks": 4}])
def test_arguments_that_do_not_fit_are_an_error_without_a_traceback(arguments):
    run = carry_out("work", arguments)

    assert (run.status, run.error) == (RunStatus.ERROR, "")
    assert run.message


def test_work_that_nobody_offers_any_more_is_an_error_that_says_what_there_is():
    assert "tests.work" in carry_out("gone").message


def test_of_a_flood_of_output_the_end_is_kept():
    run = carry_out("shout")

    assert (run.status, run.output[-12:-1], len(run.output)) == (RunStatus.SUCCESS, "\nline 39999", 32_000)


def test_the_work_has_a_connection_of_its_own_and_ours_survives():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        before = cursor.fetchone()[0]

    run = carry_out("write")

    assert User.objects.filter(username="made-by-a-job").exists()
    assert run.stats["backend"] != before


def test_a_run_that_was_taken_is_not_carried_out_again():
    run = carry_out("work")

    assert runner.run(run.pk, worker="", patience_seconds=0) is None


@pytest.mark.parametrize("deaf", [False, True])
def test_work_whose_time_is_up_is_stopped_with_what_it_started(tmp_path, deaf):
    tries = (Hanging(tmp_path, deaf=deaf, slug=f"within-{seconds}", timeout_seconds=seconds) for seconds in (3, 45))

    run = next(each for each in tries if each.pids).ended()  # a machine that stands still has used up the first

    assert (run.status, run.message) == (RunStatus.ERROR, f"Stopped after {run.job.timeout_seconds} s: its time-out.")


def test_who_is_told_to_end_stops_the_work_and_says_so(tmp_path):
    hanging = Hanging(tmp_path)

    hanging.stopping.set()

    assert hanging.ended().message == "Stopped from outside, with the process that looked after it."


def test_a_run_that_is_taken_away_stops_its_work(tmp_path):
    hanging = Hanging(tmp_path)
    at = timezone.now()

    assert runs.orphan(hanging.run.pk, at=at, reason="Silent.", silent_since=at)
    JobRun.objects.update(progress={})  # whatever it says next finds the run gone
    run = hanging.ended()

    assert (run.status, run.reason) == (RunStatus.ORPHANED, "Silent.")


def test_the_work_is_killed_and_that_is_said(tmp_path):
    hanging = Hanging(tmp_path)

    os.killpg(hanging.pids[0], signal.SIGKILL)

    assert hanging.ended().message == "Its process ended without a result (signal SIGKILL)."


def test_how_far_the_work_is_can_be_seen_while_it_runs(tmp_path):
    hanging = Hanging(tmp_path)

    until(lambda: JobRun.objects.get().progress == {"what": "hanging", "done": 1, "of": 2}, 60, "progress")

    hanging.stopping.set()
    hanging.ended()


def test_what_left_its_group_ends_with_the_run():
    run = carry_out("escape")

    assert run.status == RunStatus.SUCCESS
    until(lambda: not lives(run.stats["child"]), 60, "the end of what was left behind")
