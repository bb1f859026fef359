from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts.models import Alert
from jobs.models import Job, JobLink, JobRun
from tests.callers import KeyClient, make_caller
from tests.factories import make_source
from tests.jobs.rows import make_job, make_run

pytestmark = pytest.mark.django_db
ADMIN = tuple(f"jobs.{verb}_job" for verb in ("view", "add", "change", "delete"))
OPERATOR = ("jobs.view_job", "jobs.view_jobrun", "jobs.run_job")
HTTP = {"slug": "ping", "kind": "http", "http_url": "https://example.org/hook?token=hush", "http_headers": "Authorization: Bearer hush"}


@pytest.fixture
def admin():
    return make_caller(*ADMIN, name="admin")


@pytest.fixture
def operator():
    make_source("jobs")
    return make_caller(*OPERATOR, name="operator")


@pytest.fixture
def job():
    return make_job("import", name="Nightly import")


def test_a_job_is_made_read_changed_and_deleted_and_all_of_it_is_put_down(admin):
    made = admin.send("/jobs", {"slug": "import", "name": "Nightly import", "cron": "30 2 * * *", "time_zone": "Europe/Paris"})
    changed = admin.send("/jobs/import", {"grace_seconds": 60}, method="PATCH")
    listed = admin.read("/jobs").json()
    gone = admin.send("/jobs/import", method="DELETE")

    assert (made.status_code, changed.status_code, gone.status_code) == (201, 200, 204)
    assert (made.json()["next_run_at"] is None, listed["items"][0]["grace_seconds"], Job.objects.count()) == (False, 60, 0)
    assert list(LogEntry.objects.order_by("id").values_list("action_flag", "change_message")) == [
        (1, "By REST."), (2, "By REST: grace_seconds."), (3, "By REST."),
    ]  # fmt: skip


def test_secrets_are_stored_and_never_answered(admin):
    made = admin.send("/jobs", HTTP)

    assert (made.status_code, made.json()["http_host"], made.json()["http_headers_set"]) == (201, "example.org", True)
    assert "hush" not in made.content.decode() + admin.read("/jobs").content.decode()
    assert Job.objects.get().http_headers == "Authorization: Bearer hush"
    admin.send("/jobs/ping", {"name": "Ping"}, method="PATCH")
    assert (Job.objects.get().http_headers, Job.objects.get().http_url) == (HTTP["http_headers"], HTTP["http_url"])


def test_headers_are_not_sent_to_a_new_host_unseen(admin):
    admin.send("/jobs", HTTP)

    refused = admin.send("/jobs/ping", {"http_url": "https://elsewhere.example.org/"}, method="PATCH")
    taken = admin.send("/jobs/ping", {"http_url": "https://elsewhere.example.org/", "http_headers": ""}, method="PATCH")

    assert (refused.status_code, taken.status_code, Job.objects.get().http_headers) == (422, 200, "")


