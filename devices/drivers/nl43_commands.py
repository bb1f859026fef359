"""The commands of the nl43 driver: what each is called, needs, changes and may take. No connection is needed to read or check them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from devices.drivers import nl43_files
from devices.drivers.base import Argument, CommandSpec
from devices.errors import BadArguments, FileProblem

MINUTE, CYCLE, HOUR = 90.0, 600.0, 3600.0
"""Seconds: a row of exchanges; a search for an unused name and a slow FTP server; a folder of many files."""

_TIMES: Final = ("10s", "1m", "5m", "10m", "15m", "30m", "1h", "8h", "24h")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "Frequency Weighting": ("A", "C", "Z"),
    "Time Weighting": ("F", "S", "I"),
    "Store Mode": ("Manual", "Auto"),
    "Measurement Time Preset Manual": _TIMES,
    "Measurement Time Preset Auto": _TIMES,
    "Leq Calculation Interval Preset": ("Off", *_TIMES),
    "Lp Store Interval": ("Off", "10ms", "25ms", "100ms", "200ms", "1s"),
}
"""Settings by name and the values they take; a channel, as in "Time Weighting (Main)", changes nothing about that."""
READ_BY_SETTINGS: Final = (
    "Frequency Weighting (Main)", "Time Weighting (Main)", "Store Mode", "Store Name", "Measurement Time Preset Manual",
    "Measurement Time Preset Auto", "Leq Calculation Interval Preset", "Lp Store Interval", "Percentile 1", "Percentile 2",
    "Percentile 3", "Percentile 4", "Percentile 5", "Sleep Mode",
)  # fmt: skip
"""What the command ``settings`` asks for."""
_OF_THEIR_OWN: Final = {
    "measure": "start and stop", "pause": "pause and resume", "manual store": "store", "clock": "clock and clock_set",
    "sleep mode": "sleep and wake", "ftp": "ftp_enable and ftp_disable", "battery level": "battery", "dod": "dod", "dlc": "dlc",
}  # fmt: skip
_STREAMS: Final = frozenset({"drd"})
_NEVER: Final = frozenset({
    "tcp", "web", "ethernet", "usb", "lan", "ip", "dhcp", "dns", "subnet", "gateway", "netmask", "port", "network", "address",
    "comm", "communication", "rs-232c", "rs232c", "rs", "baud", "i/f", "interface", "remote", "echo", "reset", "initialize", "init",
    "format", "delete", "erase", "default", "shutdown", "reboot", "restart", "power", "password", "user", "login", "update",
    "firmware",
})  # fmt: skip
"""Words of settings that could cut the control connection, turn the meter off or destroy what it holds."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9/.+-]*(?: [A-Za-z0-9/.+-]+| \([A-Za-z0-9]+\))*")
_VALUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 :/._+%-]*")
_STORE_NAME: Final = re.compile(r"[0-9]{4}")
_TRANSFER: Final = re.compile(r"[0-9a-f]{32}")
NAME_LENGTH, VALUE_LENGTH = 60, 40


def setting_name(value: object) -> str:
    """A setting's name that may be asked for. Raises ValueError, whose text says what to do."""
    if not isinstance(value, str) or len(value) > NAME_LENGTH or not _NAME.fullmatch(value):
        raise ValueError("write the setting's name as in Rion's manual, for example Store Mode or Time Weighting (Main)")
    words = set(value.lower().replace("(", "").replace(")", "").split())
    if words & _STREAMS:
        raise ValueError("that is a stream, not a setting")
    if words & _NEVER:
        raise ValueError("this setting could cut the connection to the meter or lose its data; change it at the meter itself")
    return value


