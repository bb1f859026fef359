"""Backups in the admin."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from alerts.models import Alert
from backups import entries, pings
from backups.enums import BackupVerdict, PingKind
from backups.models import (
    BackupEntry,
    ExpectedBackupJob,
    Ping,
    PingKey,
    QuarantinedReport,
    RestoreProof,
    Scan,
    UnexpectedDatabase,
)  # fmt: skip
from tests.backups.factories import DAY, evidence, make_job, make_sources
from tests.conftest import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db
BASE = "/admin/backups/"
DUE = NOON + 30 * MINUTE
MODELS = ("expectedbackupjob", "backupentry", "unexpecteddatabase", "quarantinedreport", "ping", "pingkey", "restoreproof", "scan")
FORM = {
    "database_name": "ledger", "agent_id_responsible": "", "company_name": "Acme", "city": "", "neighborhood": "", "is_active": "on",
    "backup_frequency": "daily", "timezone": "Europe/Paris", "expected_hour_utc": "2", "expected_minute_utc": "30", "day_of_month": "1",
    "once_on": "", "cron": "", "grace_minutes": "60", "period_seconds": "", "restore_proof_days": "",
    "final_storage_path_template": "{company}/{database}/{filename}",
    "severity": "high", "email_for_notifications": "", "reported_by": "agent", "slug": "",
}  # fmt: skip


def signed_in(*permissions):
    user = User.objects.create_user(f"staff{len(permissions)}", is_staff=True)
    for permission in permissions:
        user.user_permissions.add(Permission.objects.get(content_type__app_label="backups", codename=permission))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def job():
    make_sources()
    return make_job(timezone="Europe/Paris")


def page(client, path):
    answer = client.get(BASE + path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_empty_and_filled(boss, job, model):
    page(boss, f"{model}/")
    entry = entries.decide(job.pk, evidence(verdict=BackupVerdict.FAILED, evidence={"archive": {"readable": True}})).entry_id
    UnexpectedDatabase.objects.create(agent="A", database_name="ledger", first_seen_at=NOON, last_seen_at=NOON)
    QuarantinedReport.objects.create(agent="A", file_name="ledger.json", stored_name="A/x", reason="No JSON.", found_at=NOON)
    Ping.objects.create(job=job, at=NOON, kind=PingKind.SUCCESS, method="GET")
    RestoreProof.objects.create(job=job, restored_at=NOON, succeeded=True)
    Scan.objects.create(trigger="asked", started_at=NOON, finished_at=NOON + MINUTE, counts={"success": 3})
    pings.issue_key("ledger key")

    found = page(boss, f"{model}/")
    pk = {"backupentry": entry, "expectedbackupjob": job.pk}.get(model) or boss.get(f"{BASE}{model}/").context["cl"].result_list[0].pk

    assert "ledger" in found or model == "scan"
    page(boss, f"{model}/{pk}/change/")


def test_a_job_is_added_and_shows_its_next_five_runs(boss):
    made = boss.post(f"{BASE}expectedbackupjob/add/", FORM)

    job = ExpectedBackupJob.objects.get()
    assert (made.status_code, job.next_expected_at is not None, job.created_by.username) == (302, True, "boss")
    shown = page(boss, f"expectedbackupjob/{job.pk}/change/")
    assert shown.count("02:30 Europe/Paris") == 5
    assert pings.url(job) in shown
    assert "Nothing is odd." in shown


def test_a_job_whose_reports_always_come_an_hour_late_is_said_to_be_set_wrongly(boss, job):
    for day in range(5):
        entries.decide(job.pk, evidence(str(day), at=DUE + day * DAY))

    shown = page(boss, f"expectedbackupjob/{job.pk}/change/")

    assert "always come one hour late" in shown


def test_one_that_always_comes_too_early_is_not_called_a_day_late(boss, job):
    for day in range(5):
        entries.decide(job.pk, evidence(str(day), at=DUE - 3 * HOUR + day * DAY))

    assert "always come 2 hours early" in page(boss, f"expectedbackupjob/{job.pk}/change/")


def test_what_cannot_be_is_said_at_its_field(boss):
    wrong = {"timezone": "Mars", "period_seconds": "5", "backup_frequency": "cron", "restore_proof_days": "0"}

    answer = boss.post(f"{BASE}expectedbackupjob/add/", FORM | wrong)

    assert (answer.status_code, ExpectedBackupJob.objects.count()) == (200, 0)
    assert answer.context["adminform"].form.errors.keys() == {"timezone", "period_seconds", "cron", "restore_proof_days"}


def test_jobs_are_switched_off_and_deleted_with_their_alerts(boss, job):
    other = make_job("other")
    for each in (job, other):
        entries.decide(each.pk, evidence(verdict=BackupVerdict.FAILED))

    boss.post(f"{BASE}expectedbackupjob/", {"action": "disable_ticked", "_selected_action": [job.pk], "sure": "1"})
    assert "its pings" in page(boss, f"expectedbackupjob/{other.pk}/delete/")
    boss.post(f"{BASE}expectedbackupjob/{other.pk}/delete/", {"post": "yes"})

    assert list(ExpectedBackupJob.objects.values_list("is_active", "overdue_at")) == [(False, None)]
    assert (BackupEntry.objects.count(), set(Alert.objects.values_list("status", flat=True))) == (1, {"RESOLVED"})


def test_an_unexpected_database_is_expected_by_one_click(boss):
    found = UnexpectedDatabase.objects.create(agent="ACME_PARIS_NORTH", database_name="new", first_seen_at=NOON, last_seen_at=NOON)
    path = f"{BASE}unexpecteddatabase/{found.pk}/expect/"
    assert f'formaction="{path}"' in page(boss, "unexpecteddatabase/")
    assert boss.get(path).status_code == 405

    answer = boss.post(path)

    job = ExpectedBackupJob.objects.get()
    assert (answer.status_code, answer.url) == (302, f"{BASE}expectedbackupjob/{job.pk}/change/")
    assert not UnexpectedDatabase.objects.exists()


def test_who_may_only_look_neither_expects_nor_settles_nor_learns_an_address(job):
    looks = signed_in("view_unexpecteddatabase", "view_quarantinedreport", "view_expectedbackupjob")
    found = UnexpectedDatabase.objects.create(agent="A", database_name="new", first_seen_at=NOON, last_seen_at=NOON)
    report = QuarantinedReport.objects.create(agent="A", file_name="x.json", stored_name="A/x", reason="No JSON.", found_at=NOON)

    assert looks.post(f"{BASE}unexpecteddatabase/{found.pk}/expect/").status_code == 403
    assert looks.post(f"{BASE}quarantinedreport/{report.pk}/settle/").status_code == 403
    assert str(job.ping_id) not in page(looks, f"expectedbackupjob/{job.pk}/change/")


def test_a_quarantined_file_is_handed_out_and_never_one_from_elsewhere(boss, settings, tmp_path):
    settings.SENTINEL_BACKUP_QUARANTINE = tmp_path
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "x.json").write_bytes(b"<script>")
    (tmp_path / "secret").write_bytes(b"no")
    good, *bad = [
        QuarantinedReport.objects.create(agent="A", file_name="x", stored_name=name, reason="?", found_at=NOON)
        for name in ("A/x.json", "../secret", "A/../secret", "secret", "", "A/none", "/etc/passwd")
    ]

    answer = boss.get(f"{BASE}quarantinedreport/{good.pk}/file/")

    assert (b"".join(answer.streaming_content), answer["Content-Type"]) == (b"<script>", "application/octet-stream")
    assert "attachment" in answer["Content-Disposition"]
    assert {boss.get(f"{BASE}quarantinedreport/{each.pk}/file/").status_code for each in bad} == {404}


def test_a_quarantined_report_is_settled_by_one_click(boss):
    report = QuarantinedReport.objects.create(agent="A", file_name="x.json", stored_name="A/x", reason="No JSON.", found_at=NOON)

    boss.post(f"{BASE}quarantinedreport/{report.pk}/settle/")

    report.refresh_from_db()
    assert report.settled_at is not None


def test_a_ping_key_is_shown_once(boss):
    answer = boss.post(f"{BASE}pingkey/add/", {"name": "site", "may_create": "on"})

    key, text = PingKey.objects.get(), answer.context["text"]
    assert (answer.status_code, "no-store" in answer["Cache-Control"], key.digest) == (200, True, pings.digest(text))
    assert text not in page(boss, f"pingkey/{key.pk}/change/")


def test_entries_are_exported_as_the_list_filters_them(boss, job):
    entries.decide(job.pk, evidence(verdict=BackupVerdict.FAILED))
    entries.decide(make_job("other").pk, evidence())

    answer = boss.get(f"{BASE}backupentry/export.csv?status__exact=failed")

    text = b"".join(answer.streaming_content).decode()
    assert ("ledger" in text, "other" in text) == (True, False)
    assert signed_in().get(f"{BASE}backupentry/export.csv").status_code == 403


def test_a_scan_is_asked_for(boss, job):
    assert 'action="/admin/backups/expectedbackupjob/scan/"' in page(boss, "expectedbackupjob/")
    assert boss.get(f"{BASE}expectedbackupjob/scan/").status_code == 405
    assert signed_in("view_expectedbackupjob").post(f"{BASE}expectedbackupjob/scan/").status_code == 403

    boss.post(f"{BASE}expectedbackupjob/scan/")

    assert Scan.objects.count() == 1


def test_a_restore_proof_names_who_says_it(boss, job):
    at = timezone.now()
    form = {"job": job.pk, "restored_at_0": f"{at:%Y-%m-%d}", "restored_at_1": f"{at:%H:%M:%S}", "succeeded": "on", "detail": "All of it."}

    assert boss.post(f"{BASE}restoreproof/add/", form).status_code == 302
    assert RestoreProof.objects.get().by.username == "boss"
