"""S8: which views ask for no CSRF token is a list, each with its reason."""

from pathlib import Path

import pytest

from alerts.models import Alert
from backups import pings
from backups.models import ExpectedBackupJob, Ping
from tests.callers import KeyClient, make_user
from tests.factories import make_source

ROOT = Path(__file__).resolve().parents[2]
EXEMPT = {
    "alerts/answer_views.py": "the token",
    "backups/ping_views.py": "the address",
    "notifications/mail_views.py": "the service's secret",
    "notifications/proof_views.py": "the token",
    "notifications/push_views.py": "the token",
    "notifications/slack_views.py": "Slack's signature",
    "notifications/twilio_views.py": "Twilio's signature",
    "sentinel_site/api.py": "it does nothing",
    "sentinel_site/auth.py": "the key, and no session",
}


def test_views_without_csrf_are_these_and_say_why():
    found = {}
    for path in sorted(ROOT.glob("*/*.py")):
        lines = [line for line in path.read_text().splitlines() if "@csrf_exempt" in line]
        if lines and path.parts[-2] != "tests":
            found[path.relative_to(ROOT).as_posix()] = lines[0]

    assert found.keys() == EXEMPT.keys()
    assert [name for name, why in EXEMPT.items() if why not in found[name]] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/ping/{job.pk}", "/ping/{job.ping_id}x", "/ping/nightly", "/api/push/nightly", "/ping/{job.badge_id}/fail"]
)
def test_who_is_signed_in_pings_nothing_without_its_address(path):
    pings.guesses.forget()
    make_source("backups")
    job = ExpectedBackupJob.objects.create(database_name="nightly", slug="nightly", period_seconds=3600)
    client = KeyClient()
    client.force_login(make_user("root", is_superuser=True))

    answer = client.post(path.format(job=job))

    assert (answer.status_code, Ping.objects.count(), Alert.objects.count()) == (404, 0, 0)
