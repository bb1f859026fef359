"""What the whole house takes when nothing happens."""

import time

from bench import processes
from bench.house import House
from bench.rows import Row

NAME = "rest"
OURS = ("web", "worker", "watchdog", "monitor")


def run(house: House) -> list[Row]:
    """See the module."""
    house.empty()
    seconds = 20.0 if house.quick else 60.0
    time.sleep(5 if house.quick else 20)
    before = house.cpu()
    time.sleep(seconds)
    after, pids = house.cpu(), house.pids()
    memory = {role: processes.pss_mib(pid) for role, pid in pids.items()}
    share = {role: (after[role] - before[role]) / seconds * 100 for role in pids}
    cpu_note = f"over {seconds:g} s: {_each(share, '.2f')}"
    return [
        Row(NAME, f"PSS of {' + '.join(OURS)}", sum(memory[role] for role in OURS), "MiB", ("<=", 300), _each(memory, ".0f")),
        Row(NAME, "CPU of the same", sum(share[role] for role in OURS), "% of a core", ("<=", 3), cpu_note),
    ]


def _each(values: dict[str, float], form: str) -> str:
    return ", ".join(f"{role} {value:{form}}" for role, value in values.items())
