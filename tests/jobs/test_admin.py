import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.utils import timezone

from jobs.enums import RunStatus
from jobs.models import Job, JobLink, JobRun
from tests.callers import make_user
from tests.jobs.rows import make_job, make_run

pytestmark = pytest.mark.django_db
SECRET = "hush-hush-0000"
LIST, RUNS = "/admin/jobs/job/", "/admin/jobs/jobrun/"
DEFAULTS = {
    "name": "Nightly import", "slug": "import", "kind": "external", "enabled": "on", "cron": "30 2 * * *", "time_zone": "Europe/Paris",
    "overlap": "skip", "catch_up": "once", "arguments": "{}", "http_method": "POST", "timeout_seconds": 3600, "retries": 0,
    "retry_seconds": 60, "grace_seconds": 300, "severity": "high", "parents-TOTAL_FORMS": 0, "parents-INITIAL_FORMS": 0,
}  # fmt: skip


@pytest.fixture
def staff(client):
    codenames = ("view_job", "add_job", "change_job", "delete_job", "view_joblink", "add_joblink", "change_joblink", "delete_joblink",
                 "run_job", "view_jobrun", "view_source")  # fmt: skip
    user = make_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def save(client, path=f"{LIST}add/", **fields):
    return client.post(path, {**DEFAULTS, **fields})


def errors(response):
    form = response.context["adminform"].form
    return {
        **form.errors,
        **{f"inline {n}": each for n, each in enumerate(response.context["inline_admin_formsets"][0].formset.non_form_errors())},
    }


def test_a_job_is_made_with_its_next_run_and_a_place_in_the_history(client, staff):
    assert save(client).status_code == 302

    job = Job.objects.get()
    assert (job.name, job.next_run_at > timezone.now(), LogEntry.objects.count()) == ("Nightly import", True, 1)


def test_secrets_are_kept_and_never_shown(client, staff):
    save(client, kind="http", http_url=f"https://example.org/{SECRET}", http_headers=f"Authorization: {SECRET}")
    job = Job.objects.get()
    path = f"{LIST}{job.pk}/change/"

    page = client.get(path).content.decode()
    saved = save(client, path, kind="http", name="Other name")

    job.refresh_from_db()
    assert (saved.status_code, SECRET in page, "example.org" in page, job.name) == (302, False, True, "Other name")
    assert (job.http_url, job.http_headers) == (f"https://example.org/{SECRET}", f"Authorization: {SECRET}")


def test_headers_are_not_sent_to_a_new_host_unseen(client, staff):
    save(client, kind="http", http_url="https://example.org/", http_headers=f"Authorization: {SECRET}")
    path = f"{LIST}{Job.objects.get().pk}/change/"

    refused = save(client, path, kind="http", http_url="https://elsewhere.example.org/")
    taken = save(client, path, kind="http", http_url="https://elsewhere.example.org/", forget_headers="on")

    assert ("http_headers" in errors(refused), taken.status_code, Job.objects.get().http_headers) == (True, 302, "")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"cron": "often"}, "cron"), ({"kind": "http"}, "http_url"), ({"kind": "http", "http_url": "gopher://x"}, "http_url"),
        ({"slug": "runs"}, "slug"), ({"long_seconds": 3600}, "long_seconds"), ({"time_zone": "Mars"}, "time_zone"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_where_it_stands(client, staff, fields, place):
    assert (list(errors(save(client, **fields))), Job.objects.count()) == ([place], 0)


def test_what_it_follows_is_chosen_beside_it_and_no_circle_is_taken(client, staff):
    first, second = (make_job(slug, kind="http", http_url="https://example.org/") for slug in ("first", "second"))
    link = {"parents-TOTAL_FORMS": 1, "parents-0-on": "success", "kind": "http", "cron": ""}

    save(client, f"{LIST}{second.pk}/change/", slug="second", **link, **{"parents-0-parent": first.pk, "parents-0-child": second.pk})
    refused = save(
        client, f"{LIST}{first.pk}/change/", slug="first", **link, **{"parents-0-parent": second.pk, "parents-0-child": first.pk}
    )

    assert (refused.status_code, b"never end" in refused.content) == (200, True)
    assert list(JobLink.objects.values_list("parent__slug", "child__slug")) == [("first", "second")]


def test_the_lists_and_pages_open(client, staff):
    job = make_job(cron="30 2 * * *")
    run = make_run(job, "error", error="ValueError: <b>x", stats={"rows": 1})

    bodies = [
        client.get(path).content.decode()
        for path in (LIST, f"{LIST}{job.pk}/change/", RUNS, f"{RUNS}{run.pk}/change/", f"{LIST}{job.pk}/run/")
    ]

    assert ["Import" in body for body in bodies] == [True] * 5
    assert ("&lt;b&gt;x" in bodies[3], "02:30" in bodies[1]) == (True, True)


@pytest.mark.parametrize("progress", [{"what": "rows", "of": 9}, {"what": ["<b>"], "done": "half", "of": {"a": 1}}])
def test_whatever_an_external_job_says_of_its_progress_its_page_opens(client, staff, progress):
    run = make_run(make_job(), RunStatus.RUNNING, at=timezone.now(), progress=progress)

    page = client.get(f"{RUNS}{run.pk}/change/")

    assert (page.status_code, b"<progress" in page.content, b"<b>" in page.content) == (200, False, False)


def test_run_now_asks_first_and_is_put_down(client, staff):
    job = make_job("call", kind="http", http_url="https://example.org/")

    asked = client.get(f"{LIST}{job.pk}/run/")
    done = client.post(f"{LIST}{job.pk}/run/")

    run = JobRun.objects.get()
    assert (asked.status_code, done["Location"]) == (200, f"/live/jobs/runs/{run.pk}/")
    assert (run.trigger, run.triggered_by, LogEntry.objects.get().change_message) == ("manual", staff, "Run now: queued.")


def test_who_may_not_run_jobs_cannot(client, staff):
    staff.user_permissions.remove(Permission.objects.get(codename="run_job"))
    job = make_job("call", kind="http", http_url="https://example.org/")

    assert (client.post(f"{LIST}{job.pk}/run/").status_code, JobRun.objects.count()) == (403, 0)


def test_sentinels_own_jobs_cannot_be_deleted_or_become_something_else(client, staff):
    job = make_job()
    Job.objects.update(built_in=True)

    save(client, f"{LIST}{job.pk}/change/", slug="mine", kind="http", http_url="https://example.org/")

    assert (client.post(f"{LIST}{job.pk}/delete/", {"post": "yes"}).status_code, Job.objects.get().slug) == (403, "import")


def test_the_list_takes_as_many_queries_for_three_as_for_one(client, staff, django_assert_max_num_queries):
    for slug in ("one", "two", "three"):
        make_run(make_job(slug))

    with django_assert_max_num_queries(12):
        client.get(LIST)


def test_jobs_are_switched_off_and_on_together(client, staff):
    make_job(cron="30 2 * * *")
    for name in ("disable_ticked", "enable_ticked"):
        client.post(LIST, {"action": name, "_selected_action": [Job.objects.get().pk], "sure": "1"})
        assert (Job.objects.get().enabled, Job.objects.get().next_run_at is None) == ((name == "enable_ticked"), name == "disable_ticked")
