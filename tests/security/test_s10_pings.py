"""S10: a ping's body may be of any length, and costs no memory, no disk and no other ping."""

import re
import socket
from uuid import uuid4

import pytest

from backups.models import ExpectedBackupJob, Ping
from sentinel_site import server
from tests.factories import make_source

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1024 * 1024


@pytest.fixture
def job():
    make_source("backups")
    return ExpectedBackupJob.objects.create(database_name="nightly", slug="nightly", period_seconds=3600)


def ask(web, path, *parts, headers=()):
    """Send a POST in parts; the whole answer."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", web.port), timeout=60) as line:
        for part in ("\r\n".join([*lines, "", ""]).encode(), *parts):
            line.sendall(part)
        answer = b""
        while received := line.recv(65536):
            answer += received
    return answer


def forget_peak(web):
    """From now on the peak is counted anew."""
    with open(f"/proc/{web.process.pid}/clear_refs", "w") as orders:
        orders.write("5")


def peak_kib(web):
    """The most memory the process held since then."""
    with open(f"/proc/{web.process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def status(answer):
    return int(answer.split()[1])


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "odd"])
def test_a_huge_body_is_taken_and_its_ends_are_kept(web, job, kind):
    forget_peak(web)
    before = peak_kib(web)
    headers = [f"Content-Length: {64 * MIB}", f"Content-Type: {kind}"]

    answer = ask(web, f"/ping/{job.ping_id}/fail", b"<" * MIB, *[b"." * MIB] * 62, b">" * MIB, headers=headers)

    ping = Ping.objects.get()
    assert (status(answer), ping.body_bytes, set(ping.body_head), set(ping.body_tail)) == (200, 64 * MIB, {"<"}, {">"})
    assert peak_kib(web) - before < 16 * 1024


def test_a_chunked_body_is_counted_as_it_comes(web, job):
    chunk = b"10000\r\n" + b"." * 65_536 + b"\r\n"

    answer = ask(web, f"/ping/{job.ping_id}", *[chunk] * 40, b"0\r\n\r\n", headers=["Transfer-Encoding: chunked"])

    assert (status(answer), Ping.objects.get().body_bytes) == (200, 40 * 65_536)


def test_a_body_without_end_is_refused_and_is_no_ping(web, job):
    answer = ask(web, f"/ping/{job.ping_id}", headers=[f"Content-Length: {server.PING_BODY_LIMIT + 1}", "Expect: 100-continue"])

    assert (status(answer), Ping.objects.exists()) == (413, False)


def test_a_right_and_a_wrong_address_look_alike_until_the_answer(web, job):
    right, wrong, worse = (
        ask(web, path, headers=["Content-Length: 0"]) for path in (f"/ping/{job.ping_id}", f"/ping/{uuid4()}", "/ping/x")
    )

    def names(answer):
        return sorted(line.split(b":")[0].lower() for line in answer.partition(b"\r\n\r\n")[0].splitlines()[1:])

    assert [status(answer) for answer in (right, wrong, worse)] == [200, 404, 404]
    assert names(wrong) == names(worse) == [name for name in names(right) if name != b"ping-body-limit"]
    assert wrong.partition(b"\r\n\r\n")[2] == worse.partition(b"\r\n\r\n")[2] == b"not found"
