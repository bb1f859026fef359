"""The nl43 driver on a simulated meter, which counts what comes too early, and on servers that lie."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from devices.drivers import nl43
from devices.drivers.base import Target
from devices.drivers.nl43 import Nl43, Timing
from devices.enums import RunState
from devices.errors import BadReply, Busy, CommandRefused, LeaseLost, NoReply, NotAllowed, UnknownCommand, Unreachable
from tests.meters import QUICK, Fault, SimulatedMeter

FAST = Timing(pause=0.0, reply=30.0, connect=30.0, greeting=0.05, prompt=0.2)
"""For meters that need no pause."""
IMPATIENT = replace(FAST, reply=1.0)
"""For those that do not answer."""


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.SENTINEL_DEVICE_LOOPBACK = True


@pytest.fixture(autouse=True)
def _new_meters():
    """The kernel gives ports again: without this a meter would be let rest for the hour that another one asked for."""
    nl43.forget()


def target(port, ftp_port=1):
    return Target("roof", "127.0.0.1", port, ftp_port, "USER", "0000", "UTC")


def allowed():
    """The lease is ours."""


async def quiet(what, done, of):
    """Nobody asks how far it is."""


@asynccontextmanager
async def meter(*, timing=FAST, check=allowed, **options):
    """A meter without a pause, and its driver."""
    async with SimulatedMeter(**(QUICK | {"pause_seconds": 0.0, "level": 61.2} | options)) as simulated:
        driver = Nl43(target(simulated.port, simulated.ftp_port), check, timing=timing)
        try:
            yield simulated, driver
        finally:
            await driver.close()


@asynccontextmanager
async def server(answer, greeting=b"", timing=FAST):
    """A server that does as ``answer(reader, writer)`` says, its driver, and what it heard."""
    heard, writers = [], []

    async def serve(reader, writer):
        writers.append(writer)
        writer.write(greeting)
        try:
            while line := await reader.readline():
                heard.append(line.decode().strip())
                await answer(heard, writer)
        except OSError:
            pass

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    driver = Nl43(target(listening.sockets[0].getsockname()[1]), allowed, timing=timing)
    try:
        yield driver, heard, writers
    finally:
        await driver.close()
        listening.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


def saying(*replies):
    """Answer the first line with the first reply and so on, the last for ever."""

    async def answer(heard, writer):
        writer.write(replies[min(len(heard), len(replies)) - 1])

    return answer


async def test_a_sample_has_the_level_and_says_whether_it_measures():
    async with meter(measuring=True) as (_, driver):
        sample = await driver.sample()

        assert (sample.values["lp"], sample.state, driver.connected) == (61.2, RunState.MEASURING, True)
        assert sample.values["leq"] is not None


async def test_a_stopped_meter_is_not_recorded_as_measuring():
    async with meter(measuring=True) as (_, driver):
        await driver.sample()
        await driver.perform("stop", {}, quiet)

        sample = await driver.sample()

        assert sample.state == RunState.STOPPED
        assert {name: value for name, value in sample.values.items() if value is not None} == {"lp": 61.2}


async def test_one_connection_serves_everything():
    async with meter() as (simulated, driver):
        for command in ("clock_set", "start", "pause", "resume", "battery", "clock", "dod", "stop", "dlc", "ftp_status", "info"):
            await driver.perform(command, {}, quiet)
        await driver.sample()

        assert (simulated.counters.connections, simulated.counters.most_open) == (1, 1)


async def test_the_pause_is_kept_between_commands_and_over_connections():
    async with meter(timing=Timing(), pause_seconds=1.0) as (simulated, driver):
        await driver.perform("state", {}, quiet)
        await driver.close()
        again = Nl43(driver.target, allowed)

        await again.perform("state", {}, quiet)

        at = [moment for moment, _ in simulated.counters.at]
        assert (simulated.counters.violations, len(at)) == (0, 2)
        assert at[1] - at[0] >= 1.0
        await again.close()


async def test_devices_do_not_wait_for_each_other():
    async with meter(timing=replace(FAST, pause=3600.0)) as (_, one), meter() as (_, other):
        await one.perform("state", {}, quiet)
        pausing = asyncio.ensure_future(one.perform("state", {}, quiet))

        for _ in range(2):
            assert await other.perform("state", {}, quiet) == {"state": "stopped"}

        assert not pausing.done()
        pausing.cancel()


async def test_a_refusal_is_an_answer_and_never_sent_again():
    async with meter() as (simulated, driver):
        with pytest.raises(CommandRefused) as refused:
            await driver.perform("stop", {}, quiet)

        assert (refused.value.code, simulated.counters.commands["Measure,Stop"]) == ("R+0004", 1)
        assert driver.connected
        assert (await driver.perform("state", {}, quiet)) == {"state": "stopped"}
        assert simulated.counters.connections == 1


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.HALF, Fault.DROP, Fault.GARBAGE])
async def test_what_gets_no_answer_is_never_sent_again_and_the_connection_is_closed(fault):
    async with meter(timing=IMPATIENT) as (simulated, driver):
        await driver.perform("state", {}, quiet)
        simulated.faults.append(fault)

        with pytest.raises((Unreachable, BadReply)):
            await driver.perform("start", {}, quiet)

        assert (simulated.counters.commands["Measure,Start"], driver.connected) == (1, False)


async def test_a_late_reply_is_never_taken_for_the_next_ones():
    given_up = asyncio.Event()

    async def answer(heard, writer):
        if len(heard) == 1:
            await given_up.wait()
            writer.write(b"R+0000\r\nStart\r\n$")
        else:
            writer.write(b"R+0000\r\nStop\r\n$")

    async with server(answer, timing=IMPATIENT) as (driver, heard, writers):
        with pytest.raises(NoReply):
            await driver.perform("state", {}, quiet)
        given_up.set()

        assert await driver.perform("state", {}, quiet) == {"state": "stopped"}
        assert (heard, len(writers)) == (["Measure?", "Measure?"], 2)


async def test_bytes_that_lay_about_are_nobodys_reply():
    async with server(saying(b"R+0000\r\nStop\r\n$")) as (driver, heard, writers):
        await driver.perform("state", {}, quiet)
        writers[0].write(b"$\r\nR+0000\r\nStart\r\n")
        await writers[0].drain()

        assert await driver.perform("state", {}, quiet) == {"state": "stopped"}
        assert (len(heard), len(writers)) == (2, 1)


@pytest.mark.parametrize("reply", [b"Measure?\r\nR+0000\r\nStop\r\n$", b"$measure?\r\n\r\n$R+0000\r\n$Stop\r\n", b"R+0000\nStop\n"])
async def test_prompts_echoes_and_blank_lines_are_no_answers(reply):
    async with server(saying(reply)) as (driver, _, _):
        assert await driver.perform("state", {}, quiet) == {"state": "stopped"}
        assert await driver.perform("state", {}, quiet) == {"state": "stopped"}


@pytest.mark.parametrize("reply", [
    b"R+0000\r\nR+0000\r\n", b"Start\r\n", b"220 FTP ready\r\n", b"\r\n" * 20, b"\x00\xff\r\n", b"x" * 5000, b"R+0000\r\nMaybe\r\n",
    b"y" * 300_000,
])  # fmt: skip
async def test_what_is_no_reply_closes_the_connection(reply):
    async with server(saying(reply)) as (driver, heard, _):
        with pytest.raises(BadReply):
            await driver.perform("state", {}, quiet)

        assert (len(heard), driver.connected) == (1, False)


async def test_a_meter_that_streams_without_being_asked_is_cut_off():
    async with server(saying(b"R+0000\r\nStop\r\n" + b"$" * 200_000)) as (driver, _, _):
        await driver.perform("state", {}, quiet)
        async with asyncio.timeout(60):
            while driver.connected:
                await asyncio.sleep(0.01)


async def test_a_connection_that_the_meter_closed_is_opened_anew():
    async with meter() as (simulated, driver):
        await driver.sample()
        simulated.slot.close(reset=True)
        async with asyncio.timeout(60):
            while driver.connected:
                await asyncio.sleep(0.01)

        assert (await driver.sample()).values["lp"] == 61.2
        assert simulated.counters.connections == 2


async def test_a_cancelled_command_closes_the_connection():
    async with server(saying(b"")) as (driver, heard, _):
        asking = asyncio.ensure_future(driver.perform("state", {}, quiet))
        async with asyncio.timeout(60):
            while not heard:
                await asyncio.sleep(0.01)

        asking.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not driver.connected


async def test_nothing_is_sent_without_the_lease():
    lost = []

    def check():
        if lost:
            raise LeaseLost("another monitor has it")

    async with meter(check=check) as (simulated, driver):
        await driver.sample()
        lost.append(True)
        with pytest.raises(LeaseLost):
            await driver.sample()
        with pytest.raises(LeaseLost):
            await driver.perform("start", {}, quiet)

        assert (simulated.counters.connections, simulated.counters.commands.total(), driver.connected) == (1, 2, False)


async def test_closing_frees_the_meter_and_fails_what_waits():
    async with server(saying(b"")) as (driver, heard, _):
        asking = asyncio.ensure_future(driver.perform("state", {}, quiet))
        async with asyncio.timeout(60):
            while not heard:
                await asyncio.sleep(0.01)

        await driver.close()

        with pytest.raises(Unreachable):
            await asking
        assert not driver.connected


async def test_a_wedged_meter_refuses_the_connection():
    async with meter(scenario="wedge") as (_, driver):
        with pytest.raises(Unreachable) as refused:
            await driver.sample()

        assert refused.value.refused


async def test_a_forbidden_address_is_not_connected_to(settings):
    settings.SENTINEL_DEVICE_LOOPBACK = False
    async with meter() as (simulated, driver):
        with pytest.raises(NotAllowed):
            await driver.sample()

        assert simulated.counters.connections == 0


async def test_an_unknown_command_is_not_sent():
    async with meter() as (simulated, driver):
        with pytest.raises(UnknownCommand):
            await driver.perform("explode", {}, quiet)

        assert simulated.counters.connections == 0


async def test_a_meter_that_repeats_commands_is_understood():
    async with meter(measuring=True) as (simulated, driver):
        simulated.instrument.settings["Echo"] = "On"

        assert (await driver.sample()).values["lp"] == 61.2
        assert await driver.perform("stop", {}, quiet) == {"code": "R+0000"}


async def test_a_meter_that_says_that_it_is_busy_keeps_its_connection():
    async with meter(measuring=True) as (simulated, driver):
        await driver.sample()
        simulated.faults.append(Fault.BUSY)
        with pytest.raises(CommandRefused):
            await driver.sample()

        assert (await driver.sample()).state == RunState.MEASURING
        assert simulated.counters.connections == 1


async def test_a_meter_that_does_not_say_whether_it_measures_gives_its_level_alone():
    async with meter(measuring=True) as (simulated, driver):
        simulated.faults.append(Fault.BUSY)

        sample = await driver.sample()

        assert (sample.state, sample.values["lp"], sample.values["leq"]) == (RunState.UNKNOWN, 61.2, None)


async def test_a_command_waits_for_the_prompt():
    shown = []

    async def answer(heard, writer):
        def prompt():
            shown.append(len(heard))
            writer.write(b"$")

        writer.write(b"R+0000\r\nStop\r\n")
        asyncio.get_running_loop().call_later(0.15, prompt)

    async with server(answer, greeting=b"$") as (driver, heard, _):
        await driver.perform("state", {}, quiet)
        await driver.perform("state", {}, quiet)

        assert (shown, len(heard)) == ([1], 2)


async def test_a_stream_gives_ten_lines_a_second_and_leaves_the_connection_sound():
    async with meter(measuring=True) as (simulated, driver):
        async with aclosing(driver.stream(status=True)) as lines:
            found = [await anext(lines) for _ in range(3)]
            with pytest.raises(Busy):
                await driver.sample()

        assert [line.counter for line in found] == [1, 2, 3]
        assert (found[0].levels.values["lp"], found[0].status["state"]) == (61.2, "measuring")
        assert (await driver.sample()).values["lp"] == 61.2
        assert simulated.counters.connections == 1


async def test_settings_are_read_and_set():
    async with meter() as (_, driver):
        assert await driver.perform("setting_set", {"name": "Store Mode", "value": "auto"}, quiet) == {
            "code": "R+0000", "name": "Store Mode", "value": "Auto",
        }  # fmt: skip
        assert await driver.perform("setting_get", {"name": "Store Mode"}, quiet) == {"name": "Store Mode", "value": "Auto"}
        assert (await driver.perform("settings", {}, quiet))["settings"]["Store Mode"] == "Auto"


async def test_a_setting_is_refused_while_it_measures():
    async with meter(measuring=True) as (_, driver):
        with pytest.raises(CommandRefused, match="R\\+0004"):
            await driver.perform("setting_set", {"name": "Store Mode", "value": "Auto"}, quiet)
