"""S12: a device's host cannot lead Sentinel to itself, to its servers, or out of the networks of devices."""

import asyncio
import contextlib
import socket

import pytest
from django.core.exceptions import ImproperlyConfigured

from devices import addresses
from devices.errors import NotAllowed, Unreachable
from sentinel_site import doctor_devices, env

PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
FORBIDDEN = [
    "127.0.0.1", "127.1", "127.255.255.254", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0", "0.0.0.0", "localhost", "LOCALHOST",
    "::1", "::", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "169.254.169.254", "::ffff:169.254.169.254",
    "169.254.0.1", "fe80::1", "fe80::1%lo", "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "ff02::1", "ff0e::1",
    "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::", "2001:0:7f00:1::", "fec0::1", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "198.18.0.1", "203.0.113.1", "134744072", "::ffff:8.8.8.8"]
INSIDE = ["10.1.2.3", "172.16.5.4", "192.168.77.40", "100.64.9.9", "fd12:3456::1", "::ffff:10.1.2.3", "3232255336"]
NO_HOST = [
    "",
    " ",
    "http://192.168.1.40",
    "192.168.1.40/x",
    "user@192.168.1.40",
    "192.168.1.40\r\nx",
    "a b",
    "[fd00::1]",
    "x" * 254,
    "a\\b",
    "a#b",
]


@pytest.fixture
def strict(settings):
    settings.SENTINEL_DEVICE_NETWORKS, settings.SENTINEL_DEVICE_PORTS = PRIVATE, [21, 80, 2255]
    settings.SENTINEL_DEVICE_LOOPBACK = False
    return settings


@contextlib.contextmanager
def listening():
    """A server that must hear nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def heard(server):
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("host", [*FORBIDDEN, *OUTSIDE])
async def test_no_connection_is_opened_to_where_no_device_may_be(strict, host):
    with pytest.raises((NotAllowed, Unreachable)) as refused:
        await addresses.dial(host, 2255, seconds=0.2)

    assert isinstance(refused.value, NotAllowed) or "leads nowhere" in str(refused.value)


@pytest.mark.parametrize("host", FORBIDDEN)
async def test_no_setting_opens_what_is_never_opened(strict, host):
    strict.SENTINEL_DEVICE_NETWORKS = ["0.0.0.0/0", "::/0"]

    with pytest.raises((NotAllowed, Unreachable)) as refused:
        await addresses.dial(host, 2255, seconds=0.2)

    assert isinstance(refused.value, NotAllowed) or "leads nowhere" in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "::ffff:127.0.0.1"])
async def test_a_server_on_this_machine_hears_nothing(strict, host):
    with listening() as server:
        strict.SENTINEL_DEVICE_PORTS = [server.getsockname()[1]]

        for dialled in (addresses.dial(host, server.getsockname()[1], seconds=30), asyncio.to_thread(blocking, host, server)):
            with pytest.raises((NotAllowed, Unreachable)):
                await dialled

        assert not heard(server)


def blocking(host, server):
    return addresses.dial_blocking(host, server.getsockname()[1], seconds=30)


@pytest.mark.parametrize("host", INSIDE)
def test_devices_in_their_networks_are_allowed(strict, host):
    assert addresses.complaint(host, 2255) == ""
    assert addresses.complaint(host, 22) != ""


@pytest.mark.parametrize("host", [*FORBIDDEN, *OUTSIDE, *NO_HOST])
def test_a_literal_address_is_refused_when_it_is_saved(strict, host):
    if host.lower() != "localhost":  # a name: refused at the connect
        assert addresses.complaint(host, 2255) != ""


@pytest.mark.parametrize("port", [5432, 6379, 22, 8000, 2256])
def test_other_ports_are_refused(strict, port):
    assert addresses.permitted("192.168.77.40", port) is False


@pytest.mark.parametrize("loopback", [True, False])
def test_the_database_is_never_a_device(strict, loopback):
    strict.SENTINEL_DEVICE_LOOPBACK, strict.SENTINEL_DEVICE_PORTS = loopback, [5432, 6379]

    assert not any(addresses.permitted(address, port) for address in ("127.0.0.1", "192.168.77.40") for port in (5432, 6379))


async def test_loopback_is_there_for_simulated_meters_only_when_it_is_switched_on(strict):
    strict.SENTINEL_DEVICE_LOOPBACK = True
    with listening() as server:
        (await addresses.dial("127.0.0.1", server.getsockname()[1], seconds=30)).close()

        assert heard(server)
    assert [level for level, _ in doctor_devices.findings()] == ["warn", "ok"]


async def test_a_name_with_several_addresses_is_tried_at_each(strict):
    strict.SENTINEL_DEVICE_LOOPBACK = True
    with listening() as server:
        (await addresses.dial("localhost", server.getsockname()[1], seconds=30)).close()

        assert heard(server)


async def test_a_refused_connection_is_told_apart_from_silence(strict):
    strict.SENTINEL_DEVICE_LOOPBACK = True
    with listening() as server:
        port = server.getsockname()[1]

    with pytest.raises(Unreachable) as refused:
        await addresses.dial("127.0.0.1", port, seconds=30)

    assert refused.value.refused


def test_the_doctor_says_where_devices_may_be(strict):
    assert list(doctor_devices.findings()) == [("ok", f"Devices may be in {', '.join(PRIVATE)}.")]
    strict.SENTINEL_DEVICE_NETWORKS = ["8.8.8.0/24", "0.0.0.0/0"]
    assert [level for level, _ in doctor_devices.findings()] == ["warn"]


def test_settings_that_are_no_networks_and_ports_stop_the_start():
    assert env.networks("X", ["192.168.1.7/24"]) == ["192.168.1.0/24"]
    assert env.ports("X", ["2255"]) == [2255]
    for call in (lambda: env.networks("X", ["all"]), lambda: env.ports("X", ["0"]), lambda: env.ports("X", ["\u0665"])):
        with pytest.raises(ImproperlyConfigured):
            call()
