"""REST of the files on a meter: through the real web server, a monitor's hands, and a simulated meter."""

import asyncio
import functools
import threading
import time
import urllib.request
from contextlib import contextmanager
from datetime import datetime
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from devices import commands, transfers
from devices.drivers import Target
from devices.models import Device, DeviceCommand
from sentinel_site import beats
from sentinel_site.models import ApiKey, ProcessBeat
from tests.callers import KeyClient, make_caller, make_user
from tests.conftest import HOUR
from tests.meters import Meter

pytestmark = pytest.mark.django_db(transaction=True)
FILES, DOWNLOAD = "/api/v1/devices/roof/files", "/api/v1/devices/roof/files/download"
SIZE = 300_000


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.SENTINEL_DEVICE_LOOPBACK = True


@pytest.fixture
def device():
    beats.beat(ProcessBeat.Role.MONITOR, at=timezone.now() + HOUR)  # the web server may take its time to start
    return Device.objects.create(slug="roof", name="Roof", host="127.0.0.1", username="USER", password="0000")


@pytest.fixture
def operator():
    return make_caller("devices.view_device", "devices.operate_device", name="operator")


@pytest.fixture(scope="module")
def card():
    with Meter() as meter:
        meter.inner.instrument.card.put("/NL-43/Auto_0001/one two.rnd", datetime(2026, 3, 2), functools.partial(bytes, SIZE))
        yield meter


@contextmanager
def monitor(device, meter):
    """Takes the device's commands about files and does them, as the monitor would."""
    ended = threading.Event()
    where = Target(device.slug, "127.0.0.1", 1, meter.ftp_port, "USER", "0000", "UTC")

    async def place():
        return where

    def work():
        while not ended.wait(0.02):
            row = commands.take(device.pk, at=timezone.now())
            if row is not None:
                outcome = asyncio.run(transfers.perform(row.command, row.arguments, place))
                commands.finish(row.pk, outcome, at=timezone.now())
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(60)


def test_a_folder_is_listed(operator, device, card):
    with monitor(device, card):
        answer = operator.get(FILES, {"path": "/NL-43/Auto_0001"})

    assert (answer.status_code, answer.json()["path"]) == (200, "/NL-43/Auto_0001")
    assert [(entry["name"], entry["folder"], entry["size"]) for entry in answer.json()["entries"]] == [("one two.rnd", False, SIZE)]


def test_it_is_said_how_far_a_file_is(operator, device, card):
    path = "/NL-43/Auto_0001/one two.rnd"
    before = operator.get(f"{FILES}/progress").json()

    with monitor(device, card):
        coming = transfers.begin(device, path, by=None, at=timezone.now())
        count = asyncio.run(_taken(coming.chunks))
        waited(lambda: operator.get(f"{FILES}/progress").json()["state"] == "done")
        whole = operator.get(f"{FILES}/progress").json()
        assert operator.get(DOWNLOAD, {"path": "/NL-43/none"}).status_code == 404
        waited(lambda: operator.get(f"{FILES}/progress").json()["state"] == "failed")
        failed = operator.get(f"{FILES}/progress").json()

    assert (before["state"], before["begun_at"]) == ("none", None)
    assert (count, whole["path"], whole["bytes"], whole["size"], whole["error"]) == (SIZE, path, SIZE, SIZE, "")
    assert (failed["path"], failed["bytes"], failed["error"] != "") == ("/NL-43/none", 0, True)
    assert failed["begun_at"] > whole["begun_at"]


async def _taken(chunks):
    return sum([len(piece) async for piece in chunks])


def waited(true):
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_file_and_a_folder_come_whole_and_with_safe_headers(web, device, card):
    _, key = ApiKey.issue(user=make_user("operator", "devices.operate_device"), name="test")

    def fetch(path):
        ask = urllib.request.Request(f"{web.url}/api/v1/devices/roof/files/download?path={quote(path)}")
        ask.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(ask, timeout=60) as answer:
            return answer.headers, answer.read()

    with monitor(device, card):
        file_headers, file_body = fetch("/NL-43/Auto_0001/one two.rnd")
        zip_headers, zip_body = fetch("/NL-43/Auto_0001")
        with pytest.raises(HTTPError) as missing:
            fetch("/NL-43/none")

    assert (len(file_body), file_headers["Content-Length"], file_headers["X-Content-Type-Options"]) == (SIZE, str(SIZE), "nosniff")
    assert file_headers["Content-Disposition"] == 'attachment; filename="one two.rnd"'
    assert (zip_headers["Content-Type"], zip_body[:2], zip_headers["Content-Disposition"]) == (
        "application/zip", b"PK", 'attachment; filename="Auto_0001.zip"'
    )  # fmt: skip
    assert missing.value.code == 404
    missing.value.close()


TRAVERSAL = [
    "../etc/passwd", "/../etc/passwd", "/NL-43/../../etc", "/NL-43/..", "..", ".", "/./x", "NL-43", "\\..\\..\\x", "/NL-43\\..\\x",
    "/x\r\nDELE y", "/x\nRETR y", "/x\x00", "/*", "~/x", "/" + "a" * 300, "//" + "a/" * 300,
]  # fmt: skip


def test_a_path_that_leads_elsewhere_asks_no_device(operator, device):
    taken = [path for path in TRAVERSAL if operator.get(FILES, {"path": path}).status_code not in {404, 422}]
    taken += [path for path in TRAVERSAL if operator.get(DOWNLOAD, {"path": path}).status_code not in {404, 422}]

    assert (taken, DeviceCommand.objects.count()) == ([], 0)


def test_files_are_for_who_may_operate_devices(device):
    viewer = make_caller("devices.view_device", "devices.change_device", name="viewer")

    assert [viewer.get(path, {"path": "/"}).status_code for path in (FILES, DOWNLOAD)] == [403, 403]
    assert [KeyClient().get(path, {"path": "/"}).status_code for path in (FILES, DOWNLOAD)] == [401, 401]


def test_a_transfer_cannot_be_asked_for_as_a_command(operator, device):
    answer = operator.send("/devices/roof/commands", {"command": "send_file", "args": {"path": "/", "transfer": "0" * 32}})

    assert (answer.status_code, DeviceCommand.objects.count()) == (422, 0)


def test_without_a_monitor_nobody_waits_for_a_file(operator, device):
    ProcessBeat.objects.all().delete()

    assert operator.read("/devices/roof/files").status_code == 503
