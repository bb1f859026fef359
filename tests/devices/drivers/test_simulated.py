"""A device that is simulated in the monitor's own process."""

import socket

import pytest
from django.core.exceptions import ValidationError

from devices import addresses, drivers
from devices.drivers import Target
from devices.drivers.nl43_files import probe_ftp
from devices.drivers.simulated import Simulated
from devices.enums import DriverKind, RunState
from devices.errors import NotAllowed, Unreachable
from devices.models import Device


def simulated(host: str, slug: str = "street") -> Simulated:
    target = Target(slug, host, 2255, 21, "", "", "Europe/Paris")
    driver = drivers.make(DriverKind.SIMULATED, target, lambda: None)
    assert isinstance(driver, Simulated)
    return driver


async def test_it_measures_and_answers_as_a_meter_does():
    driver = simulated("quiet")

    sample = await driver.sample()

    assert (sample.state, driver.connected) == (RunState.MEASURING, True)
    assert 30 < (sample.values["lp"] or 0) < 45
    await driver.close()
    assert not driver.connected


async def test_nobody_can_reach_it_after_it_was_closed():
    driver = simulated("quiet")
    port = (await driver.place()).port
    assert addresses.permitted("127.0.0.1", port)

    await driver.close()

    assert not addresses.permitted("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)


async def test_what_was_measured_is_still_there_when_it_is_wanted_again():
    driver = simulated("quiet")
    await driver.place()
    assert driver._meter is not None
    started_at = driver._meter.instrument.measurement.started_at
    await driver.close()

    sample = await driver.sample()

    assert sample.state == RunState.MEASURING
    assert driver._meter.instrument.measurement.started_at == started_at
    await driver.close()


async def test_a_wedged_one_refuses_and_its_ftp_answers():
    driver = simulated("wedge")

    with pytest.raises(Unreachable) as refused:
        await driver.sample()

    assert refused.value.refused
    assert await probe_ftp(await driver.place())
    await driver.close()


async def test_an_unknown_scenario_is_no_address():
    with pytest.raises(NotAllowed, match="write one of quiet, day"):
        await simulated("127.0.0.1").sample()


def test_the_host_of_a_simulated_device_names_a_scenario():
    Device(slug="street", name="Street", driver=DriverKind.SIMULATED, host="day").clean()
    Device(slug="street", name="Street", driver=DriverKind.SIMULATED).clean()

    with pytest.raises(ValidationError, match="Write what it simulates: quiet, day, bursts"):
        Device(slug="street", name="Street", driver=DriverKind.SIMULATED, host="192.168.1.40").clean()
