"""Beginning a measurement in a new folder, and ending it with its files at hand."""

from dataclasses import replace

import pytest

from devices.errors import Busy, CommandRefused, FileProblem, NoReply
from tests.devices.drivers.test_nl43 import FAST, _loopback, meter, quiet
from tests.meters import Fault

__all__ = ["_loopback"]
GIVES_UP = replace(FAST, reply=10.0)
"""It waits for no answer longer than a machine may stop for."""


async def test_a_measurement_begins_in_an_unused_folder_with_the_clock_set():
    said = []

    async def progress(what, done, of):
        said.append((done, of))

    async with meter() as (simulated, driver):
        for name in ("0000", "0001"):
            simulated.instrument.card.folder(f"/NL-43/Manual_{name}", simulated.instrument.local(0))

        found = await driver.perform("start_cycle", {}, progress)

        assert found == {"state": "measuring", "store_name": "0002"}
        assert (simulated.instrument.measuring, simulated.instrument.settings["Store Name"]) == (True, "0002")
        assert said == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
        assert sum(count for line, count in simulated.counters.commands.items() if line.startswith("Clock,")) == 1


async def test_a_meter_that_measures_is_not_started_again():
    async with meter(measuring=True) as (simulated, driver):
        with pytest.raises(Busy, match="stop it first"):
            await driver.perform("start_cycle", {}, quiet)

        assert simulated.counters.commands.total() == 1


async def test_a_start_that_fails_half_way_says_how_far_it_got():
    async with meter() as (simulated, driver):
        simulated.faults.extend([None, None, None, None, Fault.BUSY])

        with pytest.raises(CommandRefused, match="it does not measure, its clock is set"):
            await driver.perform("start_cycle", {}, quiet)

        assert not simulated.instrument.measuring


async def test_a_start_whose_answer_is_lost_is_looked_at_and_not_repeated():
    async with meter(timing=GIVES_UP) as (simulated, driver):
        simulated.faults.extend([None, None, None, None, Fault.HALF])

        found = await driver.perform("start_cycle", {}, quiet)

        assert (found["state"], simulated.counters.commands["Measure,Start"]) == ("measuring", 1)


async def test_a_start_that_was_not_heard_says_that_the_meter_does_not_measure():
    async with meter(timing=GIVES_UP) as (simulated, driver):
        simulated.faults.extend([None, None, None, None, Fault.SILENT])

        with pytest.raises(NoReply, match="it does not measure"):
            await driver.perform("start_cycle", {}, quiet)

        assert simulated.counters.commands["Measure,Start"] == 1


@pytest.mark.parametrize("by_itself", [False, True])
async def test_a_measurement_ends_with_its_folder_listed(by_itself):
    async with meter() as (simulated, driver):
        await driver.perform("setting_set", {"name": "Store Mode", "value": "Auto"}, quiet)
        name = (await driver.perform("start_cycle", {}, quiet))["store_name"]
        await driver.perform("ftp_disable", {}, quiet)
        if by_itself:
            await driver.perform("stop", {}, quiet)

        found = await driver.perform("stop_cycle", {}, quiet)

        files = found.pop("files")
        assert found == {"state": "stopped", "already_stopped": by_itself, "ftp": "on", "folder": f"/NL-43/Auto_{name}", "note": ""}
        assert files
        assert simulated.counters.connections == 1


async def test_ftp_that_is_on_is_not_switched_and_nothing_stored_is_said():
    async with meter(measuring=True) as (simulated, driver):
        found = await driver.perform("stop_cycle", {}, quiet)

        assert simulated.counters.commands["FTP,On"] == 0
        assert (found["folder"], found["files"], "nothing was stored" in found["note"]) == (None, [], True)


async def test_an_end_whose_files_cannot_be_read_says_that_the_meter_is_stopped():
    async with meter(measuring=True) as (simulated, driver):
        simulated.account = type(simulated.account)(password="another")

        with pytest.raises(FileProblem, match="it is stopped, FTP is on"):
            await driver.perform("stop_cycle", {}, quiet)

        assert not simulated.instrument.measuring