@pytest.mark.parametrize("url", ["http://example.org/hook", "https://example.org:8443/hook"])
def test_stored_headers_go_to_no_other_port_and_not_without_tls(admin, url):
    admin.send("/jobs", HTTP)

    refused = admin.send("/jobs/ping", {"http_url": url}, method="PATCH")

    assert (refused.status_code, Job.objects.get().http_url) == (422, HTTP["http_url"])


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"slug": "stats"}, "slug"), ({"cron": "every day"}, "cron"), ({"cron": "0 0 30 2 *"}, "cron"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"kind": "callable", "callable": "no.such"}, "callable"), ({"kind": "http"}, "http_url"),
        ({"kind": "http", "http_url": "ftp://example.org"}, "http_url"),
        ({"kind": "http", "http_url": "http://a@b.example.org"}, "http_url"),
        ({**HTTP, "http_headers": "no colon"}, "http_headers"), ({**HTTP, "http_headers": "Host: evil.example.org"}, "http_headers"),
        ({"arguments": {"x": 1}}, "arguments"), ({"long_seconds": 3600}, "long_seconds"), ({"source": "nobody"}, "source"),
        ({"after": [{"job": "ghost"}]}, "after"), ({"next_run_at": "2026-03-02T12:00:00Z"}, "next_run_at"),
        ({"built_in": True}, "built_in"),
        ({"timeout_seconds": 0}, "timeout_seconds"), ({"paused_until": "1999-01-01T00:00:00Z"}, "paused_until"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(admin, fields, place):
    answer = admin.send("/jobs", {"slug": "x", **fields})

    assert (answer.status_code, {each["loc"][1] for each in answer.json()["errors"]}) == (422, {place})
    assert Job.objects.count() == 0


def test_jobs_follow_each_other_but_never_themselves(admin, job):
    call = {"kind": "http", "http_url": "https://example.org/"}
    admin.send("/jobs", {"slug": "load", "after": [{"job": "import"}], **call})
    admin.send("/jobs", {"slug": "tell", "after": [{"job": "load", "on": "always"}], **call})

    refused = [admin.send(f"/jobs/{slug}", {"after": [{"job": parent}]}, method="PATCH")
               for slug, parent in (("load", "tell"), ("load", "load"), ("import", "tell"))]  # fmt: skip

    assert [(answer.status_code, answer.json()["errors"][0]["loc"]) for answer in refused] == [(422, ["body", "after"])] * 3
    assert [part in answer.json()["detail"] for answer, part in zip(refused, ("never end", "itself", "external"), strict=True)] == [
        True
    ] * 3
    assert admin.read("/jobs/load").json()["after"] == [{"job": "import", "on": "success"}]
    assert admin.read("/jobs/load").json()["before"] == [{"job": "tell", "on": "always"}]


def test_what_sentinel_made_stays_what_it_is(admin, job):
    Job.objects.update(built_in=True)

    answers = [admin.send("/jobs/import", method="DELETE"), admin.send("/jobs/import", {"slug": "mine"}, method="PATCH"),
               admin.send("/jobs/import", {"enabled": False}, method="PATCH")]  # fmt: skip

    assert [answer.status_code for answer in answers] == [409, 422, 200]


def test_an_external_run_is_reported_in_two_steps(operator, job):
    begun = operator.send("/jobs/import/runs", {"status": "running"})
    run = begun.json()["id"]
    ended = operator.send(f"/jobs/runs/{run}", {"status": "success", "stats": {"rows": 12}, "message": "all in"}, method="PATCH")

    assert (begun.status_code, begun.json()["status"], ended.status_code) == (201, "running", 200)
    shown = operator.read(f"/jobs/runs/{run}").json()
    assert (shown["status"], shown["stats"], shown["message"], shown["triggered_by"]) == ("success", {"rows": 12}, "all in", "operator")


def test_an_external_run_is_reported_in_one_call(operator, job):
    at = timezone.now()
    told = {
        "task_type": "import", "status": "ERROR", "message": "3 rows refused", "stats": {"rows": 9}, "error_details": "ValueError: 3",
        "triggered_by": "cron", "triggered_by_user": "robin", "started_at": (at - timedelta(minutes=9)).isoformat(),
        "completed_at": (at - timedelta(minutes=4)).isoformat(), "host": "erp-1",
    }  # fmt: skip

    answer = operator.send("/jobs/import/runs", told)

    run = answer.json()
    assert (answer.status_code, run["status"], run["duration_ms"], run["error"]) == (201, "error", 300_000, "ValueError: 3")
    assert (run["triggered_by"], Alert.objects.get().type) == ("cron: robin", "job-error")


def test_the_same_report_with_one_key_is_one_run(operator, job):
    answers = [operator.send("/jobs/import/runs", {"status": "success"}, **{"Idempotency-Key": "k1"}) for _ in range(2)]

    assert (answers[0].json() == answers[1].json(), JobRun.objects.count()) == (True, 1)


def test_saying_the_end_again_is_quiet_and_another_end_is_refused(operator, job):
    run = operator.send("/jobs/import/runs", {"status": "running"}).json()["id"]
    again = [operator.send(f"/jobs/runs/{run}", {"status": word}, method="PATCH") for word in ("error", "error", "success", "running")]

    assert [answer.status_code for answer in again] == [200, 200, 409, 409]
    assert (again[2].json()["code"], again[2].json()["current"]) == ("illegal_transition", "error")


def test_a_sign_of_life_says_how_far_it_is(operator, job):
    run = operator.send("/jobs/import/runs", {"status": "running"}).json()["id"]

    answer = operator.send(f"/jobs/runs/{run}", {"progress": {"what": "rows", "done": 3, "of": 9}}, method="PATCH")

    assert (answer.json()["status"], answer.json()["progress"]["done"]) == ("running", 3)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"status": "queued"}, {"status": "orphaned"}, {"status": 1}, {"status": None}, {"status": "success", "stats": [1]},
        {"status": "success", "started_at": "yesterday"}, {"status": "success", "started_at": "2999-01-01T00:00:00Z"},
        {"status": "success", "started_at": "2026-03-02T12:00:00Z", "completed_at": "2026-03-02T11:00:00Z"},
        {"status": "running", "completed_at": "2026-03-02T11:00:00Z"}, {"status": "success", "message": "x" * 200_001},
        {"status": "success", "message": "a\x00b"},
    ],
)  # fmt: skip
def test_an_impossible_report_is_refused(operator, job, body):
    answer = operator.send("/jobs/import/runs", body)

    assert (answer.status_code, JobRun.objects.count()) == (422, 0)


def test_only_external_runs_can_be_reported_and_only_the_others_run_now(operator, job):
    own = make_job("own", kind="http", http_url="https://example.org/")
    run = make_run(own, "running", at=timezone.now())

    answers = [operator.send("/jobs/own/runs", {"status": "success"}),
               operator.send(f"/jobs/runs/{run.pk}", {"status": "error"}, method="PATCH"),
               operator.send("/jobs/import/run")]  # fmt: skip

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert JobRun.objects.get().status == "running"


