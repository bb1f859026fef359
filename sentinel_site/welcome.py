"""What `manage.py help` says first: Sentinel's own commands, which Django lists among forty of its own."""

from typing import Final

COMMANDS: Final = {
    "up": "start everything; --demo adds sample data, Ctrl-C stops it",
    "doctor": "say what is wrong or missing in this installation",
    "alert": "list and show alerts, take or resolve them, raise one, watch what happens",
    "oncall": "who is on call, now or at an instant, and whose shifts come",
    "silence": "keep people from being told for a while, end that",
    "job": "list jobs, run one and follow it, look at what became of runs",
    "apikey": "make, list and revoke the keys by which programs act",
    "demo": "add sample data to a running installation",
    "scan_backups": "look at what backup agents left, now",
    "check_story": "whether the file of an alert's story is as it was written",
    "simulate_nl43": "a sound level meter to try things with",
    "bootstrap": "make what Sentinel cannot work without (`up` does it by itself)",
    "rollup": "count the statistics of a stretch anew",
    "restore": "read a backup of the database into an empty installation",
}
STARTED_BY_UP: Final = ("monitor", "qcluster", "runjob", "watchdog")


def text() -> str:
    """The list, with where to read on."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:{width}}{says}" for name, says in COMMANDS.items()]
    return "\n".join(
        ["Sentinel's commands; `manage.py <command> --help` says more:", "", *lines, "", "All there are, with those of Django:"]
    )
