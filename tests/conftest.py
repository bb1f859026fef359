"""Fixtures every test may use. Time in tests is NOON plus something; nothing reads the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from alerts import routing
from notifications import overrides
from tests.twilio_api import ACCOUNT, BASE, OURS, TOKEN, Twilio

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def django_db_keepdb():
    """The whole server is thrown away at the end of the run (tests/servers.py), so the database need not be dropped first."""
    return True


@pytest.fixture(autouse=True)
def _fresh_routing():
    routing.forget()
    yield
    routing.forget()


@pytest.fixture(autouse=True)
def _fresh_overrides():
    overrides.forget()


@pytest.fixture
def user(db):
    return User.objects.create_user("robin", "robin@example.org", "correct horse battery", first_name="Robin", last_name="Vale")


@pytest.fixture
def twilio(settings):
    """Twilio's API on loopback, set up for SMS and calls, and a site that it can call back."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, [TOKEN]
    settings.TWILIO_FROM = settings.TWILIO_VOICE_FROM = OURS
    settings.SENTINEL_BASE_URL, settings.ALLOWED_HOSTS = BASE, ["*"]
    with Twilio() as api:
        settings.TWILIO_BASE_URL = api.url
        yield api


THOROUGH = (
    "tests/security/", "tests/notifications/transports/", "tests/notifications/test_admin", "tests/notifications/test_api",
    "tests/notifications/test_apprise", "tests/notifications/test_calendar", "tests/notifications/test_feeds",
    "tests/notifications/test_mail",
    "tests/notifications/test_oncall", "tests/notifications/test_sms_replies", "tests/notifications/test_twilio", "tests/alerts/test_admin",
    "tests/notifications/test_storms", "tests/notifications/test_proofs", "tests/notifications/test_verification",
    "tests/notifications/test_revisions", "tests/notifications/test_breakers", "tests/notifications/test_sandbox",
)  # fmt: skip
"""What the quick loop (`make check`) leaves to `make test`: the edges, every provider in every mode, every attack."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is thorough as slow."""
    for item in items:
        if item.nodeid.startswith(THOROUGH):
            item.add_marker(pytest.mark.slow)