def test_run_now_is_put_down_with_who_wanted_it(operator):
    make_job("own", kind="http", http_url="https://example.org/")

    answer = operator.send("/jobs/own/run", {})

    run = answer.json()
    assert (answer.status_code, run["status"], run["trigger"], run["triggered_by"]) == (202, "queued", "api", "operator")
    assert LogEntry.objects.get().change_message == "Run now: queued."


def test_arguments_must_fit_the_callable(operator):
    make_job("own", kind="http", http_url="https://example.org/")

    assert operator.send("/jobs/own/run", {"arguments": {"x": 1}}).status_code == 422


def test_a_job_is_paused_and_goes_on(operator, job):
    later = (timezone.now() + timedelta(hours=2)).isoformat()

    paused = operator.send("/jobs/import/pause", {"until": later})
    past = operator.send("/jobs/import/pause", {"until": "2026-01-01T00:00:00Z"})
    resumed = operator.send("/jobs/import/resume")

    assert (paused.status_code, paused.json()["paused_until"] is None, past.status_code) == (200, False, 422)
    assert (resumed.json()["paused_until"], LogEntry.objects.count()) == (None, 2)


def test_runs_are_filtered_and_listed_the_newest_first(operator, job):
    now = timezone.now()
    other = make_job("other")
    make_run(job, "error", at=now - timedelta(hours=30), error="x" * 5000)
    make_run(job, at=now - timedelta(hours=1))
    make_run(other, at=now)

    listed = [operator.read("/jobs/runs", **query).json()["items"] for query in (
        {}, {"job": "import"}, {"status": ["error", "orphaned"]}, {"since": (now - timedelta(hours=2)).isoformat()}, {"job": "ghost"},
    )]  # fmt: skip

    assert [[run["job"] for run in runs] for runs in listed] == [
        ["other", "import", "import"], ["import", "import"], ["import"], ["other", "import"], [],
    ]  # fmt: skip
    assert len(listed[2][0]["error"]) == 2000


def test_the_numbers_of_a_day(operator, job):
    now = timezone.now()
    for hours, status, seconds in ((1, "success", 10), (2, "warning", 20), (3, "error", 30), (4, "skipped", 0), (30, "success", 999)):
        make_run(job, status, at=now - timedelta(hours=hours), seconds=seconds)
    make_job("idle")

    day, two = operator.read("/jobs/stats").json(), operator.read("/jobs/stats", hours=48).json()

    counts = {name: day[name] for name in ("total", "success", "warning", "error", "skipped", "running")}
    assert counts == {"total": 4, "success": 1, "warning": 1, "error": 1, "skipped": 1, "running": 0}
    assert (day["success_rate"], day["average_seconds"], day["median_seconds"], day["p95_seconds"]) == (0.6667, 20.0, 20.0, 29.0)
    assert (day["jobs"]["import"]["total"], day["jobs"]["idle"]["success_rate"], two["total"]) == (4, None, 5)
    assert day["last_execution"] is not None
    assert operator.read("/jobs/stats", hours=0).status_code == 422


ROUTES = [
    ("GET", "/jobs", "view_job"), ("POST", "/jobs", "add_job"), ("GET", "/jobs/ghost", "view_job"), ("PATCH", "/jobs/ghost", "change_job"),
    ("DELETE", "/jobs/ghost", "delete_job"), ("GET", "/jobs/runs", "view_jobrun"), ("GET", "/jobs/stats", "view_jobrun"),
    ("GET", "/jobs/callables", "view_job"), ("POST", "/jobs/ghost/run", "run_job"), ("POST", "/jobs/ghost/runs", "run_job"),
    ("POST", "/jobs/ghost/pause", "run_job"), ("POST", "/jobs/ghost/resume", "run_job"),
    ("GET", "/jobs/runs/0193e0a0-0000-7000-8000-000000000001", "view_jobrun"),
    ("PATCH", "/jobs/runs/0193e0a0-0000-7000-8000-000000000001", "run_job"),
]  # fmt: skip
BODIES = {"/jobs/ghost/runs": {"status": "success"}, "/jobs/ghost/pause": {"until": "2030-01-01T00:00:00Z"}, "/jobs": {"slug": "new"}}


def test_every_route_needs_its_right_and_no_other():
    stranger, nobody = KeyClient(), make_caller(name="nobody")
    rights = {right for *_, right in ROUTES}
    callers = {right: make_caller(*[f"jobs.{each}" for each in rights if each != right], name=f"all-but-{right}") for right in rights}

    for method, path, right in ROUTES:
        body = BODIES.get(path, {}) if method in {"POST", "PATCH"} else None
        answers = [client.send(path, body, method=method).status_code for client in (stranger, nobody, callers[right])]
        assert (path, answers) == (path, [401, 403, 403])


def test_the_list_takes_as_many_queries_for_three_as_for_one(admin, job, keys_are_kept):
    def queries():
        with CaptureQueriesContext(connection) as found:
            admin.read("/jobs")
        return len(found)

    queries()
    one = queries()
    for slug in ("load", "tell"):
        JobLink.objects.create(parent=job, child=make_job(slug, kind="http"))

    assert queries() == one
