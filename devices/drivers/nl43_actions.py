"""The commands of the nl43 driver, done. What they are called and take is in nl43_commands.py."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from devices.drivers import nl43_codec as codec
from devices.drivers import nl43_cycle as cycle
from devices.drivers.base import Progress
from devices.drivers.nl43_commands import READ_BY_SETTINGS
from devices.drivers.nl43_talk import Talk
from devices.errors import CommandRefused

SETTINGS: Final[Mapping[str, str]] = {
    "start": "Measure,Start",
    "stop": "Measure,Stop",
    "pause": "Pause,On",
    "resume": "Pause,Off",
    "store": "Manual Store,Start",
    "sleep": "Sleep Mode,On",
    "wake": "Sleep Mode,Off",
    "ftp_enable": "FTP,On",
    "ftp_disable": "FTP,Off",
}
"""Command → what is sent. Its reply is the result code alone."""
INFO: Final[Mapping[str, str]] = {
    "type": "Type",
    "version": "System Version",
    "serial_number": "Serial Number",
    "sd_total": "SD Card Total Size",
    "sd_free": "SD Card Free Size",
    "sd_percentage": "SD Card Percentage",
}
LONGEST_VALUE: Final = 200


async def perform(command: str, arguments: Mapping[str, Any], talk: Talk, progress: Progress) -> dict[str, Any]:
    """Do ``command`` with ``arguments`` that were checked, and give what the meter answered as JSON values. Raises DeviceErrors."""
    if command in SETTINGS:
        await talk.tell(SETTINGS[command])
        return {"code": codec.DONE}
    if command in _LONGER:
        return await _LONGER[command](talk, progress)
    if command == "setting_set":
        await talk.tell(f"{arguments['name']},{arguments['value']}")
        return {"code": codec.DONE, **arguments}
    if command == "setting_get":
        return {"name": arguments["name"], "value": await talk.ask(f"{arguments['name']}?", value)}
    return await _ask(command, talk)


def value(text: str) -> str:
    """The value of a setting as the meter spells it."""
    return text.strip()[:LONGEST_VALUE]


async def _ask(command: str, talk: Talk) -> dict[str, Any]:
    zone = talk.target.time_zone
    if command == "state":
        return {"state": (await talk.ask("Measure?", codec.run_state)).value}
    if command == "battery":
        return dict(await talk.ask("Battery Level?", codec.battery))
    if command == "ftp_status":
        return {"ftp": "on" if await talk.ask("FTP?", codec.is_on) else "off"}
    if command == "clock":
        shown = await talk.ask("Clock?", lambda text: (text.strip(), codec.clock(text, zone, near=_now())))
        return {"clock": shown[0], "at": shown[1].isoformat(), "ahead_seconds": round((shown[1] - _now()).total_seconds(), 1)}
    if command == "clock_set":
        await talk.tell(lambda: f"Clock,{codec.clock_text(_now(), zone)}")
        return {"code": codec.DONE, "time_zone": zone}
    levels = await talk.ask(f"{command.upper()}?", lambda text: codec.dod(text, final=command == "dlc"))
    return {"values": dict(levels.values), "overload": levels.overload, "under_range": levels.under_range}


async def _info(talk: Talk, progress: Progress) -> dict[str, Any]:
    return {key: await _or_none(talk, request, codec.quantity if key.startswith("sd_") else value) for key, request in INFO.items()}


async def _settings(talk: Talk, progress: Progress) -> dict[str, Any]:
    found = {}
    for done, name in enumerate(READ_BY_SETTINGS):
        await progress(f"Reading {name}", done, len(READ_BY_SETTINGS))
        found[name] = await _or_none(talk, name, value)
    return {"settings": found}


async def _or_none(talk: Talk, name: str, read: Callable[[str], Any]) -> Any:
    """What the meter says, None when it does not know the name: types and versions differ."""
    try:
        return await talk.ask(f"{name}?", read)
    except CommandRefused:
        return None


def _now() -> datetime:
    return datetime.now(UTC)


_LONGER: Final[Mapping[str, Callable[[Talk, Progress], Awaitable[dict[str, Any]]]]] = {
    "info": _info,
    "settings": _settings,
    "start_cycle": cycle.start,
    "stop_cycle": cycle.stop,
}
