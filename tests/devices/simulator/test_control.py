"""The control connection of the simulated meter, as a stranger with a socket sees it."""

import socket
import time

import pytest

from tests.meters import Fault, Meter


class Line:
    """A plain client: no library, and patience for a machine that stops."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.file.close()
        self.socket.close()

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode() + b"\r\n")

    def read(self) -> str:
        """The next line, with the prompt that sticks to its front."""
        return self.file.readline().decode("latin-1").removesuffix("\r\n")

    def ask(self, text: str) -> list[str]:
        """The reply without prompts: a result code, and data if there is any."""
        self.send(text)
        code = self.read().lstrip("$")
        return [code, self.read()] if code == "R+0000" and "?" in text else [code]


def becomes(port: int, *, refused: bool) -> bool:
    """Wait until connections are refused, or taken."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 30).close()
            is_refused = False
        except ConnectionRefusedError:
            is_refused = True
        except ConnectionResetError:  # the port was closed while we knocked
            continue
        if is_refused == refused:
            return True
    return False


@pytest.fixture
def meter():
    with Meter(level=60.0, pause_seconds=0) as meter:
        yield meter


@pytest.fixture
def line(meter):
    with Line(meter.port) as line:
        yield line


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("Measure,Stop", "R+0004"), ("$Measure,Start", "R+0001"), ("Manual Store", "R+0001"), ("ManualStore,Start", "R+0001"),
        ("Manual  Store,Start", "R+0001"), ("Clock,2025/12/24,01:11:41", "R+0002"), ("Clock,2022/12/24 01:11:41", "R+0002"),
        ("Clock,2025/12/24 01:11:41", "R+0000"), ("Type,NL-43", "R+0003"), ("Manual Store?", "R+0003"), ("Reset,Now", "R+0001"),
        ("measure, start", "R+0000"), ("Store Name,12", "R+0002"), ("Percentile 1,100", "R+0002"), ("Store Mode,Sometimes", "R+0002"),
        ("Manual Store,Start", "R+0004"), ("Pause,On", "R+0004"), ("", "R+0001"),
    ],
)  # fmt: skip
def test_each_command_has_its_result_code(line, command, code):
    assert line.ask(command) == [code]


def test_settings_are_kept_and_refused_while_it_measures(line):
    assert line.ask("Time Weighting (Main),s") == ["R+0000"]
    assert line.ask("Measure,Start") == ["R+0000"]

    assert line.ask("Time Weighting (Main),F") == line.ask("Sleep Mode,On") == line.ask("Measure,Start") == ["R+0004"]
    assert line.ask("Time Weighting (Main)?") == ["R+0000", "S"]
    assert line.ask("Measure?") == ["R+0000", "Start"]


def test_the_prompt_sticks_to_the_front_of_the_next_line(line):
    line.send("Type?")

    assert [line.read(), line.read()] == ["$R+0000", "NL-43"]


def test_echo_repeats_the_command(line):
    assert line.ask("Echo,On") == ["R+0000"]
    line.send("Type?")

    assert [line.read(), line.read(), line.read()] == ["$Type?", "R+0000", "NL-43"]


def test_dod_has_64_fields_and_only_lp_before_a_measurement(line):
    fields = line.ask("DOD?")[1].split(",")

    assert len(fields) == 64
    assert fields[:5] == [" 60.0", "  -.-", "  -.-", "  -.-", "  -.-"]
    assert fields[14:18] == ["0", "0", "  -.-", "  -.-"]
    assert fields[30:32] == ["-", "-"]


def test_dlc_has_no_lp_and_keeps_the_last_measurement(meter, line):
    line.ask("Measure,Start")
    while line.ask("DOD?")[1].split(",")[1] == "  -.-":
        pass  # until something was measured; the run's own time-out ends it if nothing ever is
    line.ask("Measure,Stop")
    meter.level = 90.0

    assert line.ask("DOD?")[1].split(",")[:2] == [" 90.0", " 60.0"]
    assert line.ask("DLC?")[1].split(",")[:2] == ["  -.-", " 60.0"]


