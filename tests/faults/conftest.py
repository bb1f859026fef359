"""Houses to break. One `up` and one set of rooms serve a whole run: what is broken in them must come back by itself."""

import tempfile
from pathlib import Path

import pytest

from tests.faults.house import Rooms, Up, until
from tests.faults.provider import Mailbox, Provider


@pytest.fixture(scope="session")
def mailbox():
    with Mailbox() as box:
        yield box


@pytest.fixture(scope="session")
def ground():
    """A directory that PostgreSQL's own user can reach; pytest's directories close themselves whenever another run starts."""
    with tempfile.TemporaryDirectory(prefix="sentinel-house-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def up(ground, mailbox):
    """A running house, and the provider that its people are told by: `up.provider`."""
    with Provider() as provider, Up(ground / "up", EMAIL_URL=mailbox.url) as house:
        house.provider = provider
        house.seed(people={"Robin Vale": [provider.url("/ok")]}, sources={"probe": {"people": ["Robin Vale"]}})
        yield house


@pytest.fixture
def house(up):
    """The running house, healthy at the start of each test and again at its end."""
    until(up.well, 240, "a healthy house before the test")
    yield up
    until(up.well, 240, "a healthy house after the test")


@pytest.fixture(scope="session")
def _rooms(ground, mailbox):
    data_dir = ground / "rooms"
    (data_dir / "static").mkdir(parents=True)
    with Provider() as provider, Rooms(data_dir, EMAIL_URL=mailbox.url) as house:
        house.provider = provider
        house.seed(people={"Robin Vale": [provider.url("/ok")]}, sources={"probe": {"people": ["Robin Vale"]}})
        yield house


@pytest.fixture
def rooms(_rooms):
    """A house whose programs each test chooses with ``rooms.only(...)``."""
    yield _rooms
    _rooms.__exit__()
