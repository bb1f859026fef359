"""Providers for tests: HTTP servers on loopback that record each request before they answer, and can misbehave.

`Provider` knows how to fail; a subclass speaks one provider's protocol by what it answers to an accepted request
(``accept``) and in what words it refuses (``refusal``). Whatever it does is chosen by ``mode``, at any time.
"""

import contextlib
import json
import select
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlsplit


class Mode(StrEnum):
    """How a provider behaves. Only ACCEPT and the two ACCEPT_... ones take the message."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    """Nobody listens: the connection is refused."""
    HANG = "hang"
    """Takes the request and never answers; it does not take the message."""
    RESET = "reset"
    """Reads the request and resets the connection."""
    ERROR = "500"
    BUSY = "429"
    """With ``Retry-After: <retry_after>``."""
    DENY = "401"
    """Our key is not accepted, in the provider's own words."""
    GARBAGE = "garbage"
    """200 with something that is not an answer."""
    REDIRECT = "redirect"
    """302 to /elsewhere of the same server, where nobody should arrive."""
    DRIP = "drip"
    """200, and then one byte now and then, for ever."""
    ACCEPT_HANG = "accept, then hang"
    ACCEPT_RESET = "accept, then reset"


TAKES = frozenset({Mode.ACCEPT, Mode.ACCEPT_HANG, Mode.ACCEPT_RESET})
"""Modes in which the message is taken, whatever the caller gets to know of it."""
SILENT = frozenset({Mode.HANG, Mode.DRIP, Mode.ACCEPT_HANG})
"""Modes that end because the caller waits no longer."""
FAILS = tuple(mode for mode in Mode if mode != Mode.ACCEPT)
"""Every way to fail, for parametrize."""


def patience(mode: Mode, of_silence: float = 1.0) -> float:
    """The time-out to give a caller, in seconds. It ends what answers nothing, and never an answer on a busy machine.

    ``of_silence`` may be short where it does not matter whether the request had arrived by then.
    """
    return of_silence if mode in SILENT else 30.0


@dataclass(frozen=True)
class Answer:
    """What is sent back. ``body``: bytes, text, or anything JSON can say.

    ``taken``: whether it counts as accepted. Left out, an answer of ``accept`` below 400 does, and one of ``say`` does not.
    """

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    taken: bool | None = None

    @property
    def raw(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    @property
    def all_headers(self) -> dict[str, str]:
        kind = "text/plain" if isinstance(self.body, bytes | str) else "application/json; charset=utf-8"
        return {"Content-Type": kind, "Content-Length": str(len(self.raw)), **self.headers}


@dataclass(frozen=True)
class Arrival:
    """One request as it came; ``headers`` have lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int]

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def form_lists(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)


class Provider:
    """A provider on a port of its own; use it in a ``with``.

    ``arrivals`` is everything that came, noted before it is answered; ``accepted`` is what the provider took. ``mode``
    may be changed at any time; ``say`` queues answers for the next requests, which go before the mode.
    """

    retry_after: ClassVar[int] = 7

    def __init__(self, mode: Mode = Mode.ACCEPT) -> None:
        self.arrivals: list[Arrival] = []
        self.accepted: list[Arrival] = []
        self.let_go = threading.Event()
        """Set it, and what hangs goes on."""
        self._mode = mode
        self._said: list[Answer | Mode] = []
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._port = 0

    def accept(self, arrival: Arrival) -> Answer:
        """The provider's answer to a message that it takes. Give an Answer with a 4xx to refuse what is not well formed."""
        return Answer({"ok": True})

    def refusal(self, mode: Mode, arrival: Arrival) -> Answer:
        """The provider's words for ERROR, BUSY and DENY."""
        headers = {"Retry-After": str(self.retry_after)} if mode == Mode.BUSY else {}
        return Answer({"error": mode.name.lower()}, status=int(mode.value), headers=headers)

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode == Mode.REFUSE:
            self._close()
        elif self._server is None and self._port:
            self._open()

    @property
    def url(self) -> str:
        """http://127.0.0.1:<port>; stays the same when it was closed meanwhile."""
        return f"http://127.0.0.1:{self._port}"

    def say(self, *answers: "Answer | Mode") -> None:
        """Answer the next requests so, one each."""
        with self._lock:
            self._said += answers

    def to(self, path: str) -> list[Arrival]:
        """What came to ``path``."""
        return [arrival for arrival in list(self.arrivals) if arrival.path == path]

    def __enter__(self) -> "Provider":
        self._open()
        if self._mode == Mode.REFUSE:
            self._close()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._close()

    def _open(self) -> None:
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.drop_connections()

    def answer(self, arrival: Arrival) -> "Answer | Mode":
        """Note ``arrival`` and say what becomes of it: an answer, or one of the modes that give none."""
        with self._lock:
            self.arrivals.append(arrival)
            chosen = self._said.pop(0) if self._said else self._mode
            if isinstance(chosen, Mode) and chosen in TAKES:
                answer = self.accept(arrival)
                if answer.status < 400 if answer.taken is None else answer.taken:
                    self.accepted.append(arrival)
                return answer if chosen == Mode.ACCEPT else chosen
            if isinstance(chosen, Answer):
                self.accepted += [arrival] if chosen.taken else []
                return chosen
        if chosen in {Mode.ERROR, Mode.BUSY, Mode.DENY}:
            return self.refusal(chosen, arrival)
        if chosen == Mode.GARBAGE:
            return Answer(b"<html>\xff\x00 not what you expect")
        if chosen == Mode.REDIRECT:
            return Answer(status=302, headers={"Location": f"{self.url}/elsewhere"})
        return chosen


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], provider: Provider) -> None:
        self.provider = provider
        self._open: set[socket.socket] = set()
        super().__init__(address, _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that gave up are no error here."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.provider.answer(Arrival(self.command, self.path, headers, body, self.client_address))
        if isinstance(answer, Answer):
            self._send(answer)
        elif answer == Mode.DRIP:
            self._drip()
        elif answer in {Mode.RESET, Mode.ACCEPT_RESET}:
            self._reset()
        else:
            self._until_let_go(30)
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _take  # noqa: N815 (the names are http.server's)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.all_headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.raw)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self._until_let_go(0.1):
            self.wfile.write(b" ")
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        self.close_connection = True

    def _until_let_go(self, seconds: float) -> bool:
        """Wait until the test lets go, or the client has gone away."""
        for _ in range(max(1, int(seconds / 0.1))):
            if self.server.provider.let_go.wait(0.1):
                return True
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return True
        return False

    def log_message(self, *_: object) -> None:
        """Say nothing."""
