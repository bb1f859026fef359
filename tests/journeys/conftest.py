"""A whole Sentinel for journeys: `manage.py up`, and a mail server that it sends to."""

import tempfile
from pathlib import Path

import pytest

from tests.faults.house import Up
from tests.faults.provider import Mailbox


@pytest.fixture(scope="session")
def mailbox():
    with Mailbox() as box:
        yield box


@pytest.fixture(scope="session")
def sentinel(mailbox):
    """A fresh installation, running."""
    with tempfile.TemporaryDirectory(prefix="sentinel-journey-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with Up(Path(name) / "up", EMAIL_URL=mailbox.url) as house:
            yield house
