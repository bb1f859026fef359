"""What a caller gets of a file: all of it, or a line that is cut; and no more than he takes at a time."""

import http.client
import threading
import time
from contextlib import contextmanager

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from devices import commands, progress, transfers
from devices.errors import FileProblem
from devices.models import Device
from sentinel_site import beats
from sentinel_site.models import ApiKey, ProcessBeat
from tests.callers import make_user
from tests.conftest import HOUR

pytestmark = pytest.mark.django_db(transaction=True)
PIECE = b"x" * transfers.PIECE_BYTES
MEGABYTE = 1024 * 1024


@pytest.fixture
def device():
    beats.beat(ProcessBeat.Role.MONITOR, at=timezone.now() + HOUR)  # the web server may take its time to start
    return Device.objects.create(slug="roof", name="Roof", host="192.168.1.40")


@contextmanager
def sending(device, send):
    """The monitor's end of one transfer, in a thread: ``send(outgoing)`` sends what it likes."""

    def work():
        while (row := commands.take(device.pk, at=timezone.now())) is None:
            time.sleep(0.02)
        connection.close()
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            note = progress.Note(client, "roof", "/big", told=False)
            send(transfers.Outgoing(client, transfers._key(row.arguments["transfer"]), threading.Event(), note))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(60)


@contextmanager
def asking(web):
    """The answer to a download, its body not read yet."""
    _, key = ApiKey.issue(user=make_user("operator", "devices.operate_device"), name="test")
    line = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    line.request("GET", "/api/v1/devices/roof/files/download?path=/big", headers={"Authorization": f"Bearer {key}"})
    try:
        with line.getresponse() as answer:
            yield answer
    finally:
        line.close()


@pytest.mark.parametrize("size", [3 * len(PIECE), None])
def test_a_file_that_breaks_off_is_not_taken_for_the_whole(device, web, size):
    def send(outgoing):
        outgoing.head({"name": "big", "kind": "file" if size else "zip", "size": size})
        outgoing.data([PIECE])
        outgoing.fail(FileProblem("unreachable", "the meter is gone"))

    with sending(device, send), asking(web) as answer, pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()


def test_the_server_goes_on_after_an_answer_that_broke_off(device, web):
    test_a_file_that_breaks_off_is_not_taken_for_the_whole(device, web, len(PIECE) * 2)

    line = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    line.request("GET", "/livez")
    with line.getresponse() as answer:
        assert answer.status == 200
    line.close()


def test_a_file_that_grew_meanwhile_is_cut_where_it_was_announced(device, web):
    def send(outgoing):
        outgoing.head({"name": "big", "kind": "file", "size": len(PIECE) + 5})
        outgoing.data([PIECE, PIECE])
        outgoing.end()

    with sending(device, send), asking(web) as answer:
        assert len(answer.read()) == len(PIECE) + 5


def test_who_does_not_read_makes_the_monitor_wait_and_gets_everything_later(device, web):
    sent, whole = [], 40 * MEGABYTE

    def pieces():
        for _ in range(whole // len(PIECE)):
            sent.append(len(PIECE))
            yield PIECE

    def send(outgoing):
        outgoing.head({"name": "big", "kind": "file", "size": whole})
        outgoing.data(pieces())
        outgoing.end()

    with sending(device, send), asking(web) as answer:
        before = -1
        while before != sum(sent):  # until it has come to rest
            before = sum(sent)
            time.sleep(0.5)
        rested = sum(sent)
        received = len(answer.read())

    assert (rested < whole / 2, received) == (True, whole)
