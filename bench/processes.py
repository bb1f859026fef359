"""CPU time and memory of process trees, read from /proc."""

import os
from collections import defaultdict
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat after the name; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def children() -> dict[int, list[int]]:
    """The children of every process."""
    found: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        if stat := _stat(int(entry.name)):
            found[int(stat[1])].append(int(entry.name))
    return found


def tree(pid: int) -> list[int]:
    """``pid`` and all its descendants."""
    below, found = children(), [pid]
    for parent in found:
        found.extend(below.get(parent, []))
    return found


def command(pid: int) -> str:
    """Its command line; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def cpu_seconds(pid: int) -> float:
    """User and system time of ``pid`` and its descendants, those that ended included."""
    stats = [stat for each in tree(pid) if (stat := _stat(each))]
    return sum(sum(int(field) for field in stat[11:15]) for stat in stats) / TICK


def pss_mib(pid: int) -> float:
    """Proportional set size of ``pid`` and its descendants in MiB: shared pages are counted once in all."""
    total = 0
    for each in tree(pid):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
