"""The colours of the labels of jobs; the words stand beside them, so that nothing is said by colour alone."""

from collections.abc import Mapping
from typing import Final

from jobs.enums import RunStatus

RUN_COLOURS: Final[Mapping[str, str]] = {
    RunStatus.QUEUED: "info", RunStatus.RUNNING: "info", RunStatus.SUCCESS: "success", RunStatus.WARNING: "warning",
    RunStatus.ERROR: "danger", RunStatus.ORPHANED: "danger", RunStatus.SKIPPED: "", "never": "", "off": "", "paused": "",
}  # fmt: skip
