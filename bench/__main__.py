"""`python -m bench [--quick] [name ...]`: measure, print a table, and keep it under var/bench/ as JSON."""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from types import ModuleType

from bench import (
    answer,
    backups,
    batch,
    dashboards,
    deliveries,
    devices,
    due,
    intake,
    integrations,
    jobs,
    machine,
    million,
    noise,
    oncall,
    pings,
    reach,
    readings,
    rest,
    tell,
    viewers,
)
from bench.house import CACHE, House
from bench.rows import Row, table

_ALL = (
    rest, intake, batch, tell, due, answer, deliveries, oncall, reach, devices, readings, pings, viewers, million, backups, jobs,
    integrations, noise, dashboards,
)  # fmt: skip
BENCHES: dict[str, ModuleType] = {module.NAME: module for module in _ALL}


def main() -> int:
    """Run the benches that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which to run: {', '.join(BENCHES)} (all)")
    parser.add_argument("--quick", action="store_true", help="small rounds: three minutes in all, figures less certain")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHES.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    rows: list[Row] = []
    with House(quick=options.quick) as house:
        where = machine.describe(house)
        print("\n".join(f"{name}: {text}" for name, text in where.items()), flush=True)
        for name in options.names or BENCHES:
            rows += _measure(name, house)
    print("\n" + table(rows))
    _keep(where, rows, quick=options.quick)
    return 0


def _measure(name: str, house: House) -> list[Row]:
    """One bench. One that fails is a row that says so: the others are still worth having."""
    begun, restarts = time.monotonic(), house.restarts()
    print(f"\n{name} ...", flush=True)
    try:
        rows: list[Row] = BENCHES[name].run(house)
    except Exception as error:  # becomes a row of the table
        rows = [Row(name, "failed", float("nan"), note=f"{type(error).__name__}: {error}"[:200])]
    if (died := house.restarts() - restarts - getattr(BENCHES[name], "KILLED", 0)) > 0:
        rows.append(Row(name, "processes of Sentinel that died or froze meanwhile", died, goal=("<=", 0)))
    print(table(rows) + f"\n({time.monotonic() - begun:.0f} s)", flush=True)
    return rows


def _keep(where: dict[str, str], rows: list[Row], *, quick: bool) -> None:
    at = datetime.now(UTC)
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"{at:%Y%m%d-%H%M}-{where['commit'].rstrip('+')}.json"
    document = {"at": at.isoformat(timespec="seconds"), "quick": quick, "machine": where, "rows": [row.document() for row in rows]}
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\nkept in {path}")


if __name__ == "__main__":
    sys.exit(main())
