import pytest

from alerts.models import Alert, Source
from jobs import job_alerts
from jobs.enums import RunStatus, Trigger
from jobs.models import JobLink
from tests.conftest import HOUR, MINUTE, NOON
from tests.factories import make_source
from tests.jobs.rows import make_history, make_job, make_run

pytestmark = pytest.mark.django_db
TRACE = "Traceback (most recent call last):\n" + "\n".join(f"  frame {n}" for n in range(40)) + "\nValueError: no such table"


@pytest.fixture(autouse=True)
def source():
    return make_source("jobs")


@pytest.fixture
def job():
    return make_job("import", name="Nightly import", cron="30 2 * * *", time_zone="Europe/Paris")


def end(run, *, at=NOON + HOUR):
    job_alerts.ended(run, at=at)


def shown():
    return sorted(Alert.objects.values_list("type", "status"))


def test_a_failure_is_told_with_what_an_operator_needs_at_three_in_the_morning(job):
    JobLink.objects.create(parent=job, child=make_job("report", name="Morning report", kind="callable", callable="sales.report"))
    make_run(job, at=NOON - 24 * HOUR, seconds=95)
    run = make_run(job, RunStatus.ERROR, message="exit code 2", error=TRACE, output="row 1\nrow 2", scheduled_for=NOON, seconds=192)

    end(run)

    alert = Alert.objects.get()
    assert (alert.title, alert.type, alert.subject, alert.severity) == ("Nightly import failed", "job-error", "import", "high")
    for fact in (
        "exit code 2", str(run.pk), "by its schedule", "2026-03-02 13:00:00 (Europe/Paris)", "It took 3 min 12 s.", "no such table",
        "The end of its output:\nrow 1\nrow 2", "Last success: 2026-03-01 13:01:35 (Europe/Paris), took 1 min 35 s.", "Morning report",
        "run the job again",
    ):  # fmt: skip
        assert fact in alert.description
    assert "frame 3\n" not in alert.description
    assert alert.links[0]["href"].endswith(f"/live/jobs/runs/{run.pk}/")
    assert alert.labels == {"job": "import", "run": str(run.pk), "trigger": "scheduler"}


def test_a_second_failure_is_the_same_alert_and_the_next_good_run_ends_it(job):
    end(make_run(job, RunStatus.ERROR))
    end(make_run(job, RunStatus.ERROR, at=NOON + HOUR))
    assert Alert.objects.get().occurrences == 2

    end(make_run(job, RunStatus.WARNING, at=NOON + 2 * HOUR))

    assert (shown(), Alert.objects.get().resolution) == ([("job-error", "RESOLVED")], "recovered")


def test_the_good_run_of_another_job_ends_nothing(job):
    end(make_run(job, RunStatus.ERROR))

    end(make_run(make_job("other")))

    assert shown() == [("job-error", "PENDING")]


def test_every_kind_of_alert_ends_with_a_good_run(job):
    job_alerts.late(job, NOON - HOUR, None, at=NOON)
    job_alerts.too_long(make_run(job, RunStatus.RUNNING), at=NOON + HOUR)
    end(make_run(job, RunStatus.ORPHANED, reason="no sign of life for 45 s"))
    assert [kind for kind, _ in shown()] == ["job-late", "job-long", "job-orphaned"]

    end(make_run(job, at=NOON + HOUR))

    assert {status for _, status in shown()} == {"RESOLVED"}


def test_what_was_skipped_tells_nobody(job):
    end(make_run(job, RunStatus.SKIPPED, reason="Export failed"))

    assert shown() == []


def test_the_alert_comes_from_the_source_of_the_job(job):
    job.source = make_source("erp")

    end(make_run(job, RunStatus.ERROR))

    assert Alert.objects.get().source.slug == "erp"


def test_without_its_source_it_comes_from_sentinel_itself(job):
    Source.objects.filter(slug="jobs").update(enabled=False)
    make_source("sentinel")

    end(make_run(job, RunStatus.ERROR))

    assert Alert.objects.get().source.slug == "sentinel"


def test_everybody_reads_it_in_their_own_language(job):
    parent = make_run(make_job("export", name="Export"))

    end(make_run(job, RunStatus.ORPHANED, trigger=Trigger.CHAIN, parent=parent))

    alert = Alert.objects.get()
    french = alert.translations["fr"]
    assert (alert.title, french["title"]) == ("Nightly import was never heard of again", "Nightly import n’a plus donné de nouvelles")
    assert "après Export" in french["description"]
    assert "Dernier succès\u00a0: jamais." in french["description"]


def test_an_external_job_that_fell_silent_sends_people_to_its_machine(job):
    job.kind = "external"

    end(make_run(job, RunStatus.ORPHANED))

    assert "Look at the machine that runs it" in Alert.objects.get().description


def test_a_good_run_unlike_the_others_is_told_as_p4_and_the_next_usual_one_ends_it(job):
    make_history(job, seconds=60, stats={"rows": 1000})
    end(make_run(job, seconds=600, stats={"rows": 0}))
    alert = Alert.objects.get()
    assert (alert.type, alert.priority) == ("job-drift", 4)
    assert "it took 10 min instead of 1 min" in alert.description
    assert "rows is 0 instead of 1,000" in alert.description

    end(make_run(job, at=NOON + HOUR, seconds=61, stats={"rows": 1001}))

    assert shown() == [("job-drift", "RESOLVED")]


def test_a_run_that_drifts_on_keeps_its_alert_and_ends_the_others(job, django_capture_on_commit_callbacks):
    make_history(job, seconds=60)
    end(make_run(job, RunStatus.ERROR))
    with django_capture_on_commit_callbacks(execute=True):
        end(make_run(job, at=NOON + HOUR, seconds=900))

    end(make_run(job, at=NOON + 2 * HOUR, seconds=950))

    assert shown() == [("job-drift", "PENDING"), ("job-error", "RESOLVED")]
    assert Alert.objects.get(type="job-drift").occurrences == 2


def test_a_late_slot_is_told_once_and_the_next_one_again(job):
    told = [job_alerts.late(job, NOON - HOUR, None, at=NOON + n * MINUTE) for n in range(2)]
    told.append(job_alerts.late(job, NOON, None, at=NOON + HOUR))

    assert (told, Alert.objects.get().occurrences) == ([True, False, True], 2)


def test_a_hostile_error_stays_short_and_whole(job):
    run = make_run(job, RunStatus.ERROR, error="<script>alert(1)</script>\x1b[31m" + "é" * 100_000, message="x" * 1000, output="\n" * 9999)

    end(run)

    assert len(Alert.objects.get().description) < 6000


def test_a_success_of_yesterday_that_is_reported_today_does_not_end_the_failure_of_today():
    outside = make_job("outside", kind="external")
    end(make_run(outside, status=RunStatus.ERROR), at=NOON + HOUR)

    end(make_run(outside, status=RunStatus.SUCCESS), at=NOON)
    before = shown()
    end(make_run(outside, status=RunStatus.SUCCESS), at=NOON + 2 * HOUR)

    assert (before, shown()) == ([("job-error", "PENDING")], [("job-error", "RESOLVED")])
