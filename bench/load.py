"""A small HTTP load generator: one thread, keep-alive sockets, closed loop (as fast as answers come) or open loop (a fixed rate).

It costs about 0.05 ms of CPU a request, far less than what it measures. An answer that is cut off counts as status 0.
"""

import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

STALL_SECONDS = 60.0
Make = Callable[[int], bytes]


@dataclass
class Result:
    """What came back. Latencies are in milliseconds; in an open loop they count from when the request was due."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> int:
        """How many answers were 2xx."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def bad(self) -> int:
        """How many were 5xx or cut off."""
        return sum(count for status, count in self.statuses.items() if status >= 500 or status == 0)

    @property
    def rate(self) -> float:
        """2xx answers a second."""
        return self.good / self.seconds if self.seconds else 0.0


def post(path: str, body: object, *, key: str = "", host: str = "localhost") -> bytes:
    """The bytes of a POST with a JSON body."""
    content = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}{kind}\r\n".encode() + content


class _Line:
    """One connection and the request under way on it."""

    def __init__(self, address: tuple[str, int], selector: selectors.BaseSelector) -> None:
        self.address, self.selector = address, selector
        self.buffer = b""
        self.began = 0.0
        self.busy = False
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=STALL_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(self.socket, selectors.EVENT_READ, self)

    def reopen(self) -> None:
        self.close()
        self.open()

    def close(self) -> None:
        self.selector.unregister(self.socket)
        self.socket.close()

    def send(self, request: bytes, began: float) -> None:
        self.buffer, self.began, self.busy = b"", began, True
        try:
            self.socket.sendall(request)
        except OSError:
            self.reopen()
            self.socket.sendall(request)

    def read(self) -> int | None:
        """The answer's status when it is whole, else None."""
        try:
            data = self.socket.recv(262_144)
        except OSError:
            data = b""
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not data:
            self.reopen()
            return 0 if self.busy else None
        if not found:
            return None
        lower = head.lower()
        place = lower.find(b"content-length:")
        if place < 0 or len(body) < int(lower[place + 15 :].split(b"\r\n", 1)[0]):
            return None
        return int(head[9:12])


def drive(
    port: int, make: Make, *, connections: int, seconds: float = 0.0, count: int = 0, rate: float = 0.0, fresh: bool = False
) -> Result:
    """Send ``make(0)``, ``make(1)`` ... for ``seconds`` or ``count`` requests, at ``rate`` a second or as fast as answers come.

    ``fresh``: a new connection for each request, for a server that closes them.
    Raises TimeoutError when the server answers nothing for a minute.
    """
    result, began = Result(), time.monotonic()
    total = count or (int(rate * seconds) if rate else 1 << 60)
    sent = done = 0
    with selectors.DefaultSelector() as selector:
        free = [_Line(("127.0.0.1", port), selector) for _ in range(connections)]
        lines = list(free)
        while done < total:
            now = time.monotonic()
            if seconds and not rate and now - began >= seconds:
                total = sent
            while free and sent < total and (not rate or began + sent / rate <= now):
                free.pop().send(make(sent), began + sent / rate if rate else time.monotonic())
                sent += 1
            done += _collect(selector, free, result, wait=_pause(began, sent, total, rate, bool(free)), fresh=fresh)
        result.seconds = time.monotonic() - began
        for line in lines:
            line.close()
    return result


def _pause(began: float, sent: int, total: int, rate: float, idle: bool) -> float:
    """How long to wait for answers before the next request is due."""
    if rate and idle and sent < total:
        return max(0.0, began + sent / rate - time.monotonic())
    return STALL_SECONDS


def _collect(selector: selectors.BaseSelector, free: list[_Line], result: Result, *, wait: float, fresh: bool) -> int:
    found, done = selector.select(wait), 0
    if not found and wait >= STALL_SECONDS:
        raise TimeoutError("the server answered nothing for a minute")
    for key, _ in found:
        line = key.data
        status = line.read()
        if status is None:
            continue
        line.busy = False
        result.statuses[status] += 1
        result.latencies.append((time.monotonic() - line.began) * 1000)
        if fresh:
            line.reopen()
        free.append(line)
        done += 1
    return done
