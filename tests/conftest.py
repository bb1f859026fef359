"""Fixtures every test may use. Time in tests is NOON plus something; nothing reads the clock."""

import gc
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import get_commands
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils import translation
from hypothesis import HealthCheck, settings
from redis.exceptions import RedisError

from alerts import routing
from notifications import overrides
from sentinel_site import health
from tests import flushing, migrated, patience
from tests import web as server
from tests.twilio_api import ACCOUNT, BASE, OURS, TOKEN, Twilio

settings.register_profile("steady", derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("wide", settings.get_profile("steady"), derandomize=False, max_examples=1000)
settings.load_profile("steady")  # the same examples in every run; to look for others: --hypothesis-profile=wide
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
KEPT_SECONDS = 60
CLEARS = 10
_own = {"kept": 1}
"""Connections in use between tests: the one of the tests' own thread."""


def pytest_configure():
    """Leave out what costs a test time and shows it nothing.

    Making passwords slow to guess took half of the whole run, and reading all static files again for each client a fifth of the rest.
    """
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django_settings.WHITENOISE_AUTOREFRESH = True
    django_settings.PALETTE_MS, django_settings.GEMINI_SECONDS = 60_000, 60.0  # a machine may stop for seconds
    patience.have(django_settings)
    get_commands()["flush"] = flushing.Command()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """This process's database. The whole server is thrown away at the end of the run (tests/servers.py), and the database with it."""
    with django_db_blocker.unblock():
        migrated.make()


@pytest.fixture(autouse=True)
def _fresh_routing():
    routing.forget()
    yield
    routing.forget()


@pytest.fixture(autouse=True)
def _nothing_counted():
    """What is counted by address and user for a minute or an hour: all tests come from 127.0.0.1, and many have the same telephone."""
    for _ in range(CLEARS):
        with suppress(RedisError):  # a machine that stops for two seconds
            cache.clear()
            return
    cache.clear()


@pytest.fixture(autouse=True)
def _fresh_overrides():
    overrides.forget()


@pytest.fixture(autouse=True)
def _own_language():
    """A page in French leaves French switched on in its thread: the next test begins in the site's language."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _fresh_health():
    health.forget()


@pytest.fixture(autouse=True)
def _connections_given_back():
    """Whoever keeps a connection takes it from all tests that follow in this process, until there is none for one of them."""
    yield
    if _kept() > _own["kept"]:
        connections.close_all()  # this thread's in the loop of Playwright, which has another than without
        SyncToAsync.single_thread_executor.submit(connections.close_all).result()  # asgiref's one thread for the whole process
        tick, until = threading.Event(), time.monotonic() + KEPT_SECONDS
        while (kept := _kept()) > _own["kept"] and time.monotonic() < until:
            tick.wait(0.01)
        before, _own["kept"] = _own["kept"], max(kept, _own["kept"])  # the next test did not take them
        names = sorted(thread.name for thread in threading.enumerate())
        assert kept <= before, f"{kept - before} connections were not given back; the threads: {names}"


def _kept():
    pool = DatabaseWrapper._connection_pools.get("default")
    stats = pool.get_stats() if pool else {}
    return stats.get("pool_size", 0) - stats.get("pool_available", 0)


@pytest.fixture
def keys_are_kept(settings):
    """For who counts statements: else a request takes more of them when the one before is more than a second ago."""
    settings.KEYS_KEPT_SECONDS = settings.ROUTES_KEPT_SECONDS = 3600


@pytest.fixture
def django_assert_num_queries(keys_are_kept, django_assert_num_queries):
    return django_assert_num_queries


@pytest.fixture
def django_assert_max_num_queries(keys_are_kept, django_assert_max_num_queries):
    return django_assert_max_num_queries


@pytest.fixture
def user(db):
    return User.objects.create_user("robin", "robin@example.org", "correct horse battery", first_name="Robin", last_name="Vale")


@pytest.fixture
def web():
    """The real web server on the test's database; one serves all tests that follow one another, use it, and leave it alive."""
    return server.shared()


def pytest_runtest_setup(item):
    if "web" not in getattr(item, "fixturenames", ()):
        server.leave()


def pytest_sessionfinish():
    server.leave()


@pytest.fixture
def twilio(settings):
    """Twilio's API on loopback, set up for SMS and calls, and a site that it can call back."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, [TOKEN]
    settings.TWILIO_FROM = settings.TWILIO_VOICE_FROM = OURS
    settings.SENTINEL_BASE_URL, settings.ALLOWED_HOSTS = BASE, ["*"]
    with Twilio() as api:
        settings.TWILIO_BASE_URL = api.url
        yield api


def pytest_collection_finish():
    """Look for garbage less often, and not among the modules and tests: a seventh of the processor time of a run went there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


CORE = (
    "tests/test_architecture.py", "tests/alerts/test_escalation", "tests/alerts/test_lifecycle", "tests/alerts/test_intake",
    "tests/alerts/test_plan", "tests/alerts/test_routing", "tests/alerts/test_suppression", "tests/alerts/test_answering",
    "tests/notifications/test_dispatch", "tests/notifications/test_outbox", "tests/notifications/test_rules",
    "tests/notifications/test_receipts", "tests/site/test_prepared", "tests/site/test_ingest",
)  # fmt: skip
"""What the quick loop (`make check`) runs: the way of an alert, and the walls. `make test` runs everything."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the core, and let the processes of a parallel run begin with what takes longest.

    One begins with the houses that are broken, which share two, one with the tests that each start a house, and one with those
    in a browser and on a web server. They wait a lot, while the other processes take over the rest.
    """
    for item in items:
        if item.nodeid.startswith(CORE):
            item.add_marker(pytest.mark.core)
    groups = defaultdict(list)
    for item in items:
        groups[_group(item)].append(item)
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = spread([groups["broken houses"], groups["new houses"], groups["browser"] + groups["web"]], groups["others"], processes)


def _group(item: pytest.Item) -> str:
    if item.get_closest_marker("slow") and not item.get_closest_marker("django_db"):
        return "broken houses" if item.nodeid.startswith("tests/faults/") else "new houses"
    return "browser" if item.nodeid.startswith("tests/browser/") else "web" if "web" in getattr(item, "fixturenames", ()) else "others"


def spread(groups, others, processes):
    """All of them in one list, of which `--dist worksteal` gives each process an equal part to begin with: a group begins each part."""
    firsts = [*groups[: processes - 1], list(chain(*groups[processes - 1 :]))]
    rest, found, end, count = iter(others), [], 0, len(others) + sum(map(len, groups))
    for number in range(processes):
        end += (count - end) // (processes - number)
        found += firsts[number] if number < len(firsts) else []
        found += islice(rest, max(0, end - len(found)))
    return [*found, *rest]
