"""The commands of the nl43 driver, before any connection."""

import pytest

from devices import drivers
from devices.enums import DriverKind
from devices.errors import BadArguments, UnknownCommand

API = [
    "start", "stop", "pause", "resume", "store", "state", "clock", "clock_set", "battery", "info", "settings",
    "setting_get", "setting_set", "dod", "dlc", "sleep", "wake", "ftp_enable", "ftp_disable", "ftp_status",
    "start_cycle", "stop_cycle",
]  # fmt: skip
HOSTILE = [
    "", " ", "Store Mode\r\nTCP,Off", "Store Mode\n", "\nStore Mode", "$Store Mode", "Store Mode$", "Store Mode\x1a", "Store Mode\x00",
    "Störe Mode", "Store\u00a0Mode", "Store  Mode", " Store Mode", "Store Mode ",
    "Store Mode,Auto", "Store Mode?", "DRD", "DRD?", "drd?status",
    "DRD?status\r", "\uff34CP", "x" * 61, 5, None, ["Store Mode"], {"a": 1}, True,
]  # fmt: skip
CUTTING = [
    "TCP",
    "tcp",
    "Web",
    "WEB",
    "Ethernet",
    "Ethernet IP",
    "Ethernet DHCP",
    "USB Class",
    "Reset",
    "RS-232C Baud Rate",
    "Echo",
    "FTP Port",
]


def check(command, **arguments):
    return drivers.spec(DriverKind.NL43, command).check(arguments)


def test_every_command_of_the_contract_is_there():
    assert list(drivers.COMMANDS[DriverKind.NL43]) == API
    assert drivers.COMMANDS[DriverKind.SIMULATED] == drivers.COMMANDS[DriverKind.NL43]


def test_an_unknown_command_names_the_known_ones():
    with pytest.raises(UnknownCommand, match="start, stop"):
        drivers.spec(DriverKind.NL43, "explode")
    with pytest.raises(UnknownCommand, match="none"):
        drivers.spec(DriverKind.PUSH, "start")


def test_what_only_asks_needs_no_right_to_operate():
    asking = [name for name, spec in drivers.COMMANDS[DriverKind.NL43].items() if not spec.changes]

    assert asking == ["state", "clock", "battery", "info", "settings", "setting_get", "dod", "dlc", "ftp_status"]


@pytest.mark.parametrize("command", [name for name in API if not name.startswith("setting_")])
def test_a_command_without_arguments_takes_none(command):
    assert check(command) == {}
    with pytest.raises(BadArguments, match="leave it out"):
        check(command, force=True)


@pytest.mark.parametrize(
    "name", ["Store Mode", "Time Weighting (Main)", "Percentile 1", "SD Card Free Size", "Lp Store Interval", "Measure"]
)
def test_settings_can_be_asked_for_by_their_names(name):
    assert check("setting_get", name=name) == {"name": name}


@pytest.mark.parametrize("name", [*HOSTILE, *CUTTING])
@pytest.mark.parametrize("command", ["setting_get", "setting_set"])
def test_names_that_would_break_the_connection_are_refused(command, name):
    arguments = {"name": name} if command == "setting_get" else {"name": name, "value": "Off"}

    with pytest.raises(BadArguments) as refused:
        check(command, **arguments)

    assert [argument for argument, _ in refused.value.errors] == ["name"]


@pytest.mark.parametrize(("name", "value", "sent"), [
    ("Store Mode", "auto", "Auto"), ("Time Weighting (Main)", "F", "F"), ("Percentile 1", 10, "10"), ("Store Name", "0012", "0012"),
    ("Lp Store Interval", "100ms", "100ms"), ("Backlight Auto Off", "Long", "Long"),
])  # fmt: skip
def test_a_value_is_sent_as_the_meter_spells_it(name, value, sent):
    assert check("setting_set", name=name, value=value) == {"name": name, "value": sent}


@pytest.mark.parametrize(("name", "value"), [
    ("Store Mode", "Auto\r\nTCP,Off"), ("Store Mode", "$"), ("Store Mode", "x"),
    ("Store Mode", ""), ("Store Mode", None), ("Store Mode", True),
    ("Store Mode", 1.5), ("Store Mode", "Aut\u00f6"), ("Store Mode", "\x1a"), ("Store Name", "12"),
    ("Store Name", "\u0661\u0662\u0663\u0664"),
    ("Percentile 1", "0"), ("Percentile 2", "100"), ("Percentile 2", "\u00b2"),
    ("Key Lock", "y" * 41), ("Key Lock", "a  b"), ("Key Lock", "a,b"),
    ("Key Lock", "On\n"), ("Key Lock", "On "),
])  # fmt: skip
def test_a_value_the_meter_cannot_mean_is_refused(name, value):
    with pytest.raises(BadArguments) as refused:
        check("setting_set", name=name, value=value)

    assert [argument for argument, _ in refused.value.errors] == ["value"]


@pytest.mark.parametrize(
    ("name", "instead"), [("Measure", "start and stop"), ("clock", "clock_set"), ("FTP", "ftp_enable"), ("Sleep Mode", "sleep")]
)
def test_what_has_a_command_of_its_own_is_not_set_by_name(name, instead):
    with pytest.raises(BadArguments, match=instead):
        check("setting_set", name=name, value="On")


def test_every_wrong_argument_is_named_at_once():
    with pytest.raises(BadArguments) as refused:
        check("setting_set", nmae="Store Mode", value="Auto")

    assert [argument for argument, _ in refused.value.errors] == ["nmae", "name"]
