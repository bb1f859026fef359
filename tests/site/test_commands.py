"""The small commands of an operator: apikey, doctor, demo."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from alerts.models import Route
from notifications.models import ContactMethod
from sentinel_site import beats, bootstrap, doctor, health
from sentinel_site.models import ApiKey, ProcessBeat
from tests.conftest import NOON
from tests.factories import make_recipient

DAY = timedelta(days=1)


@pytest.fixture
def home(db, settings, tmp_path):
    """A bootstrapped house in which everything beats."""
    for name in ("DEPOSIT", "STORE", "QUARANTINE"):
        setattr(settings, f"SENTINEL_BACKUP_{name}", tmp_path / "backups" / name.lower())
    bootstrap.run()
    health.forget()
    for role in health.LIMITS:
        beats.beat(role, at=NOON)
    yield
    health.forget()


def said(capsys, *command: str) -> str:
    call_command(*command)
    return str(capsys.readouterr().out)


def levels(*, at=NOON) -> dict[str, str]:
    return {finding.text: finding.level for finding in doctor.examine(at=at)}


def test_apikey_prints_only_the_key_and_the_key_works(home, capsys, client):
    text = said(capsys, "apikey", "create", "--user", "admin", "--name", "phone").strip()

    assert text.startswith("snt_")
    assert client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {text}"}).status_code == 200


def test_apikey_expires_after_the_days_asked_for(home, capsys):
    said(capsys, "apikey", "create", "--user", "admin", "--name", "phone", "--expires-days", "3")

    key = ApiKey.objects.get()
    assert key.expires_at - key.created_at == timedelta(days=3)


def test_apikey_makes_a_user_in_a_group_when_asked_to(home, capsys):
    said(capsys, "apikey", "create", "--user", "camera", "--name", "one", "--group", "Ingest")

    user = User.objects.get(username="camera")
    assert (user.has_perm("alerts.report_alert"), user.has_perm("alerts.view_alert"), user.has_usable_password()) == (True, False, False)


def test_apikey_of_an_unknown_user_says_what_to_do(home):
    with pytest.raises(CommandError, match=r"There is no user joe\. Name one that exists, or add --group Ingest to make it\."):
        call_command("apikey", "create", "--user", "joe", "--name", "x")


def test_a_revoked_key_is_refused_and_listed_as_such(home, capsys, client):
    text = said(capsys, "apikey", "create", "--user", "admin", "--name", "phone").strip()

    said(capsys, "apikey", "revoke", text)

    assert client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    listed = said(capsys, "apikey", "list")
    assert "revoked" in listed
    assert text not in listed


def test_doctor_fails_while_nobody_can_be_told(home, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("doctor")

    assert stopped.value.code == 1
    assert "Nobody can be told anything." in capsys.readouterr().out


def test_doctor_names_policies_that_reach_nobody(home):
    make_recipient(groups=["manager"])

    found = levels()

    assert found["The policy P3 reaches nobody. Put recipients with a working contact method into its groups."] == doctor.ERROR
    assert found["The policy P1 has steps that reach nobody: On call. Name somebody with a working contact method."] == doctor.WARN


def test_doctor_names_people_without_a_verified_method(home):
    make_recipient(groups=["oncall"])
    ContactMethod.objects.update(verified=False)

    text = "Robin Vale cannot be told anything: Robin Vale has no contact method that is verified, active and working."
    assert levels()[f"{text} Add a contact method, verify it, and send a test message."] == doctor.WARN


def test_doctor_says_where_mail_goes_while_there_is_no_server(home, settings):
    assert levels()[f"EMAIL_URL is not set: mail is written as files under {settings.EMAIL_FILE_PATH}."] == doctor.WARN


def test_doctor_misses_the_catch_all_and_the_administrator(home):
    Route.objects.all().delete()
    User.objects.all().delete()

    found = levels()

    missing = "There is no catch-all route, so reports may find no policy. Run `manage.py bootstrap`, which makes it again."
    assert found[missing] == doctor.ERROR
    assert found["There is no active superuser: run `manage.py createsuperuser`."] == doctor.ERROR


def test_doctor_names_a_dead_process(home):
    ProcessBeat.objects.update(started_at=NOON - timedelta(hours=2))
    ProcessBeat.objects.filter(role="monitor").update(beat_at=NOON - timedelta(hours=1))

    assert any(text.startswith("The monitor has given no sign of life") for text, level in levels().items() if level == doctor.ERROR)
