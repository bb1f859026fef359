"""The admin's list over very many alerts, beside a stock ModelAdmin on the same rows."""

import subprocess
import sys
from types import TracebackType
from typing import Self

from bench import seed_alerts
from bench.house import ROOT, House
from bench.rows import Row, median, percentile, ratio

NAME = "million"
LISTS = ("", "?p=2", "?o=-1")
TERMS = ("boiler room", "humidity cellar", "kitchen-4711", "ward unit 13", "zebra")
OURS, STOCK = "sentinel_site.settings", "bench.stock_settings"


class Pages:
    """A process that opens admin pages as the admin user and says how long each took; as a context."""

    def __init__(self, settings: str) -> None:
        self.settings = settings

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.pages", self.settings]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.stdin.close()
        self.process.wait(20)

    def open(self, query: str) -> float:
        """Milliseconds of server time for the alerts' list with ``query``. Raises RuntimeError when it is not answered 200."""
        self.process.stdin.write(query + "\n")
        self.process.stdin.flush()
        status, _, spent = self.process.stdout.readline().partition(" ")
        if status != "200":
            raise RuntimeError(f"{self.settings} answers {status or 'nothing'} to the list {query!r}")
        return float(spent)


def run(house: House) -> list[Row]:
    """The two are asked in turns."""
    count = 100_000 if house.quick else 1_000_000
    house.empty()
    taken = seed_alerts.seed(count, open_rows=count // 100)
    print(f"  {count:,} alerts made in {taken:.0f} s", flush=True)
    rounds = 5 if house.quick else 12
    with Pages(OURS) as ours, Pages(STOCK) as stock:
        for pages in (ours, stock):
            pages.open("")
        lists = [(ours.open(query), stock.open(query)) for _ in range(rounds) for query in LISTS]
        searches = [(ours.open(query), stock.open(query)) for _ in range(rounds) for query in _searches()]
    house.empty()
    goals = (0.1, 300, 0.2) if count >= 1_000_000 else (None, 300, None)  # a stock list of a tenth costs a tenth
    return [*_rows(f"admin list of {count:,}", lists, goals[0], goals[1]), *_rows(f"admin search in {count:,}", searches, goals[2], None)]


def _searches() -> list[str]:
    return [f"?q={term.replace(' ', '+')}" for term in TERMS]


def _rows(what: str, pairs: list[tuple[float, float]], goal: float | None, most_ms: float | None) -> list[Row]:
    ours, stock = (percentile([pair[side] for pair in pairs], 0.95) for side in (0, 1))
    middle = [median([pair[side] for pair in pairs]) for side in (0, 1)]
    note = f"p95 {ours:.0f} and {stock:.0f} ms, median {middle[0]:.0f} and {middle[1]:.0f} ms"
    return [
        Row(NAME, f"{what}: p95 against a stock ModelAdmin", ratio(ours, stock), "x", ("<=", goal) if goal else None, note),
        Row(NAME, f"{what}: p95", ours, "ms", ("<=", most_ms) if most_ms else None),
    ]
