"""Jobs and runs as commands print them: from what REST answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from jobs.run_texts import lasting
from sentinel_site.lib.terminal import Cell, Screen, clean

Item = Mapping[str, Any]
STATUS: Final = {
    "queued": "cyan", "running": "bold cyan", "success": "green", "warning": "yellow", "error": "bold red", "orphaned": "bold red",
    "skipped": "dim",
}  # fmt: skip
JOBS: Final = ("job", "schedule", "next run", "last run", "ended", "name")
RUNS: Final = ("id", "job", "status", "queued", "took", "by", "says")


def jobs(screen: Screen, items: Sequence[Item], last: Mapping[str, Item], *, at: datetime) -> None:
    """A line for each job, with its last run."""
    screen.table(JOBS, (_job(screen, item, last.get(item["slug"]), at=at) for item in items), wide=("schedule", "name"))


def runs(screen: Screen, items: Sequence[Item], *, at: datetime) -> None:
    """A line for each run."""
    screen.table(RUNS, (_run(screen, item, at=at) for item in items), wide=("by", "says"))


def run(screen: Screen, item: Item) -> None:
    """All about one run, with its error and what it printed."""
    screen.fields([
        ("run", item["id"]), ("job", f"{item['job']} ({item['job_name']})"), ("status", _status(item)), ("by", item["triggered_by"]),
        ("trigger", item["trigger"]), ("queued", instant(item["queued_at"])), ("started", instant(item["started_at"])),
        ("finished", instant(item["finished_at"])), ("took", took(item)), ("try", item["attempt"]), ("worker", item["worker"]),
        ("message", item["message"]), ("reason", item["reason"]),
        ("figures", ", ".join(f"{name}={value}" for name, value in item["stats"].items())), ("page", item["url"]),
    ])  # fmt: skip
    for name in ("error", "output"):
        if item[name]:
            screen.say(f"{name}:", "bold")
            screen.say(item[name])


def result(item: Item) -> str:
    """How a run stands, in a line."""
    parts = [f"{item['job']}: {item['status']}", f"after {took(item)}" if took(item) else "", _says(item)]
    return ", ".join(part for part in parts if part)


def progress(item: Item) -> str:
    """How far it is: ``copying 3 of 10``; the status when it says nothing."""
    told = item["progress"]
    done, of = told.get("done"), told.get("of")
    counted = f"{done} of {of}" if done is not None and of else "" if done is None else str(done)
    return clean(" ".join(str(part) for part in (told.get("what"), counted) if part)) or str(item["status"])


def took(item: Item) -> str:
    """How long it took; empty while it runs."""
    return lasting(item["duration_ms"]) if item["duration_ms"] is not None else ""


def instant(text: str | None) -> datetime | None:
    """An instant as REST writes it."""
    return datetime.fromisoformat(text) if text else None


def _job(screen: Screen, item: Item, last: Item | None, *, at: datetime) -> list[Any]:
    when = screen.near(instant(item["next_run_at"]), at=at)
    if not item["enabled"]:
        when = Cell("switched off", "dim")
    elif item["paused_until"]:
        when = Cell("paused", "yellow")
    plan = item["cron"] or ("after " + ", ".join(each["job"] for each in item["after"]) if item["after"] else item["kind"])
    ran = [_status(last), screen.near(instant(last["finished_at"]), at=at)] if last else ["never", None]
    return [Cell(item["slug"], "bold"), plan, when, *ran, item["name"]]


def _run(screen: Screen, item: Item, *, at: datetime) -> list[Any]:
    who = item["triggered_by"] or item["trigger"]
    queued = screen.near(instant(item["queued_at"]), at=at)
    return [screen.short(item["id"]), item["job"], _status(item), queued, took(item), who, _says(item)]


def _status(item: Item) -> Cell:
    return Cell(item["status"], STATUS.get(item["status"], ""))


def _says(item: Item) -> str:
    lines = (item["message"] or item["reason"] or item["error"]).strip().splitlines()
    return lines[-1][:200] if lines else ""
