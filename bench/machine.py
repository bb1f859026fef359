"""On what the figures were taken."""

import os
import platform
import subprocess
from pathlib import Path

from bench.house import ROOT, House


def describe(house: House) -> dict[str, str]:
    """CPU, kernel, versions, file system, load and commit."""
    return {
        "cpu": f"{_cpu()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": str(house.sql("SHOW server_version")[0][0]),
        "fsync": str(house.sql("SHOW fsync")[0][0]),
        "data on": _output(["stat", "-f", "-c", "%T", str(house.data_dir)]),
        "load before": "{:.1f} {:.1f} {:.1f}".format(*os.getloadavg()),
        "commit": commit(),
    }


def commit() -> str:
    """The short commit; with + when files differ from it."""
    changed = _output(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"])
    return (_output(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]) or "unknown") + ("+" if changed else "")


def _output(command: list[str]) -> str:
    """The output of a command; empty where it cannot be run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