def test_drd_streams_until_sub(line):
    line.send("DRD?status")
    assert line.read().lstrip("$") == "R+0000"
    first, second = line.read().split(","), line.read().split(",")
    line.socket.sendall(b"\x1a")
    while (rest := line.socket.recv(4096)) and not rest.endswith(b"$"):
        pass

    assert (len(first), first[:2], second[0], first[-1]) == (38, ["  1", " 60.0"], "  2", "S")
    assert line.ask("Type?") == ["R+0000", "NL-43"]


def test_drd_is_refused_in_auto_mode_with_another_interval(line):
    line.ask("Store Mode,Auto")

    assert line.ask("DRD?") == ["R+0004"]


def test_a_second_connection_waits_until_the_first_is_gone(meter):
    with Line(meter.port) as first:
        assert first.ask("Type?") == ["R+0000", "NL-43"]
        with Line(meter.port) as second:
            second.send("Type?")
            second.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                second.socket.recv(1)
            first.__exit__()
            second.socket.settimeout(60)
            assert second.socket.recv(100).startswith(b"$")

    assert (meter.counters.connections, meter.counters.most_open, meter.violations) == (2, 2, 0)


def test_one_connection_after_another_is_never_two(meter):
    for _ in range(5):
        with Line(meter.port) as line:
            assert line.ask("Type?") == ["R+0000", "NL-43"]

    assert (meter.counters.connections, meter.counters.most_open) == (5, 1)


def test_a_command_that_comes_early_is_refused_and_counted_across_connections():
    with Meter(level=60.0, pause_seconds=3600) as meter:
        with Line(meter.port) as line:
            assert [line.ask("Type?"), line.ask("Type?")] == [["R+0000", "NL-43"], ["R+0004"]]
        with Line(meter.port) as line:
            assert line.ask("Type?") == ["R+0004"]

        assert meter.violations == 2


def test_a_command_that_comes_after_the_pause_is_answered():
    with Meter(level=60.0, pause_seconds=0.1) as meter, Line(meter.port) as line:
        line.ask("Type?")
        time.sleep(0.11)

        assert line.ask("Type?") == ["R+0000", "NL-43"]
        assert meter.violations == 0


def test_what_comes_before_the_reply_is_lost_and_counted():
    with Meter(level=60.0, pause_seconds=0, latency_seconds=(0.1, 0.1)) as meter, Line(meter.port) as line:
        line.send("Type?\r\nSerial Number?")

        assert [line.read(), line.read()] == ["$R+0000", "NL-43"]
        assert (meter.violations, dict(meter.counters.commands)) == (1, {"Type?": 1})


def test_the_next_command_can_be_made_to_go_wrong(meter):
    meter.fail_next(Fault.DROP, Fault.BUSY, Fault.HALF)
    with Line(meter.port) as line, pytest.raises(ConnectionResetError):
        line.ask("Type?")

    with Line(meter.port) as line:
        assert line.ask("Measure,Start") == ["R+0004"]
        line.send("Type?")
        assert line.file.read(8) == b"$R+0000\r"
        line.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            line.file.read(1)
    assert not meter.measuring


def test_a_scenario_goes_wrong_every_so_many_commands():
    with Meter(scenario="drops", every=3, pause_seconds=0) as meter:
        with Line(meter.port) as line:
            assert line.ask("Type?") == line.ask("Type?") == ["R+0000", "NL-43"]
            with pytest.raises(ConnectionResetError):
                line.ask("Type?")

        assert meter.counters.commands["Type?"] == 3


def test_a_wedged_meter_refuses_and_its_ftp_answers(meter, line):
    assert line.ask("Type?") == ["R+0000", "NL-43"]
    meter.switch("wedge")

    with pytest.raises(ConnectionResetError):
        line.ask("Type?")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", meter.port), 60)
    with socket.create_connection(("127.0.0.1", meter.ftp_port), 60) as ftp:
        assert ftp.recv(3) == b"220"
    meter.switch("quiet")
    with Line(meter.port) as again:
        assert again.ask("Type?") == ["R+0000", "NL-43"]


def test_a_meter_that_sleeps_lets_connections_time_out_and_wakes_up(meter):
    meter.switch("asleep")
    for port in (meter.port, meter.ftp_port):
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", port), 0.3)
    meter.switch("quiet")

    with Line(meter.port) as line:
        assert line.ask("Type?") == ["R+0000", "NL-43"]


def test_tcp_off_cuts_the_control_connection(meter, line):
    line.send("TCP,Off")

    assert becomes(meter.port, refused=True)
