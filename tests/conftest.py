"""Fixtures every test may use. Time in tests is NOON plus something; nothing reads the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from alerts import routing
from notifications import overrides

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
