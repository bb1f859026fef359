"""What `manage.py help` says first."""

from sentinel_site import welcome
from sentinel_site.env import BASE_DIR


def test_every_command_of_ours_is_introduced():
    ours = {path.stem for path in BASE_DIR.glob("*/management/commands/[a-z]*.py")}

    assert ours == {*welcome.COMMANDS, *welcome.STARTED_BY_UP}
    assert all(f"  {name} " in welcome.text() for name in welcome.COMMANDS)
