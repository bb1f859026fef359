"""The FTP server of the simulated meter, by Python's ftplib and by hand."""

import ftplib

import pytest

from tests.devices.simulator.test_control import Line, becomes
from tests.meters import Meter


@pytest.fixture
def meter():
    with Meter(level=60.0, pause_seconds=0, time_zone="America/Lima") as meter:
        yield meter


def login(meter) -> ftplib.FTP:
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", meter.ftp_port, timeout=60)
    ftp.login("USER", "0000")
    ftp.set_pasv(False)
    return ftp


def listed(ftp: ftplib.FTP, path: str) -> list[str]:
    lines: list[str] = []
    ftp.dir(path, lines.append)
    return lines


def auto_measurement(meter, name: str) -> None:
    with Line(meter.port) as line:
        for command in ("Store Mode,Auto", f"Store Name,{name}", "Measure,Start", "Measure,Stop"):
            assert line.ask(command) == ["R+0000"]
        assert line.ask("Overwrite?") == ["R+0000", "Exist"]


def test_a_stored_measurement_is_listed_and_read(meter):
    auto_measurement(meter, "0042")

    with login(meter) as ftp:
        assert [each[:10] for each in listed(ftp, "/NL-43/Auto_0042")] == ["drwxrwxrwx", "drwxrwxrwx", "-rw-rw-rw-"]
        ftp.cwd("/NL-43/Auto_0042/Auto_Lp_01")
        (line,) = listed(ftp, "")
        content: list[bytes] = []
        ftp.retrbinary("RETR NL_0001_SLM_Lp _0042_0001.rnd", content.append)

    data = b"".join(content)
    assert line.endswith("NL_0001_SLM_Lp _0042_0001.rnd")
    assert int(line.split()[4]) == len(data)
    assert data.decode().splitlines()[1] == "Address,Start Time,Main Lp"
    assert data.endswith(b", 60.0\r\n")


def test_times_are_the_meters_own(meter):
    with Line(meter.port) as line:
        line.ask("Clock,2027/06/05 23:10:00")
    auto_measurement(meter, "0001")

    with login(meter) as ftp:
        assert listed(ftp, "/NL-43")[0].split()[5:8] == ["Jun", "5", "23:10"]
    with Line(meter.port) as line:
        line.ask("Clock,2028/06/05 23:10:00")
    with login(meter) as ftp:
        assert listed(ftp, "/NL-43")[0].split()[5:8] == ["Jun", "5", "2027"]


def test_passive_mode_is_not_there(meter):
    with login(meter) as ftp:
        ftp.set_pasv(True)

        with pytest.raises(ftplib.error_perm, match="502"):
            listed(ftp, "/")


def test_a_wrong_login_sees_nothing(meter):
    with ftplib.FTP() as ftp:
        ftp.connect("127.0.0.1", meter.ftp_port, timeout=60)
        with pytest.raises(ftplib.error_perm, match="530"):
            ftp.login("USER", "1234")

        with pytest.raises(ftplib.error_perm, match="530"):
            ftp.cwd("/")


def test_nothing_is_sent_to_a_third_party(meter):
    with login(meter) as ftp, pytest.raises(ftplib.error_perm, match="500"):
        ftp.sendport("127.0.0.2", 2000)


def test_a_path_never_leaves_the_card(meter):
    with login(meter) as ftp:
        ftp.cwd("/../../..")

        assert ftp.pwd() == "/"
        with pytest.raises(ftplib.error_perm, match="550"):
            ftp.retrbinary("RETR ../../etc/passwd", lambda _: None)


def test_ftp_off_refuses_and_control_goes_on(meter):
    with Line(meter.port) as line:
        assert line.ask("FTP,Off") == ["R+0000"]
        assert becomes(meter.ftp_port, refused=True)
        assert line.ask("FTP?") == ["R+0000", "Off"]
        assert line.ask("FTP,On") == ["R+0000"]
        assert line.ask("Type?") == ["R+0000", "NL-43"]

    assert becomes(meter.ftp_port, refused=False)
    with login(meter) as ftp:
        assert ftp.pwd() == "/"


def test_a_manual_file_grows_by_a_line(meter):
    with Line(meter.port) as line:
        for command in ("Measure,Start", "Measure,Stop", "Manual Store,Start", "Measure,Start", "Measure,Stop", "Manual Store,Start"):
            assert line.ask(command) == ["R+0000"]

    with login(meter) as ftp:
        content: list[bytes] = []
        ftp.retrbinary("RETR /NL-43/Manual_0001/NL_0001_SLM_MAN_0001_0000.rnd", content.append)
    assert [line.partition(b",")[0] for line in b"".join(content).splitlines()] == [b"CSV", b"Address", b"1", b"2"]
