"""From whoever hears a device to every web process: one group, latest wins, and nobody ever waits for Redis.

The message: ``{"type": "device.frames", "frames": [[slug, text], ...]}`` to the group GROUP; hub.py takes it.
"""

import asyncio
import logging
import os
import threading
import time
from typing import Final

from channels.layers import get_channel_layer

from devices import frames

GROUP: Final = "devices"
MESSAGE: Final = "device.frames"
SEND_SECONDS: Final = 1.0
"""How long one send may take. Redis that hangs takes this, again and again, of nobody's time but the sender's own."""
GAP_SECONDS: Final = 0.01
"""Between two sends: what comes meanwhile goes together, so that 200 devices cost no more than 100 sends a second."""
AGAIN_SECONDS: Final = (0.1, 1.0)
"""After a send that failed: the shortest and the longest pause."""
REPEAT_SECONDS: Final = 3.0
"""After a trouble: what was sent until then is sent once more, for web processes take a second to subscribe again."""
SAY_SECONDS: Final = 60.0
"""A trouble that lasts is said in the log this often."""
BATCH: Final = 100
"""Frames in one message at most."""

logger = logging.getLogger(__name__)
_Slot = tuple[str, bool]


class Publisher:
    """Sends what is ``put``, in the event loop that ``run`` runs in. While Redis is away, the last frame of each device waits."""

    def __init__(self) -> None:
        self._slots: dict[_Slot, str] = {}
        self._repeated: dict[_Slot, str] | None = None
        self._filled = asyncio.Event()
        self._troubled, self._trouble_said = False, 0.0
        self._pause = AGAIN_SECONDS[0]

    def put(self, slug: str, text: str) -> None:
        """Send ``text`` (see frames.py) to everybody who looks at ``slug``. Never waits.

        Of each device only the last frame and the last status are sent, in the order in which they were put.
        """
        slot = slug, frames.is_status(text)
        self._slots.pop(slot, None)
        self._slots[slot] = text
        self._filled.set()

    async def run(self) -> None:
        """Send, until cancelled. No trouble ends it."""
        while True:
            await self._filled.wait()
            sent = await self._send_some()
            if not self._slots:
                self._filled.clear()
            await asyncio.sleep(GAP_SECONDS if sent else self._pause)

    async def _send_some(self) -> bool:
        """Send what waits, BATCH at most. Returns whether it went; what did not waits again, unless something newer does by now."""
        taken = {slot: self._slots.pop(slot) for slot in list(self._slots)[:BATCH]}
        message = {"type": MESSAGE, "frames": [[slug, text] for (slug, _), text in taken.items()]}
        try:
            await asyncio.wait_for(get_channel_layer().group_send(GROUP, message), SEND_SECONDS)
        except Exception as error:  # whatever is wrong with Redis: it comes back, and devices are not to notice
            self._slots = _merged(taken, self._slots)
            self._failed(error)
            return False
        self._succeeded(taken)
        return True

    def _succeeded(self, sent: dict[_Slot, str]) -> None:
        if self._troubled:
            self._troubled, self._pause = False, AGAIN_SECONDS[0]
            asyncio.get_running_loop().call_later(REPEAT_SECONDS, self._repeat)
            self._repeated = {}
        if self._repeated is not None:
            self._repeated = _merged(self._repeated, sent)

    def _repeat(self) -> None:
        self._slots, self._repeated = _merged(self._repeated or {}, self._slots), None
        if self._slots:
            self._filled.set()

    def _failed(self, error: Exception) -> None:
        self._troubled = True
        self._pause = min(self._pause * 2, AGAIN_SECONDS[1])
        if time.monotonic() - self._trouble_said > SAY_SECONDS or not self._trouble_said:
            self._trouble_said = time.monotonic()
            logger.warning("live frames cannot be sent, viewers see nothing new: %s", str(error) or type(error).__name__)


def _merged(older: dict[_Slot, str], newer: dict[_Slot, str]) -> dict[_Slot, str]:
    """Both, in the order in which they were put."""
    return {slot: text for slot, text in older.items() if slot not in newer} | newer


class _Thread:
    """A thread with an event loop and a publisher of its own, for processes whose own loop is not at hand (a request's thread)."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run()), name="publishing", daemon=True).start()
        self._ready.wait()

    def put(self, slug: str, text: str) -> None:
        """Hand ``text`` over, from any thread."""
        self._loop.call_soon_threadsafe(self._publisher.put, slug, text)

    async def _run(self) -> None:
        self._loop, self._publisher = asyncio.get_running_loop(), Publisher()
        self._ready.set()
        await self._publisher.run()


_thread: _Thread | None = None
_starting = threading.Lock()


def publish(slug: str, text: str) -> None:
    """As `Publisher.put`, from any thread of any process: a request that took readings in, for example. Never waits for Redis.

    Call it after commit. What the process has not sent when it ends is lost: a live frame is a hint.
    """
    global _thread
    if _thread is None or _thread.process != os.getpid():  # a fork has no threads
        with _starting:
            if _thread is None or _thread.process != os.getpid():
                _thread = _Thread()
    _thread.put(slug, text)
