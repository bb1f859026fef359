"""`manage.py simulate_nl43`: simulated meters to try things on."""

import asyncio
import json
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from devices.enums import Scenario
from devices.simulator.crowd import Crowd, describe
from devices.simulator.meter import LATENCY_SECONDS
from devices.simulator.scenarios import DEFAULT


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT. Needs no database."""

    help = "Simulate Rion NL-43 meters on this machine: one connection each, a second of pause enforced, FTP, and faults to order."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ports, how many, and what they do."""
        scenarios = "; ".join(f"{name}: {title}" for name, title in Scenario.choices)
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--port", type=int, default=2255, help="Control port of the first meter; 0 takes a free one.")
        parser.add_argument("--ftp-port", type=int, default=2121, help="FTP port of the first meter; 0 takes a free one.")
        parser.add_argument("--count", type=int, default=1, help="How many meters, on consecutive ports.")
        parser.add_argument("--scenario", choices=Scenario.values, default=DEFAULT, help=scenarios)
        parser.add_argument("--latency", type=float, nargs=2, default=LATENCY_SECONDS, metavar="SECONDS", help="Of a reply, from and to.")
        parser.add_argument("--stopped", action="store_true", help="They do not measure until somebody starts them.")
        parser.add_argument("--time-zone", default="UTC", help="Of their clocks.")
        parser.add_argument("--control-port", type=int, help="Port for JSON lines that switch scenarios and read counters; 0: a free one.")

    def handle(self, *_args: object, **options: Any) -> None:
        """Print one line of JSON that says where they are, and run."""
        asyncio.run(self._run(options))

    async def _run(self, options: dict[str, Any]) -> None:
        done = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, done.set)
        crowd = Crowd(
            options["count"], host=options["host"], port=options["port"], ftp_port=options["ftp_port"], scenario=options["scenario"],
            latency_seconds=tuple(options["latency"]), measuring=not options["stopped"], time_zone=options["time_zone"],
        )  # fmt: skip
        async with crowd:
            server = None if options["control_port"] is None else await crowd.control(options["control_port"])
            where = {"control_port": server.sockets[0].getsockname()[1] if server else None, "meters": [*map(describe, crowd.meters)]}
            self.stdout.write(json.dumps(where))
            self.stdout.flush()
            await done.wait()
            if server:
                server.close()
