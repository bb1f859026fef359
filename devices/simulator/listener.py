"""A listening port that can be open, refuse, or let connections time out, and keeps its number through all of it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from devices.simulator.scenarios import Port


class Listener:
    """``port`` 0: any that is free; ``port`` is its number once it was open."""

    def __init__(self, host: str, port: int, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        self.host, self.port = host, port
        self._any = not port
        self._factory = factory
        self._server: asyncio.Server | None = None
        self._dark: list[socket.socket] = []
        self._turn = asyncio.Lock()

    async def be(self, wanted: Port) -> None:
        """Open, refuse, or be dark from now on. Connections that are there are not touched."""
        async with self._turn:
            if wanted != Port.DARK:
                self._lighten()
            if wanted == Port.OPEN and self._server is None:
                self._server = await self._open()
                self.port = self._server.sockets[0].getsockname()[1]
            elif wanted != Port.OPEN and self._server is not None:
                self._server.close()
                self._server = None
                await asyncio.sleep(0)
            if wanted == Port.DARK and not self._dark:
                self._darken()

    async def _open(self) -> asyncio.Server:
        """On the number it had, unless that was any and is somebody else's by now."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(self._factory, self.host, self.port, reuse_address=True)
        except OSError:
            if not self._any:
                raise
            return await loop.create_server(self._factory, self.host, 0)

    def _darken(self) -> None:
        """Listen with the shortest queue, and fill it: the system then lets the next connections wait."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(0)
        self._dark = [listener]
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())
            self._dark.append(filler)

    def _lighten(self) -> None:
        for each in self._dark:
            each.close()
        self._dark = []
