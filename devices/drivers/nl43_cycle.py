"""The two long commands of a measurement: begin one in a new folder, and end it with its files at hand.

Each holds the meter from its first step to its last. When one fails half way, nothing is undone: its error says how far it got,
and so in which state the meter is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from devices.drivers import nl43_codec as codec
from devices.drivers import nl43_files as files
from devices.drivers.base import Progress
from devices.drivers.nl43_talk import Talk
from devices.enums import RunState
from devices.errors import Busy, CommandRefused, DeviceError, FileProblem, NoReply

NAMES: Final = 10_000
TRIED_NAMES: Final = 100
"""How many used Store Names are passed over; each takes the meter more than two seconds."""
FTP_SECONDS, FTP_AGAIN_SECONDS = 40.0, 1.0
"""How long the meter is given to bring its FTP server up (1 to 30 s are usual), and the pause between two looks."""
LISTED: Final = 500


async def start(talk: Talk, progress: Progress) -> dict[str, Any]:
    """Set the clock, take the next unused Store Name, start, and see that it measures. Raises Busy while it measures already."""
    done: list[str] = []
    async with _saying(done):
        await progress("Looking whether it measures", 0, 4)
        if await talk.ask("Measure?", codec.run_state) == RunState.MEASURING:
            raise Busy("the meter measures already; stop it first")
        done.append("it does not measure")
        await progress("Setting the clock", 1, 4)
        await talk.tell(lambda: f"Clock,{codec.clock_text(datetime.now(UTC), talk.target.time_zone)}")
        done.append("its clock is set")
        await progress("Looking for an unused Store Name", 2, 4)
        name = await _unused_name(talk, done)
        await progress("Starting", 3, 4)
        await _start(talk, done)
        await progress("Measuring", 4, 4)
    return {"state": RunState.MEASURING.value, "store_name": f"{name:04d}"}


async def stop(talk: Talk, progress: Progress) -> dict[str, Any]:
    """Stop (it may have ended by itself), switch FTP on, wait for it, and list the folder of the measurement. FTP stays on."""
    done: list[str] = []
    async with _saying(done):
        await progress("Stopping", 0, 5)
        by_itself = await _stop(talk, done)
        await progress("Asking where it stored", 1, 5)
        folder = f"{await talk.ask('Store Mode?', str.strip)}_{await talk.ask('Store Name?', codec.store_name):04d}"
        await progress("Switching FTP on", 2, 5)
        if not await talk.ask("FTP?", codec.is_on):  # switched no more often than it must be
            await talk.tell("FTP,On")
        done.append("FTP is on")
        await progress("Waiting for FTP", 3, 5)
        await _ftp_up(talk)
        await progress("Listing its folder", 4, 5)
        path, found = await files.in_thread(lambda: _folder(talk, folder))
        await progress("Done", 5, 5)
    note = "" if path else f"There is no folder {folder}: nothing was stored. In Manual mode, store after each measurement."
    listing = [{"name": each.name, "folder": each.folder, "size": each.size} for each in found[:LISTED]]
    return {"state": RunState.STOPPED.value, "already_stopped": by_itself, "ftp": "on", "folder": path, "files": listing, "note": note}


@asynccontextmanager
async def _saying(done: list[str]) -> AsyncIterator[None]:
    """Let an error say how far it got."""
    try:
        yield
    except DeviceError as error:
        if done:
            error.args = (f"{error}; the meter's state: {', '.join(done)}",)
        raise


async def _unused_name(talk: Talk, done: list[str]) -> int:
    name = await talk.ask("Store Name?", codec.store_name)
    for _ in range(TRIED_NAMES):
        if not await talk.ask("Overwrite?", codec.exists):
            return name
        name = (name + 1) % NAMES
        await talk.tell(f"Store Name,{name:04d}")
        done[2:] = [f"its Store Name is {name:04d}"]
    raise Busy(f"{TRIED_NAMES} Store Names in a row are used; set Store Name to an unused number first")


async def _start(talk: Talk, done: list[str]) -> None:
    """Start once. When the answer is lost the meter is asked whether it measures; it is never told again."""
    lost: NoReply | None = None
    try:
        await talk.tell("Measure,Start")
    except NoReply as error:
        lost = error
    done[0] = "whether it measures is not known"
    if await talk.ask("Measure?", codec.run_state) != RunState.MEASURING:
        done[0] = "it does not measure"
        raise lost or DeviceError("the meter took the start, and does not measure")
    done[0] = "it measures"


async def _stop(talk: Talk, done: list[str]) -> bool:
    """Stop once. Returns whether the measurement had ended by itself."""
    by_itself, lost = False, None
    try:
        await talk.tell("Measure,Stop")
    except (CommandRefused, NoReply) as error:
        by_itself, lost = getattr(error, "code", "") == codec.WRONG_STATE, error
        if isinstance(error, CommandRefused) and not by_itself:
            raise
    done[:] = ["whether it measures is not known"]
    if await talk.ask("Measure?", codec.run_state) != RunState.STOPPED:
        done[:] = ["it measures"]
        raise lost or DeviceError("the meter took the stop, and measures all the same")
    done[:] = ["it is stopped"]
    return by_itself


async def _ftp_up(talk: Talk) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + FTP_SECONDS
    while True:
        try:
            return await files.in_thread(lambda: files.greet(talk.ftp()))
        except FileProblem as problem:
            if problem.code == "not_allowed" or loop.time() >= until:
                raise
        await asyncio.sleep(FTP_AGAIN_SECONDS)


def _folder(talk: Talk, name: str) -> tuple[str | None, list[files.Entry]]:
    """Where the measurement is, and what is in it; None when its folder is not there (nothing was stored)."""
    zone, near = talk.target.time_zone, datetime.now(UTC)
    with talk.ftp() as ftp:
        for root in files.listed(ftp, "/", zone=zone, near=near):
            if root.folder and root.name.upper().startswith("NL-"):
                found = files.listed(ftp, f"/{root.name}", zone=zone, near=near)
                if any(each.folder and each.name == name for each in found):
                    path = f"/{root.name}/{name}"
                    return path, files.listed(ftp, path, zone=zone, near=near)
    return None, []
