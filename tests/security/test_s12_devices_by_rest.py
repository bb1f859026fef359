"""S12: a device's address leads to the networks of devices, and nowhere else, in whatever way it is written."""

import pytest

from devices import addresses
from devices.models import Device
from tests.callers import make_caller, make_user

pytestmark = pytest.mark.django_db
RIGHTS = ("devices.add_device", "devices.change_device", "devices.view_device")
HERE = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0x7f.1", "0x7f000001", "0x7f.0.0.1", "2130706433", "017700000001", "0177.0.0.1",
    "0", "0.0.0.0", "0.0.0.1", "::1", "::", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::ffff:0.0.0.0",
]  # fmt: skip
NEIGHBOURS = [
    "169.254.169.254", "169.254.0.1", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "::ffff:169.254.169.254", "fe80::1", "fe80::1%lo",
    "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fec0::1",
]  # fmt: skip
EVERYBODY = ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1", "240.0.0.1", "255.255.255.255", "::ffff:224.0.0.1"]
OUTSIDE = [
    "8.8.8.8", "93.184.216.34", "134744072", "1.1", "2606:4700::1111", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "::ffff:8.8.8.8", "192.0.2.1", "198.18.0.1", "203.0.113.9",
]  # fmt: skip
NO_HOSTS = [
    "http://10.0.0.1", "https://10.0.0.1/", "//10.0.0.1", "10.0.0.1/", "10.0.0.1/8", "10.0.0.1?x", "10.0.0.1#x", "user@10.0.0.1",
    "user:pw@10.0.0.1", "10.0.0.1\\@127.0.0.1", "10.0.0.1 127.0.0.1", " 10.0.0.1", "10.0.0.1 ", "10.0.0.1\r\nX: y", "10.0.0.1\n",
    "\t10.0.0.1", "10.0.0.1\x00", "[::1]", "[10.0.0.1]", "10.0.0.1;ls", "$(id)", "`id`", "10.0.0.1|id", "10.0.0.1&id", "'", '"', "<b>",
    "{}", "*", "10.0.0.1,", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u2460\u2461\u2466.0.0.1", "localhost\u3002",
    "1\u200b0.0.0.1", "münchen.example", "unix:/run/x", "file:///etc/passwd", "x" * 254,
]  # fmt: skip


@pytest.fixture
def operator():
    return make_caller(*RIGHTS, name="operator")


@pytest.mark.parametrize("hosts", [HERE, NEIGHBOURS, EVERYBODY, OUTSIDE, NO_HOSTS], ids=["here", "near", "all", "outside", "none"])
def test_an_address_that_no_device_may_have_is_not_saved(operator, settings, hosts):
    settings.SENTINEL_DEVICE_LOOPBACK = False

    taken = [host for host in hosts if operator.send("/devices", {"slug": "roof", "host": host}).status_code != 422]

    assert (taken, Device.objects.count()) == ([], 0)


def test_a_device_is_not_moved_there_either(operator):
    Device.objects.create(slug="roof", host="10.0.0.1")
    hosts = ("127.0.0.1", "169.254.169.254", "8.8.8.8")

    answers = [operator.send("/devices/roof", {"host": host}, method="PATCH").status_code for host in hosts]

    assert (answers, Device.objects.get().host) == ([422, 422, 422], "10.0.0.1")


@pytest.mark.parametrize("field", ["port", "ftp_port"])
def test_a_port_of_another_service_is_not_saved(operator, field):
    for port in (22, 25, 5432, 6379, 8000, 11211):
        answer = operator.send("/devices", {"slug": "roof", "host": "10.0.0.1", field: port})

        assert (answer.status_code, answer.json()["errors"][0]["loc"], Device.objects.count()) == (422, ["body", field], 0)


def test_a_device_that_pretends_to_be_none_is_checked_when_it_becomes_one(operator):
    operator.send("/devices", {"slug": "roof", "driver": "push", "host": "127.0.0.1"})

    answer = operator.send("/devices/roof", {"driver": "nl43"}, method="PATCH")

    assert (answer.status_code, Device.objects.get().driver) == (422, "push")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 2255), ("169.254.169.254", 2255), ("10.0.0.1", 5432), ("http://10.0.0.1", 2255)])
def test_the_admin_saves_it_no_more_than_rest(client, settings, host, port):
    settings.SENTINEL_DEVICE_LOOPBACK = False
    client.force_login(make_user("root", is_superuser=True, is_staff=True), backend="django.contrib.auth.backends.ModelBackend")
    fields = {
        "slug": "roof",
        "name": "Roof",
        "driver": "nl43",
        "host": host,
        "port": port,
        "ftp_port": 21,
        "time_zone": "UTC",
        "poll_seconds": 2,
    }
    parts = {f"rules-{name}": value for name, value in {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}.items()}

    answer = client.post("/admin/devices/device/add/", {**fields, **parts})

    assert (answer.status_code, Device.objects.count()) == (200, 0)


def test_where_devices_are_is_saved(operator):
    for host in ("10.0.0.1", "172.16.3.4", "192.168.1.40", "100.64.0.7", "fd12:3456::1", "meter-7.lan", "meter.example.org"):
        assert operator.send("/devices", {"slug": host.replace(".", "-").replace(":", "-"), "host": host}).status_code == 201


def test_what_is_never_a_device_is_not_made_one_by_naming_every_network(settings):
    settings.SENTINEL_DEVICE_NETWORKS, settings.SENTINEL_DEVICE_LOOPBACK = ["0.0.0.0/0", "::/0"], False

    assert [host for host in (*HERE, *NEIGHBOURS, *EVERYBODY) if not addresses.complaint(host, 2255)] == []
