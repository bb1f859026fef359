"""A whole Sentinel for journeys, as a newcomer has it: `manage.py up`, and mail that is written to files."""

import email
import re
import subprocess
import sys
import tempfile
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from sentinel_site import env
from tests.faults.house import Up


class MailFolder:
    """The mail that was written to files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def to(self, address: str) -> list[EmailMessage]:
        """What was sent to ``address``, in the order of its making: the names are ids that grow."""
        mails = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(self.folder.glob("*.eml"))]
        return [mail for mail in mails if mail["To"] == address]


class Terminal:
    """A newcomer's second terminal: commands as the manual has them, on this house's port and data, with the key that was printed last."""

    def __init__(self, house: Up) -> None:
        self.house = house
        self.key = ""

    def run(self, command: str) -> str:
        """What ``command`` prints. It must succeed."""
        here = {"localhost:8000": f"127.0.0.1:{self.house.port}", ".venv/bin/python": sys.executable, "var/": f"{self.house.data_dir}/"}
        for written, meant in here.items():
            command = command.replace(written, meant)
        done = subprocess.run(
            ["sh", "-ec", command.replace("snt_...", self.key)],
            env=self.house.environ | {"KEY": self.key},
            cwd=env.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        self.key = (re.findall(r"snt_[\w-]+", done.stdout) or [self.key])[-1]
        return done.stdout


@pytest.fixture(scope="module")
def sentinel():
    """A fresh installation, running, and not for longer than it is needed."""
    with tempfile.TemporaryDirectory(prefix="sentinel-journey-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with Up(Path(name) / "up") as house:
            yield house


@pytest.fixture(scope="module")
def mailbox(sentinel):
    return MailFolder(sentinel.data_dir / "mail")


@pytest.fixture
def terminal(sentinel):
    return Terminal(sentinel)
