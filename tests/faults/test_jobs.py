"""Processes that carry out jobs are killed: every run is accounted for, none runs twice, and people are told."""

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sentinel_site import env
from tests.faults.house import children, command_of, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MAKE = """
import json, sys, django
django.setup()
from django.utils import timezone
from jobs import runs
from jobs.models import Job
for slug, fields in json.load(sys.stdin).items():
    job, _ = Job.objects.update_or_create(slug=slug, defaults={"name": slug, "kind": "http", **fields})
    print(runs.queue(job, trigger="manual", at=timezone.now()).pk)
"""


class Work(ThreadingHTTPServer):
    """What jobs call: it answers when it is let go, and counts who called with which key."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Waiting)
        self.calls, self.let_go = [], threading.Event()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return super().__enter__()

    def __exit__(self, *details):
        self.let_go.set()
        self.shutdown()
        super().__exit__(*details)


class _Waiting(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.calls.append(self.headers["Idempotency-Key"])
        self.server.let_go.wait(300)
        try:
            self.send_response(204)
            self.end_headers()
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def work():
    with Work() as server:
        yield server


def queue(house, work, **jobs):
    """Queue a run of each job, which calls ``work``; their ids."""
    url = f"http://127.0.0.1:{work.server_port}/"
    asked = json.dumps({slug: {"http_url": url, **fields} for slug, fields in jobs.items()})
    command = [sys.executable, "-c", MAKE]
    done = subprocess.run(command, input=asked, env=house.environ, cwd=env.BASE_DIR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def statuses(house, runs):
    rows = house.rows("SELECT id::text, status FROM jobs_jobrun WHERE id = ANY(%s::uuid[])", runs)
    return [dict(rows).get(run) for run in runs]


def of_process(house, run):
    """The process that looks after ``run``."""
    ((worker,),) = house.rows("SELECT worker FROM jobs_jobrun WHERE id = %s", run)
    return int(worker.rpartition(":")[2])


def alerts(house, kind):
    return {alert["subject"] for alert in house.api(f"/alerts?type={kind}&limit=100")["items"]}


def test_runs_whose_processes_are_killed_are_orphaned_told_of_and_not_run_again(house, work):
    long = {"killed": {"timeout_seconds": 600}, "of-worker": {"timeout_seconds": 600, "retries": 3}}
    runs = queue(house, work, **long)
    until(lambda: statuses(house, runs) == ["running"] * 2 and set(work.calls) == set(runs), 120, "two running runs")
    runs += queue(house, work, **{"in-worker": {"timeout_seconds": 45}})
    until(lambda: statuses(house, runs) == ["running"] * 3 and set(work.calls) == set(runs), 120, "three running runs")
    processes = [of_process(house, run) for run in runs]
    works = [pid for process in processes for pid in children(process)]

    os.kill(processes[0], signal.SIGKILL)
    os.kill(processes[2], signal.SIGKILL)
    house.kill("worker")

    until(lambda: statuses(house, runs) == ["orphaned"] * 3, 120, "three orphans")
    until(lambda: not any(command_of(pid) for pid in [*processes, *works]), 60, "the end of all their work")
    until(lambda: alerts(house, "job-orphaned") >= {"killed", "of-worker", "in-worker"}, 60, "the alerts about them")
    took = "SELECT max(extract(epoch FROM finished_at - beat_at)) FROM jobs_jobrun WHERE id = ANY(%s::uuid[])"
    assert house.rows(took, runs)[0][0] < 90
    assert sorted(work.calls) == sorted(runs)


def test_a_run_outlives_a_database_that_is_started_again(house, work):
    (run,) = queue(house, work, patient={"timeout_seconds": 600})
    until(lambda: work.calls == [run], 120, "a running run")

    house.kill("postgres", signal.SIGQUIT)
    work.let_go.set()

    until(lambda: statuses(house, [run]) == ["success"], 120, "its end")
    assert work.calls == [run]