def setting_value(name: str, value: object) -> str:
    """A value for the setting ``name`` that may be sent. Raises ValueError, whose text says what to do."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > VALUE_LENGTH or not _VALUE.fullmatch(text) or "  " in text or text != text.strip():
        raise ValueError(f"write a value of at most {VALUE_LENGTH} letters, digits and signs, for example Auto or 0012")
    bare = name.partition(" (")[0].lower()
    for known, choices in CHOICES.items():
        if bare == known.lower():
            return _chosen(text, choices)
    if bare == "store name" and not _STORE_NAME.fullmatch(text):
        raise ValueError("write four digits, from 0000 to 9999")
    if bare.startswith("percentile ") and not (text.isdigit() and 1 <= int(text) <= 99):
        raise ValueError("write a number from 1 to 99")
    return text


def _chosen(text: str, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if choice.lower() == text.lower():
            return choice
    raise ValueError(f"write one of: {', '.join(choices)}")


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": _fields(given, ("name",))["name"]}


def _set(given: Mapping[str, Any]) -> dict[str, Any]:
    found = _fields(given, ("name", "value"))
    own = _OF_THEIR_OWN.get(found["name"].lower())
    if own:
        raise BadArguments([("name", f"this is done by the command {own}")])
    try:
        return {"name": found["name"], "value": setting_value(found["name"], found["value"])}
    except ValueError as error:
        raise BadArguments([("value", str(error))]) from None


def _fields(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    errors = [(str(name)[:40], "there is no such argument; leave it out") for name in given if name not in names]
    errors += [(name, "this is needed") for name in names if name not in given]
    if "name" in given:
        try:
            setting_name(given["name"])
        except ValueError as error:
            errors.append(("name", str(error)))
    if errors:
        raise BadArguments(errors)
    return dict(given)


_SETTING = Argument("name", "Setting")
_ALL: Final = (
    CommandSpec("start", "Start measuring", changes=True, confirm=True),
    CommandSpec("stop", "Stop measuring", changes=True, confirm=True),
    CommandSpec("pause", "Pause", changes=True),
    CommandSpec("resume", "Resume", changes=True),
    CommandSpec("store", "Store now (Manual mode)", changes=True, confirm=True),
    CommandSpec("state", "Measuring or not"),
    CommandSpec("clock", "Read the clock"),
    CommandSpec("clock_set", "Set the clock", changes=True, confirm=True),
    CommandSpec("battery", "Battery"),
    CommandSpec("info", "Type, version, serial number, SD card", seconds=MINUTE),
    CommandSpec("settings", "Read the settings", seconds=MINUTE, long=True),
    CommandSpec("setting_get", "Read a setting", arguments=(_SETTING,), check=_asked),
    CommandSpec(
        "setting_set", "Change a setting", changes=True, confirm=True, arguments=(_SETTING, Argument("value", "Value")), check=_set
    ),
    CommandSpec("dod", "Present values"),
    CommandSpec("dlc", "Final values of the last measurement"),
    CommandSpec("sleep", "Let it sleep between timed measurements", changes=True, confirm=True),
    CommandSpec("wake", "Keep it awake", changes=True),
    CommandSpec("ftp_enable", "Switch FTP on", changes=True),
    CommandSpec("ftp_disable", "Switch FTP off", changes=True, confirm=True),
    CommandSpec("ftp_status", "Whether FTP is on"),
    CommandSpec("start_cycle", "Set the clock, take a new folder and start", seconds=CYCLE, changes=True, confirm=True, long=True),
    CommandSpec("stop_cycle", "Stop, switch FTP on and list the new folder", seconds=CYCLE, changes=True, confirm=True, long=True),
)
COMMANDS: Final[Mapping[str, CommandSpec]] = {spec.name: spec for spec in _ALL}


def _file(given: Mapping[str, Any]) -> dict[str, Any]:
    errors = [(str(name)[:40], "there is no such argument; leave it out") for name in given if name not in {"path", "transfer"}]
    path = ""
    try:
        path = nl43_files.checked(given.get("path"))
    except FileProblem as problem:
        errors.append(("path", str(problem)))
    transfer = given.get("transfer")
    if not isinstance(transfer, str) or not _TRANSFER.fullmatch(transfer):
        errors.append(("transfer", "files are fetched at /files and /files/download"))
    if errors:
        raise BadArguments(errors)
    return {"path": path, "transfer": transfer}


FILE_COMMANDS: Final[Mapping[str, CommandSpec]] = {
    "list_files": CommandSpec("list_files", "List a folder", seconds=MINUTE, check=_file),
    "send_file": CommandSpec("send_file", "Fetch a file or a folder", seconds=HOUR, check=_file),
}
"""What devices/transfers.py does beside the control connection; nobody gives these by name."""
