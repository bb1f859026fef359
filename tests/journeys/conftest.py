"""A whole Sentinel for journeys: `manage.py up`, and a mail server that it sends to."""

import tempfile
from pathlib import Path

import pytest

from tests.faults.house import Up
from tests.faults.provider import Mailbox


@pytest.fixture(scope="module")
def mailbox():
    with Mailbox() as box:
        yield box


@pytest.fixture(scope="module")
def sentinel(mailbox):
    """A fresh installation, running, and not for longer than it is needed."""
    with tempfile.TemporaryDirectory(prefix="sentinel-journey-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with Up(Path(name) / "up", EMAIL_URL=mailbox.url) as house:
            yield house
