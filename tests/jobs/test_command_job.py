"""`manage.py job`: running one on record, following it, and what became of runs."""

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from jobs import run_queries, runs
from jobs.management import job_following
from jobs.models import JobRun
from sentinel_site.lib.shell import Call
from sentinel_site.lib.terminal import Screen
from tests.callers import make_caller, make_user
from tests.commands import NAMED, document, refused, rows, said
from tests.conftest import NOON, SECOND
from tests.factories import make_source
from tests.jobs.factories import make_job, make_run
from tests.site.test_terminal import HOSTILE, Tty

pytestmark = pytest.mark.django_db
OPERATOR = ("jobs.view_job", "jobs.view_jobrun", "jobs.run_job")


@pytest.fixture
def job():
    make_source("jobs")
    return make_job("import", cron="30 2 * * *")


@pytest.fixture
def robin():
    return make_user("robin", *OPERATOR, first_name="Robin", last_name="Vale")


def ended(job, status, **told) -> JobRun:
    run = runs.start(make_run(job).pk, at=NOON, worker="here:1")
    return runs.finish(run.pk, status=status, at=NOON + SECOND, **told)


def test_jobs_are_listed_with_their_last_run(job):
    ended(job, "warning", message="odd")

    assert rows("job", "list") == [["import", "30 2 * * *", "-", "warning", "2026-03-02T12:00:01Z", "Import"]]
    assert document("job", "list") == make_caller(*OPERATOR).read("/jobs").json()


def test_a_run_is_wanted_on_record_with_the_name_and_the_way(job, robin):
    made = document("job", "run", "import", "--no-wait", *NAMED)

    run = JobRun.objects.get()
    assert (run.status, run.trigger, run.triggered_by, made["triggered_by"]) == ("queued", "manual", robin, "Robin Vale (by a command)")
    assert made == make_caller(*OPERATOR, name="other").read(f"/jobs/runs/{run.pk}").json()
    assert LogEntry.objects.get().user == robin


def test_one_that_is_skipped_is_refused(job, robin):
    make_run(job)

    code, text = refused("job", "run", "import", *NAMED)

    assert (code, text.startswith("import: skipped, ")) == (1, True)


@pytest.mark.parametrize(("words", "code"), [
    (("run", "unknown", *NAMED), 3), (("run", "import"), 2), (("run", "import", "--argument", "x", *NAMED), 2),
    (("run", "import", "--argument", "unheard=1", *NAMED), 2), (("run", "away", *NAMED), 1), (("run", "import", "--as", "looker"), 1),
    (("log", "unknown"), 3), (("log", "019a8f2e-7d41-7c55-8b0f-3f6f3b1f2c11"), 3), (("log", "import"), 3),
])  # fmt: skip
def test_what_cannot_be_done_is_told(job, robin, words, code):
    make_job("away", kind="external")
    make_user("looker", "jobs.view_job")

    assert refused("job", *words)[0] == code


def test_runs_are_listed_and_one_is_shown_whole(job):
    run = ended(job, "error", error=f"Traceback\n{HOSTILE}", output="working\n")
    client = make_caller(*OPERATOR)

    (row,) = rows("job", "log", "import", "--status", "error")
    whole = said("job", "log", str(run.pk))

    assert row[:3] == [str(run.pk), "import", "error"]
    assert "\noutput:\nworking\n" in whole
    assert whole.replace("\n", "").replace("\t", "").isprintable()
    assert document("job", "log", str(run.pk)) == client.read(f"/jobs/runs/{run.pk}").json()
    assert document("job", "log", "import") == client.read("/jobs/runs").json()


@pytest.fixture
def looks(job):
    """A run as it is seen again and again: waiting, at work, further, done."""
    seen = run_queries.describe(ended(job, "success", message="[bold]all"))
    work = {**seen, "status": "running", "progress": {"what": "files\x1b[2J", "done": 1, "of": 3}}
    return [{**seen, "status": "queued"}, work, work, {**work, "progress": {"done": "?", "of": None}}, seen]


def test_following_prints_a_line_for_each_change(looks):
    out = io.StringIO()

    last = job_following.lines(Call(Screen(out), {}, timezone.now()), looks)

    assert last["status"] == "success"
    assert out.getvalue() == "import: queued\nimport: files\ufffd[2J 1 of 3\nimport: ?\n"


def test_following_at_a_terminal_shows_a_bar(looks, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    out = Tty()

    last = job_following.bar(Call(Screen(out), {}, timezone.now()), looks)

    assert last["status"] == "success"
    assert "\x1b[2J" not in out.getvalue()


@pytest.mark.parametrize("json", [False, True])
def test_what_has_ended_is_followed_no_further(job, json):
    run = ended(job, "success")
    out = io.StringIO()

    item = job_following.follow(Call(Screen(out), {"json": json}, timezone.now()), str(run.pk), say=out.write)

    assert (item["status"], out.getvalue()) == ("success", "")
