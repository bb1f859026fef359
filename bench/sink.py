"""A local webhook provider, in a process of its own: it answers 204 at once and notes when each message arrived.

With an argument it answers so many seconds late; after ``GET /hang/<seconds>`` it answers nobody for so long.

Messages carry ``mark:<word>`` somewhere in their body. ``GET /`` answers and forgets what arrived: [[unix seconds, mark], ...].
"""

import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.request
from types import TracebackType
from typing import Self

MARK = re.compile(rb"mark:([\w.-]+)")
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.I)
_seen: list[tuple[float, str]] = []
_late = {"seconds": 0.0, "hanging until": 0.0}


class _Provider(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        at = time.time()
        self.buffer += data
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            length = int(match[1]) if (match := LENGTH.search(head)) else 0
            if not found or len(rest) < length:
                return
            body, self.buffer = rest[:length], rest[length:]
            self._answer(head, body, at)

    def _answer(self, head: bytes, body: bytes, at: float) -> None:
        if head.startswith(b"GET /hang/"):
            _late["hanging until"] = at + float(head.split()[1].rpartition(b"/")[2])
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return
        if head.startswith(b"GET"):
            content = json.dumps(_seen).encode()
            _seen.clear()
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
            return
        if at < _late["hanging until"]:
            return
        _seen.extend((at, mark.decode()) for mark in dict.fromkeys(MARK.findall(body)))
        answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        if _late["seconds"]:
            asyncio.get_running_loop().call_later(_late["seconds"], self.transport.write, answer)
        else:
            self.transport.write(answer)


class Sink:
    """The provider as a context: ``url`` to send to, ``take`` to read what arrived. It answers ``late_seconds`` late."""

    def __init__(self, *, late_seconds: float = 0.0) -> None:
        self.late_seconds = late_seconds

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.sink", str(self.late_seconds)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/hook"
        self.arrived: dict[str, float] = {}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.terminate()
        self.process.wait(10)

    def take(self) -> dict[str, float]:
        """When each mark first arrived, since ``forget``."""
        with urllib.request.urlopen(self.url) as answer:
            for at, mark in json.load(answer):
                self.arrived.setdefault(mark, at)
        return self.arrived

    def hang(self, seconds: float) -> None:
        """Answer nobody, and take nothing, for so long."""
        with urllib.request.urlopen(f"{self.url.removesuffix('/hook')}/hang/{seconds}"):
            pass

    def forget(self) -> None:
        """Begin anew."""
        self.take()
        self.arrived = {}

    def wait(self, marks: set[str], *, seconds: float) -> dict[str, float]:
        """``take`` until all ``marks`` arrived or ``seconds`` passed."""
        until = time.monotonic() + seconds
        while not marks <= self.take().keys() and time.monotonic() < until:
            time.sleep(0.25)
        return self.arrived


async def _serve() -> None:
    _late["seconds"] = float(sys.argv[1])
    server = await asyncio.get_running_loop().create_server(_Provider, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
