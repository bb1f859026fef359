import json
import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import JobLink
from tests.conftest import HOUR
from tests.factories import make_source, raise_alert
from tests.jobs.rows import make_history, make_job, make_run

pytestmark = pytest.mark.django_db
SECRET = "hush-hush-0000"
HOSTILE = "Import </script><b>x"


@pytest.fixture
def job():
    return make_job(
        "import", name=HOSTILE, kind="http", http_url=f"https://example.org/{SECRET}", http_headers=f"X: {SECRET}", cron="0 2 * * *"
    )


@pytest.fixture
def run(job):
    return make_run(job, "error", at=timezone.now() - HOUR, message="<b>x", error="ValueError: <b>x", stats={"rows": 3})


@pytest.fixture
def viewer(user, client):
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_job", "view_jobrun", "view_alert")))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def pages(run):
    return ["/live/jobs/", "/live/jobs/snapshot", f"/live/jobs/runs/{run.pk}/", f"/live/jobs/runs/{run.pk}/snapshot"]


def every(client):
    return client.get("/live/jobs/snapshot").json()


def test_strangers_are_asked_to_sign_in(client, run):
    assert [client.get(page)["Location"] for page in pages(run)] == [f"/accounts/login/?next={page}" for page in pages(run)]


def test_without_the_permission_it_is_refused(client, user, run):
    user.user_permissions.set(Permission.objects.filter(codename="view_job"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert [client.get(page).status_code for page in pages(run)] == [403] * 4


def test_a_viewer_may_look_and_nothing_is_kept_or_given_away(client, viewer, run):
    for page in pages(run):
        answer = client.get(page)
        body = answer.content.decode()
        assert (answer.status_code, "no-store" in answer["Cache-Control"], SECRET in body) == (200, True, False)
        assert page.endswith("snapshot") or "<b>x" not in body
        assert client.post(page).status_code == 405


def test_an_unknown_run_is_not_found(client, viewer):
    assert client.get("/live/jobs/runs/0193e0a0-0000-7000-8000-000000000001/").status_code == 404


def test_a_job_comes_with_its_night_its_figures_and_its_last_run(client, viewer, job):
    now = timezone.now()
    make_run(job, at=now - 72 * HOUR, seconds=100)
    make_run(job, "error", at=now - HOUR, message="exit code 2")

    (found,) = every(client)["jobs"]

    assert (found["night"]["error"], found["night"]["success"], found["figures"]["success"]) == (1, 0, 1)
    assert (found["last"]["status"], found["last"]["message"], len(found["recent"])) == ("error", "exit code 2", 2)
    assert (found["figures"]["success_rate"], found["figures"]["median_seconds"]) == (0.5, 80.0)
    assert found["last_good_at"] is not None


def test_jobs_that_follow_each_other_are_one_chain(client, viewer, job):
    load, tell = (make_job(slug, kind="http") for slug in ("load", "tell"))
    JobLink.objects.create(parent=load, child=tell)
    JobLink.objects.create(parent=job, child=load)

    found = every(client)

    assert (found["chains"], {each["slug"]: each["after"] for each in found["jobs"]}["tell"]) == ([["import", "load", "tell"]], ["load"])


def test_the_page_of_a_run_knows_its_chain_what_is_usual_and_the_runs_around_it(client, viewer, job):
    make_history(job, seconds=60, until=timezone.now(), stats={"rows": 1000})
    last = make_run(job, at=timezone.now() - HOUR, seconds=600, stats={"rows": 0, "name": "x"})
    after = make_run(make_job("load", kind="http"), "skipped", at=timezone.now(), chain_id=last.chain_id, parent=last, reason="no rows")

    found = client.get(f"/live/jobs/runs/{last.pk}/snapshot").json()

    assert found["usual"] == {"duration_ms": 60_000, "rows": 1000}
    assert [each["name"] for each in found["drift"]] == ["duration_ms", "rows"]
    assert [each["id"] for each in found["chain"]] == [str(last.pk), str(after.pk)]
    assert (len(found["others"]), found["others"][0]["id"]) == (11, str(last.pk))


def test_who_may_not_see_alerts_does_not_see_them(client, user, job):
    make_source("jobs")
    raise_alert(at=timezone.now(), source="jobs", type="job-error", dedup_key=f"job:{job.pk}:job-error", title="Import failed")
    rights = Permission.objects.filter(codename__in=("view_job", "view_jobrun"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    seen = []
    for given in (rights, rights | Permission.objects.filter(codename="view_alert")):
        user.user_permissions.set(given)
        seen.append([alert["title"] for alert in every(client)["jobs"][0]["alerts"]])

    assert seen == [[], ["Import failed"]]


def test_only_who_may_run_jobs_is_offered_it(client, viewer, run):
    def offered():
        body = client.get("/live/jobs/").content.decode()
        return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', body, re.S)[1])["can_run"]

    before = offered()
    viewer.user_permissions.add(Permission.objects.get(codename="run_job"))

    assert (before, offered()) == (False, True)


def test_the_page_takes_as_many_queries_for_three_jobs_as_for_one(client, viewer, run):
    def queries():
        with CaptureQueriesContext(connection) as found:
            every(client)
        return len(found)

    queries()
    one = queries()
    for slug in ("load", "tell"):
        make_run(make_job(slug), at=timezone.now())

    assert queries() == one
