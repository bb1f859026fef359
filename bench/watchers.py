"""Many websockets in a process of their own: raw sockets, one selector, nothing decoded but two numbers in each frame.

`python -m bench.watchers`, a JSON line with `port`, `path`, `keys` (viewers take turns with them), `count` and `stuck` (these
read nothing until told) on standard input. It says `ready` when all are open. Then a line each:
`take` answers what was seen since the last time, `go on` lets the stuck ones read, the end of the input ends it.
A frame holds ``"seq":<number>`` and ``"sent":<CLOCK_MONOTONIC in seconds>``. Reading one costs about 10 µs.
"""

import json
import os
import re
import selectors
import socket
import struct
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Self

MARKS = re.compile(rb'"seq":(\d+)(?:\.\d+)?,"sent":([\d.]+)')
SMALL_BUFFER = 4096
PONG, CLOSE, PING, TEXT = 0x8A, 0x8, 0x9, 0x1
MASK = b"\0\0\0\0"


class Watcher:
    """One websocket."""

    def __init__(self, port: int, path: str, key: str, *, stuck: bool) -> None:
        self.socket = socket.socket()
        if stuck:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.key, self.open, self.last, self.code = key, False, -1, 0
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        keys = f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {key}\r\n\r\n"
        self.socket.sendall((head + keys).encode())

    def read(self, seen: list[tuple[int, float]]) -> None:
        """Take what came; marks go to ``seen`` as (seq, milliseconds since it was sent)."""
        try:
            data = self.socket.recv(262_144)
        except OSError:
            data = b""
        now = time.monotonic()
        if not data:
            self.code = self.code or 1006
            return
        self.buffer += data
        if not self.open:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                raise RuntimeError(f"no websocket: {head[:200]!r}")
            self.open, self.buffer = True, rest
        self._messages(now, seen)

    def _messages(self, now: float, seen: list[tuple[int, float]]) -> None:
        while len(self.buffer) >= 2:
            size, start = self.buffer[1] & 127, 2
            if size == 126:
                start = 4
                if len(self.buffer) < 4:
                    return
                (size,) = struct.unpack_from(">H", self.buffer, 2)
            if len(self.buffer) < start + size:
                return
            kind, body, self.buffer = self.buffer[0] & 15, self.buffer[start : start + size], self.buffer[start + size :]
            if kind == TEXT and (found := MARKS.search(body)):
                self.last = int(found[1])
                seen.append((self.last, (now - float(found[2])) * 1000))
            elif kind == PING:
                self.socket.sendall(bytes((PONG, 128 | size)) + MASK + body)
            elif kind == CLOSE:
                self.code = struct.unpack_from(">H", body)[0] if size >= 2 else 1005


class Crowd:
    """All watchers of the process, and what they saw."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.selector = selectors.DefaultSelector()
        self.seen: list[tuple[int, float]] = []
        self.watchers: list[Watcher] = []
        self.asked, self.cut = asked, 0
        for number in range(asked["count"]):
            self._open(Watcher(asked["port"], asked["path"], asked["keys"][number % len(asked["keys"])], stuck=asked["stuck"]))
            self._until_opening(50)
        self._until_opening(0)
        if asked["stuck"]:
            for watcher in self.watchers:
                self.selector.unregister(watcher.socket)
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)

    def _open(self, watcher: Watcher) -> None:
        self.watchers.append(watcher)
        self.selector.register(watcher.socket, selectors.EVENT_READ, watcher)

    def _until_opening(self, few: int) -> None:
        while sum(not each.open for each in self.watchers) > few:
            self.turn()

    def turn(self) -> bool:
        """Read whatever came. Returns whether standard input has something."""
        told = False
        for key, _ in self.selector.select():
            if key.data is None:
                told = True
                continue
            key.data.read(self.seen)
            if key.data.code:
                self._closed(key.data)
        return told

    def _closed(self, watcher: Watcher) -> None:
        """A viewer that was stuck comes back, as a page does."""
        self.selector.unregister(watcher.socket)
        watcher.socket.close()
        self.cut += 1
        if self.asked["stuck"]:
            self.watchers.remove(watcher)
            self._open(Watcher(self.asked["port"], self.asked["path"], watcher.key, stuck=False))

    def answer(self, line: str) -> None:
        """Do what standard input says."""
        if line == "go on":
            for watcher in self.watchers:
                self.selector.register(watcher.socket, selectors.EVENT_READ, watcher)
            return
        last = [each.last for each in self.watchers]
        print(json.dumps({"seen": self.seen, "last": last, "cut": self.cut, "cpu": time.process_time()}), flush=True)
        self.seen.clear()


def _main() -> None:
    crowd = Crowd(json.loads(_line()))
    print("ready", flush=True)
    while True:
        if crowd.turn():
            crowd.answer(_line())


def _line() -> str:
    """The next line of standard input, which is not buffered: the selector must see the one after it."""
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(0, 1)
        if not more:
            sys.exit(0)
        line += more
    return line.decode().strip()


class Watchers:
    """The process as a context."""

    def __init__(self, port: int, path: str, keys: list[str], count: int, *, stuck: bool = False) -> None:
        self.cpu = 0.0
        self._asked = {"port": port, "path": path, "keys": keys, "count": count, "stuck": stuck}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, "-m", "bench.watchers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say(json.dumps(self._asked))
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the viewers could not be opened")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait(10)

    def take(self) -> dict[str, Any]:
        """What they saw since the last time."""
        self._say("take")
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def go_on(self) -> None:
        """Let those that are stuck read."""
        self._say("go on")

    def _say(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


if __name__ == "__main__":
    _main()
