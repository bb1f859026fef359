"""Reports in quarantine: somebody looks into them, and their files stay."""

from datetime import datetime
from pathlib import Path

from backups.models import QuarantinedReport
from backups.storage import Folder, RefusedError


def settle(found: QuarantinedReport, *, at: datetime) -> None:
    """Somebody looked into it; the first time counts."""
    if found.settled_at is None:
        found.settled_at = at
        found.save(update_fields=["settled_at"])


def opened(found: QuarantinedReport, folder: Path) -> int:
    """A descriptor of the file as it came; the caller closes it. Raises OSError when it is not there, or is not a plain file of ours."""
    *parents, name = Path(found.stored_name).parts or ("",)
    if len(parents) != 1:
        raise FileNotFoundError(found.stored_name)
    try:
        with Folder.root(folder) as root, root.folder(parents[0]) as agent:
            return agent.file(name)
    except RefusedError as error:  # a name that leads elsewhere
        raise FileNotFoundError(found.stored_name) from error
