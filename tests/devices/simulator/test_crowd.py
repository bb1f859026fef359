"""Many meters in one process, and the command that runs them."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devices.simulator.crowd import Crowd
from devices.simulator.meter import SimulatedMeter
from tests.devices.simulator.test_control import Line
from tests.meters import QUICK

ROOT = Path(__file__).resolve().parents[3]


async def test_each_meter_is_controlled_alone_or_with_all():
    async with Crowd(3, **QUICK) as crowd:
        await crowd.do({"do": "switch", "scenario": "wedge"})
        await crowd.do({"do": "level", "level": 85, "meter": 2})

        found = (await crowd.do({"do": "counters"}))["meters"]

    assert [(meter["scenario"], meter["level"]) for meter in found] == [("wedge", None), ("wedge", None), ("wedge", 85.0)]
    assert len({meter["port"] for meter in found}) == 3


def test_a_scenario_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="there are quiet, day"):
        SimulatedMeter(scenario="storm")


def test_the_command_says_where_its_meters_are_and_what_they_counted():
    command = [sys.executable, "manage.py", "simulate_nl43", "--port", "0", "--ftp-port", "0", "--count", "2", "--control-port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ, text=True) as process:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        with Line(where["meters"][1]["port"]) as line:
            line.send("Type?")
            assert [line.read().lstrip("$"), line.read()] == ["R+0000", "NL-43"]
        with socket.create_connection(("127.0.0.1", where["control_port"]), 60) as control, control.makefile("rw") as lines:
            lines.write('{"do": "counters"}\n')
            lines.flush()
            counted = json.loads(lines.readline())["meters"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert [meter["commands"] for meter in counted] == [{}, {"Type?": 1}]
