"""A ping is stored as it came, and does to its job what it says."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection

from alerts import routing
from alerts.models import Alert, Source
from backups import pings
from backups.enums import BackupStatus, BackupVerdict, PingKind, ReportedBy
from backups.job_callables import forget_pings
from backups.models import BackupEntry, ExpectedBackupJob, Ping
from backups.ping_calls import Became, Call, Target
from tests.conftest import HOUR, MINUTE, NOON, SECOND
from tests.factories import make_source

pytestmark = pytest.mark.django_db
ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _unhurried():
    pings.bursts.forget()
    pings.guesses.forget()


@pytest.fixture
def job():
    make_source("backups")
    return make_job()


def make_job(name="nightly", **fields):
    return ExpectedBackupJob.objects.create(database_name=name, **{"period_seconds": 86_400, "reported_by": "ping", **fields})


def call(job, kind=PingKind.SUCCESS, at=NOON, **fields):
    return Call(at=at, target=Target(ping_id=job.ping_id), kind=kind, **fields)


def send(job, kind=PingKind.SUCCESS, at=NOON, **fields):
    became = pings.take([call(job, kind, at, **fields)])[0]
    job.refresh_from_db()
    return became


def test_a_success_makes_the_job_good(job):
    assert send(job, head="done", size=4) is Became.TAKEN

    entry = BackupEntry.objects.get()
    assert (job.current_status, job.last_successful_backup_utc, job.overdue_at) == (BackupStatus.OK, NOON, NOON + 25 * HOUR)
    assert (entry.status, entry.reported_by, entry.agent_logs_summary) == (BackupVerdict.SUCCESS, ReportedBy.PING, "done")
    assert Ping.objects.values_list("job", "at", "kind", "body_head", "body_bytes").get() == (job.pk, NOON, "success", "done", 4)


def test_a_failure_is_an_alert_that_says_why_and_the_next_success_resolves_it(job):
    send(job, PingKind.FAIL, exit_status=3, head="Copying\nNo space left on device\n\n")
    alert = Alert.objects.get()
    assert (job.current_status, alert.status) == (BackupStatus.FAILED, "PENDING")
    assert BackupEntry.objects.get().message == "Exit status 3. No space left on device"

    send(job, at=NOON + HOUR)

    alert.refresh_from_db()
    assert (job.current_status, alert.status) == (BackupStatus.OK, "RESOLVED")


def test_a_log_is_kept_and_changes_nothing(job):
    before = ExpectedBackupJob.objects.values().get()

    assert send(job, PingKind.LOG, head="half of it") is Became.TAKEN

    assert ExpectedBackupJob.objects.values().get() == before
    assert (Ping.objects.get().kind, BackupEntry.objects.count()) == ("log", 0)


def test_a_log_and_a_ping_to_nothing_are_one_statement(job, django_assert_num_queries):
    with django_assert_num_queries(1):
        send_only = pings.take([call(job, PingKind.LOG)])
    with django_assert_num_queries(1):
        nothing = pings.take([Call(at=NOON, target=Target(ping_id=uuid4()), kind=PingKind.LOG)])

    assert (send_only, nothing) == ([Became.TAKEN], [Became.UNKNOWN])


@pytest.mark.parametrize(
    ("begun", "ended", "kind", "seconds", "goes_on"),
    [
        (None, None, PingKind.SUCCESS, 90.0, False),
        (ONE, ONE, PingKind.SUCCESS, 90.0, False),
        (ONE, None, PingKind.SUCCESS, None, False),
        (ONE, OTHER, PingKind.SUCCESS, None, True),
        (None, OTHER, PingKind.SUCCESS, None, True),
        (ONE, OTHER, PingKind.FAIL, None, False),
    ],
)
def test_a_start_is_paired_with_its_end(job, begun, ended, kind, seconds, goes_on):
    send(job, PingKind.START, rid=begun)
    assert (job.started_at, job.started_rid, job.last_successful_backup_utc) == (NOON, begun, None)

    send(job, kind, NOON + 90 * SECOND, rid=ended)

    assert (Ping.objects.first().duration_seconds, BackupEntry.objects.get().duration_seconds) == (seconds, seconds)
    assert (job.started_at is not None) == goes_on


def test_runs_that_overlap_have_each_their_own_duration(job):
    send(job, PingKind.START, rid=ONE)
    send(job, PingKind.START, NOON + MINUTE, rid=OTHER)
    send(job, at=NOON + 2 * MINUTE, rid=ONE)
    assert job.started_rid == OTHER
    send(job, at=NOON + 4 * MINUTE, rid=OTHER)

    durations = Ping.objects.filter(kind="success").order_by("at").values_list("duration_seconds", flat=True)
    assert (list(durations), job.started_at) == ([120.0, 180.0], None)


def test_a_start_without_an_end_is_due_after_its_grace(job):
    send(job)
    send(job, PingKind.START, NOON + HOUR)

    assert job.overdue_at == NOON + 2 * HOUR


def test_what_its_sender_measured_is_believed(job):
    send(job, PingKind.START)
    send(job, at=NOON + 90 * SECOND, duration_seconds=80.5)

    assert BackupEntry.objects.get().duration_seconds == 80.5


@pytest.mark.parametrize(
    ("kind", "resumes"), [(PingKind.SUCCESS, True), (PingKind.FAIL, True), (PingKind.LOG, False), (PingKind.START, False)]
)
def test_an_end_wakes_a_paused_job(job, kind, resumes):
    ExpectedBackupJob.objects.update(is_active=False)

    assert send(job, kind) is Became.TAKEN

    assert (job.is_active, job.overdue_at is not None) == (resumes, kind == PingKind.SUCCESS or (resumes and job.overdue_at is not None))


@pytest.mark.parametrize(
    ("fields", "method", "became"),
    [
        ({"manual_resume": True, "is_active": False}, "POST", Became.IGNORED),
        ({"manual_resume": True}, "GET", Became.TAKEN),
        ({"post_only": True}, "GET", Became.IGNORED),
        ({"post_only": True}, "HEAD", Became.IGNORED),
        ({"post_only": True}, "POST", Became.TAKEN),
    ],
)
def test_what_is_to_be_ignored_is_stored_and_does_nothing(job, fields, method, became):
    ExpectedBackupJob.objects.update(**fields)

    assert send(job, PingKind.FAIL, method=method) is became

    assert (Ping.objects.get().kind == "ignored", BackupEntry.objects.exists()) == (became is Became.IGNORED, became is Became.TAKEN)
    assert job.is_active == fields.get("is_active", True)


def test_a_job_of_the_calendar_has_its_cycle_decided(job):
    job = make_job("daily", period_seconds=None, expected_hour_utc=12, expected_minute_utc=30)

    send(job)
    send(job, at=NOON + 5 * MINUTE)

    assert BackupEntry.objects.values_list("cycle_at", "status", "reports").get() == (NOON + 30 * MINUTE, "success", 2)


# --- by name ---
def by_name(text, slug="nightly", at=NOON, **fields):
    return pings.take([Call(at=at, target=Target(key=pings.digest(text), slug=slug, **fields), kind=PingKind.SUCCESS)])[0]


def test_a_job_is_pinged_by_its_name_with_any_key(job):
    ExpectedBackupJob.objects.update(slug="nightly")
    _, text = pings.issue_key("office")

    assert [by_name(text), by_name("wrong"), by_name(text, "other")] == [Became.TAKEN, Became.UNKNOWN, Became.UNKNOWN]
    assert by_name(text, create=True) is Became.TAKEN


def test_a_key_says_when_it_was_used_to_the_minute(job):
    ExpectedBackupJob.objects.update(slug="nightly")
    key, text = pings.issue_key("office")
    used = []
    for at in (NOON, NOON + 30 * SECOND, NOON + 2 * MINUTE):
        by_name(text, at=at)
        key.refresh_from_db()
        used.append(key.last_used_at)

    assert used == [NOON, NOON, NOON + 2 * MINUTE]


def test_the_text_of_a_key_is_kept_nowhere(job):
    key, text = pings.issue_key("office")

    assert (len(text) >= 32, text in str(vars(key)), text.startswith(key.prefix)) == (True, False, True)


def test_a_new_name_becomes_a_job_that_is_expected_daily(job):
    _, text = pings.issue_key("office")

    assert [by_name(text, "laptop", create=True), by_name(text, "laptop", create=True)] == [Became.CREATED, Became.TAKEN]

    made = ExpectedBackupJob.objects.get(slug="laptop")
    assert (made.database_name, made.period_seconds, made.reported_by, made.current_status) == ("laptop", 86_400, "ping", "ok")
    assert (made.overdue_at, made.pings.count()) == (NOON + 25 * HOUR, 2)


def test_a_key_that_may_not_create_creates_nothing(job):
    _, text = pings.issue_key("office", may_create=False)

    assert by_name(text, "laptop", create=True) is Became.UNKNOWN


def test_a_key_cannot_fill_the_database_with_jobs(job):
    _, text = pings.issue_key("office")
    ExpectedBackupJob.objects.bulk_create(
        ExpectedBackupJob(database_name=f"n{n}", reported_by="ping", period_seconds=60) for n in range(pings.NEW_AN_HOUR)
    )

    assert by_name(text, "one-more", create=True) is Became.FULL


# --- together ---
def test_pings_that_come_together_are_done_in_their_order(job):
    other, calm = make_job("other"), make_job("calm")
    send(other, PingKind.FAIL)
    together = [
        call(job, PingKind.START, NOON + SECOND),
        call(other, at=NOON + SECOND),
        call(job, at=NOON + 2 * SECOND),
        Call(at=NOON, target=Target(ping_id=uuid4()), kind=PingKind.SUCCESS),
        call(calm, PingKind.LOG),
        call(other, PingKind.FAIL, NOON + 2 * SECOND),
        call(job, PingKind.START, NOON + 3 * SECOND),
        call(calm, PingKind.SUCCESS),
    ]

    became = pings.take(together)

    assert became == [Became.TAKEN] * 3 + [Became.UNKNOWN] + [Became.TAKEN] * 4
    jobs = ExpectedBackupJob.objects.order_by("created_at").values_list("current_status", "started_at")
    assert list(jobs) == [("ok", NOON + 3 * SECOND), ("failed", None), ("ok", None)]


def test_what_comes_together_costs_hardly_more_than_one(job, django_assert_max_num_queries):
    jobs = [make_job(f"n{number}") for number in range(30)]
    pings.take([call(each) for each in jobs])

    with django_assert_max_num_queries(15) as counted:
        pings.take([call(each, at=NOON + HOUR) for each in jobs])
    many = len(counted)
    with django_assert_max_num_queries(15) as counted:
        pings.take([call(each, at=NOON + 2 * HOUR) for each in jobs[:3]])

    assert many == len(counted)


def test_of_pings_that_come_together_all_are_stored_or_none(job):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE backups_ping ADD CHECK (body_head <> 'poison')")

    with pytest.raises(IntegrityError):
        pings.take([call(job), call(job, head="poison")])

    assert (Ping.objects.exists(), BackupEntry.objects.exists()) == (False, False)


# --- bounds ---
def test_a_flood_is_refused_and_a_log_keeps_out_nothing_that_matters(job):
    flood = [pings.take([call(job, PingKind.LOG)])[0] for _ in range(70)]

    assert flood == [Became.TAKEN] * 60 + [Became.TOO_MANY] * 10
    assert (send(job, PingKind.FAIL), Ping.objects.filter(kind="log").count()) == (Became.TAKEN, 60)
    assert send(job, PingKind.LOG, NOON + MINUTE) is Became.TAKEN


def test_who_guesses_is_held_up_and_who_is_right_is_not(job):
    def guess():
        return pings.take([Call(at=NOON, target=Target(ping_id=uuid4()), kind=PingKind.SUCCESS, address="192.0.2.7")])[0]

    guesses = [guess() for _ in range(32)]

    assert guesses == [Became.UNKNOWN] * 30 + [Became.TOO_MANY] * 2
    assert send(job, address="192.0.2.7") is Became.TAKEN


def test_only_the_last_pings_of_each_job_are_kept(job):
    other = make_job("other")
    for number in range(5):
        send(job, PingKind.LOG, NOON + number * SECOND)
    send(other, PingKind.LOG)

    assert (pings.forget_old(keep=3), forget_pings()) == (2, {"deleted": 0})
    kept = [NOON + 2 * SECOND, NOON + 3 * SECOND, NOON + 4 * SECOND]
    assert (sorted(job.pings.values_list("at", flat=True)), other.pings.count()) == (kept, 1)


@pytest.mark.django_db(transaction=True)
def test_a_source_that_was_made_anew_since_it_was_read_costs_no_ping():
    make_source("backups")
    job = make_job()
    routing.table()
    Source.objects.filter(slug="backups")._raw_delete("default")  # past the models: the table that was read knows nothing of it
    Source.objects.create(slug="backups", name="Backups")

    assert send(job, PingKind.FAIL) is Became.TAKEN
    assert (Alert.objects.get().source.name, Ping.objects.count()) == ("Backups", 1)
