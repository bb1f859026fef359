"""The programs, and the web server they speak to."""

import shutil

import pytest

from sentinel_site.models import ApiKey
from tests.callers import make_user
from tests.factories import make_source

EVERYTHING = (
    "alerts.report_alert", "alerts.view_alert", "alerts.view_silence", "alerts.add_silence", "alerts.delete_silence",
)  # fmt: skip


def program(name: str) -> str:
    """Where the program is; without it the test is skipped."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not on this machine: `make test-interop` installs it on Debian")
    return found


@pytest.fixture
def key():
    make_source("alertmanager", severity="medium")
    return ApiKey.issue(user=make_user("prometheus", *EVERYTHING), name="prometheus")[1]


@pytest.fixture
def web(key, web):
    return web
