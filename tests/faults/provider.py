"""What messages go to in fault tests: a webhook receiver that can misbehave, and a mailbox that speaks SMTP."""

import email
import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_port


@dataclass(frozen=True)
class Arrival:
    """One request that reached the receiver; ``at`` is the machine's steady clock."""

    at: float
    key: str
    path: str
    data: dict[str, Any]

    @property
    def alert(self) -> str:
        return self.data["alert"]["id"]

    @property
    def message(self) -> tuple[str, ...]:
        """What is said to whom: the same for every try of one message, never for two."""
        return (self.alert, self.data["reason"], str(self.data["step"]), self.data["recipient"])


@dataclass
class Provider:
    """A webhook receiver. The path says how it behaves: /ok, /slow, /flaky (500, then 200), /gone (410), /hang."""

    arrivals: list[Arrival] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)
    slow_seconds: float = 0.3

    def __enter__(self) -> "Provider":
        self._tries: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answering())
        self._server.daemon_threads = True
        self._server.request_queue_size = 128
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def told(self) -> set[str]:
        """Ids of the alerts that something arrived about."""
        return {arrival.alert for arrival in list(self.arrivals)}

    def of(self, alert: str) -> list[Arrival]:
        return [arrival for arrival in list(self.arrivals) if arrival.alert == alert]

    def said_under_two_keys(self) -> list[tuple[str, ...]]:
        """Messages that came more than once under different keys: told twice, not tried twice."""
        keys: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for arrival in list(self.arrivals):
            keys[arrival.message].add(arrival.key)
        return [message for message, found in keys.items() if len(found) > 1]

    def take(self, key: str, path: str, body: bytes) -> int:
        """Note an arrival and behave as its path says; the status to answer with."""
        self.arrivals.append(Arrival(time.monotonic(), key, path, json.loads(body)["data"]))
        self._tries[key] += 1
        if path == "/hang":
            self.let_go.wait(60)
        if path == "/slow":
            self.let_go.wait(self.slow_seconds)
        return {"/gone": 410, "/flaky": 500 if self._tries[key] == 1 else 200}.get(path, 200)

    def _answering(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = provider.take(self.headers["webhook-id"], self.path, body)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Answering


class Mailbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    def __enter__(self) -> "Mailbox":
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop(no_assert=True)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.server.sockets[0].getsockname()[1]}/?tls=none"

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in list(self.messages) if message["To"] == address]

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.messages.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"
