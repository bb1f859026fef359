"""Files on a meter's card: the simulated meter's FTP server, and servers that lie."""

import functools
import io
import socket
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers import nl43_files as files
from devices.drivers import nl43_zip
from devices.drivers.base import Target
from devices.drivers.ftp import Ftp, Patience
from devices.errors import FileProblem, NotAllowed
from tests.meters import Meter

NEAR = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ZONE = "Europe/Paris"
QUICK = Patience(connect=1, reply=0.3, data=0.3, listing=1, transfer=1)
PATIENT = Patience(connect=30, reply=30, data=30, listing=60, transfer=60)
LINE = "-rw-rw-rw-   1 owner    group         1234 Mar  2 12:30 NL_0001_SLM_Lp _0001_0001.rnd"
STORED = {"Auto_0001/Auto_Lp_01/NL_0001_SLM_Lp _0001_0001.rnd": 300_000, "Manual_0002/a.rnd": 5, "Manual_0002/empty": 0}
TRAVERSING = [
    "", "NL-43", "../etc", "/..", "/NL-43/..", "/NL-43/../../etc/passwd", "/./x", "/NL-43\\..\\x",
    "/a\r\nDELE b", "/a\nb", "/a\x00b", "/a\x1ab", "/%2e%2e\x7f",
    "/" + "x" * 201, "/x" * 300, 5, None, ["/"], "/a:b", "/a*", '/"', "/\u2028",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.SENTINEL_DEVICE_LOOPBACK = True


def target(port, password="0000"):
    return Target("roof", "127.0.0.1", 1, port, "USER", password, ZONE)


@pytest.fixture(scope="module")
def card():
    """A meter with files on its card."""
    with Meter() as meter:
        for name, size in (
            ("Auto_0001/Auto_Lp_01/NL_0001_SLM_Lp _0001_0001.rnd", 300_000),
            ("Manual_0002/a.rnd", 5),
            ("Manual_0002/empty", 0),
        ):
            meter.inner.instrument.card.put(f"/NL-43/{name}", datetime(2026, 3, 2), functools.partial(bytes, size))
        yield meter


def listed(ftp, path):
    return files.listed(ftp, path, zone=ZONE, near=datetime.now(UTC))


def opened(ftp, path):
    return files.opened(ftp, path, zone=ZONE, near=datetime.now(UTC))


@contextmanager
def liar(*script, data=None):
    """An FTP server that says each of ``script`` in turn, whatever it is asked, and sends ``data`` where it was told to."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        try:
            control, _ = server.accept()
        except OSError:
            return
        with control:
            control.settimeout(60)
            try:
                for reply in script:
                    control.sendall(reply)
                    asked = control.recv(4096)
                    if asked.startswith(b"PORT"):
                        fields = [int(each) for each in asked.split()[1].split(b",")]
                    if asked.startswith((b"LIST", b"RETR")) and data is not None:
                        control.sendall(b"150 here\r\n")
                        with socket.create_connection(("127.0.0.1", fields[4] * 256 + fields[5])) as sending:
                            data(sending)
                stop.wait(60)
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield target(server.getsockname()[1])
    finally:
        stop.set()
        server.close()
        thread.join()


LOG_IN = (b"220 ready\r\n", b"331 password\r\n", b"230 in\r\n", b"200 type\r\n")
"""Up to the answer to TYPE, which comes before the first transfer."""


def test_a_folder_is_listed_with_names_that_hold_blanks(card):
    with Ftp(target(card.ftp_port)) as ftp:
        (root,) = [each for each in listed(ftp, "/") if each.name == "NL-43"]

        assert root.folder
        assert [each.name for each in listed(ftp, "/NL-43")] == ["Auto_0001", "Manual_0002"]
        assert [each.name for each in listed(ftp, "/NL-43/Auto_0001/Auto_Lp_01")] == ["NL_0001_SLM_Lp _0001_0001.rnd"]


def test_a_file_comes_whole(card):
    with Ftp(target(card.ftp_port)) as ftp:
        path, entry = next(each for each in walk(ftp, "/") if not each[1].folder and each[1].size)
        download = opened(ftp, path)
        content = b"".join(download.chunks)

    assert (download.name, download.kind, len(content)) == (entry.name, "file", entry.size)


def walk(ftp, path):
    found = listed(ftp, path)
    for each in found:
        below = f"{path.rstrip('/')}/{each.name}"
        yield below, each
        if each.folder:
            yield from walk(ftp, below)


def test_a_folder_comes_as_an_archive_of_all_below_it(card):
    with Ftp(target(card.ftp_port)) as ftp:
        expected = {path.removeprefix("/NL-43/"): entry.size for path, entry in walk(ftp, "/NL-43") if not entry.folder}
        download = opened(ftp, "/NL-43")
        archive = zipfile.ZipFile(io.BytesIO(b"".join(download.chunks)))

    assert (download.name, download.kind, archive.testzip()) == ("NL-43.zip", "zip", None)
    assert {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()} == expected


@pytest.mark.parametrize("path", ["/nowhere", "/NL-43/nothing.rnd", "/nowhere/at/all"])
def test_what_is_not_there_is_not_found(card, path):
    with Ftp(target(card.ftp_port)) as ftp, pytest.raises(FileProblem) as problem:
        opened(ftp, path)

    assert problem.value.code == "not_found"


@pytest.mark.parametrize("path", TRAVERSING)
def test_a_path_that_leads_elsewhere_is_refused(path):
    with pytest.raises(FileProblem) as problem:
        files.checked(path)

    assert problem.value.code == "not_allowed"


def test_a_wrong_password_is_said_without_saying_it(card):
    with pytest.raises(FileProblem) as problem, Ftp(target(card.ftp_port, "hunter2secret")):
        pass

    assert problem.value.code == "not_allowed"
    assert "hunter2secret" not in str(problem.value)


@pytest.mark.parametrize("password", ["0000\r\nDELE x", "a\x00b"])
def test_a_password_cannot_hold_a_command(card, password):
    with pytest.raises(FileProblem), Ftp(target(card.ftp_port, password)):
        pass


def test_ftp_that_is_off_is_told_apart_from_a_meter_that_is_gone(settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(FileProblem) as problem, Ftp(target(port)):
        pass
    settings.SENTINEL_DEVICE_LOOPBACK = False

    with pytest.raises(NotAllowed), Ftp(target(port)):
        pass

    assert problem.value.code == "off"


async def test_the_banner_shows_that_ftp_answers(card):
    assert await files.probe_ftp(target(card.ftp_port)) is True
    assert await files.probe_ftp(target(1)) is False
    assert card.counters.connections == 0


@pytest.mark.parametrize("script", [
    (b"SSH-2.0-OpenSSH\r\n",), (b"", b""), (b"x" * 5000,), (b"220-" + b"a\r\n220-" * 200,), (b"421 busy\r\n",), (b"22\r\n",),
    (b"220 ok\r\n", b"331 pw\r\n", b"530 no\r\n"),
])  # fmt: skip
def test_a_server_that_lies_costs_little(script):
    with liar(*script) as where, pytest.raises(FileProblem), Ftp(where, patience=QUICK):
        pass


def test_a_server_that_repeats_the_password_does_not_have_it_shown():
    script = (*LOG_IN[:3], b"500 hunter2secret\r\n")
    with (
        liar(*script) as where,
        pytest.raises(FileProblem) as problem,
        Ftp(replace(where, password="hunter2secret"), patience=QUICK) as ftp,
    ):
        ftp.listing()

    assert "hunter2secret" not in str(problem.value)


def test_a_server_that_drips_is_given_up():
    def drip(sending):
        for _ in range(40):
            sending.sendall(b"x")
            time.sleep(0.05)

    with liar(*LOG_IN, b"200 port\r\n", data=drip) as where, Ftp(where, patience=replace(PATIENT, transfer=1)) as ftp:
        with pytest.raises(FileProblem, match="slowly"):
            b"".join(ftp.retrieve("x"))
        ftp.close()


def test_a_listing_without_an_end_is_cut_off():
    def endless(sending):
        for _ in range(100):
            sending.sendall(b"x" * 65_536)

    with liar(*LOG_IN, b"200 port\r\n", data=endless) as where, Ftp(where, patience=PATIENT) as ftp:
        with pytest.raises(FileProblem, match="too big"):
            ftp.listing()
        ftp.close()


def test_a_data_connection_that_never_comes_is_given_up():
    with liar(*LOG_IN, b"200 port\r\n", b"150 soon\r\n") as where, Ftp(where, patience=replace(PATIENT, data=0.3)) as ftp:
        with pytest.raises(FileProblem, match="active FTP"):
            ftp.listing()
        ftp.close()


def test_a_line_of_a_listing_is_read_in_the_meters_zone():
    found = files.entry(LINE, zone=ZONE, near=NEAR)

    assert found == files.Entry("NL_0001_SLM_Lp _0001_0001.rnd", False, 1234, datetime(2026, 3, 2, 12, 30, tzinfo=ZoneInfo(ZONE)))


@pytest.mark.parametrize(("date", "year"), [
    ("Mar  2 12:30", 2026), ("Mar  3 12:30", 2026), ("Mar 10 12:30", 2025), ("Dec 31 23:59", 2025), ("Feb 29 10:00", 2024),
    ("Jan  5  2023", 2023),
])  # fmt: skip
def test_a_date_without_a_year_is_the_last_such(date, year):
    assert files.entry(LINE.replace("Mar  2 12:30", date), zone=ZONE, near=NEAR).changed_at.year == year


@pytest.mark.parametrize("date", ["Foo  2 12:30", "Feb 31 12:30", "Mar  2 25:30", "Feb 30  2024"])
def test_a_date_that_does_not_exist_is_none(date):
    assert files.entry(LINE.replace("Mar  2 12:30", date), zone=ZONE, near=NEAR).changed_at is None


@pytest.mark.parametrize("name", ["..", ".", "../../etc/passwd", "a/b", "a\\b", "a\x00b", "a\x1bb", "C:x", "a" * 201, "", "\u202eexe.x"])
def test_a_name_that_is_more_than_a_name_is_left_out(name):
    assert files.entry(LINE.replace("NL_0001_SLM_Lp _0001_0001.rnd", name), zone=ZONE, near=NEAR) is None


@pytest.mark.parametrize(
    "line", ["", "total 5", "lrwxrwxrwx 1 a b 5 Mar  2 12:30 x -> /etc", "crw-rw-rw- 1 a b 5 Mar  2 12:30 x", "x" * 100_000]
)
def test_what_is_no_file_is_left_out(line):
    assert files.entry(line, zone=ZONE, near=NEAR) is None


@given(st.text(max_size=300))
def test_no_line_gives_a_name_that_leads_elsewhere(line):
    for text in (line, LINE + line):
        found = files.entry(text, zone=ZONE, near=NEAR)
        assert found is None or (found.name not in {".", ".."} and not set(found.name) & set("/\\\r\n\0"))


def tree(folders):
    """Listings of folders that exist on no card."""
    return lambda path: folders(path.count("/"))


def test_folders_without_an_end_are_cut_off():
    endless = nl43_zip.zipped("/a", tree(lambda depth: [("again", True, None)]), lambda name: iter([b""]))

    with pytest.raises(FileProblem, match="deep"):
        list(endless)


def test_files_without_an_end_are_cut_off():
    crowd = [(f"{number}", False, None) for number in range(50)]
    wide = [(f"f{number}", True, None) for number in range(5)]
    many = nl43_zip.zipped("/a", lambda path: crowd if path != "/a" else wide, lambda name: iter([b""]), most=200)

    with pytest.raises(FileProblem, match="200"):
        for _ in many:
            pass


def test_empty_folders_without_an_end_are_cut_off():
    folders = [(f"f{number}", True, None) for number in range(5)]
    many = nl43_zip.zipped("/a", lambda path: folders if path.count("/") < 6 else [], lambda name: iter([b""]), most=200)

    with pytest.raises(FileProblem, match="200"):
        list(many)


def test_a_file_that_is_refused_is_named_and_the_others_come():
    def retrieve(name):
        if name == "b":
            raise FileProblem("not_found", "in use")
        yield name.encode()

    listing = [("a", False, NEAR), ("b", False, None), ("c d", False, None)]

    archive = zipfile.ZipFile(io.BytesIO(b"".join(nl43_zip.zipped("/x", lambda path: listing, retrieve))))

    assert {name: archive.read(name) for name in ("a", "c d")} == {"a": b"a", "c d": b"c d"}
    assert archive.read("not-fetched.txt").endswith(b"\r\nb\r\n")


def test_an_archive_is_made_in_little_memory():
    sizes = [len(piece) for piece in nl43_zip.zipped("/x", lambda path: [("big", False, None)], lambda name: iter([bytes(65_536)] * 500))]

    assert max(sizes) < 200_000
