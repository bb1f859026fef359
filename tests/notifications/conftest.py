"""Providers for tests: a real SMTP server and real HTTP servers, all on loopback, and deliveries to give them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller

from notifications import dispatch, transports
from notifications.message import Message, Order
from notifications.models import Delivery
from tests.conftest import HOUR, NOON
from tests.notifications.slack import SECRET, TOKEN, Slack

ALERT = {
    "id": "0193e0a0-0000-7000-8000-000000000001", "number": 1042, "status": "PENDING", "priority": "P1", "severity": "critical",
    "source": "smarteye", "source_name": "SmartEye", "type": "fall", "title": "Fall in room 12", "description": "Person on the floor.",
    "subject": "cam-12", "labels": {"room": "12"}, "links": [{"href": "https://example.org/cam", "text": "Camera"}], "runbook_url": None,
    "occurrences": 1, "life_safety": True, "created_at": "2026-03-02T11:55:00.000Z", "url": "http://localhost:8000/live/alerts/1",
}  # fmt: skip


class Mailbox:
    """What an SMTP server accepted. ``refuse`` answers RCPT for an address, ``hold`` keeps it waiting."""

    def __init__(self) -> None:
        self.messages = []
        self.sessions = set()
        self.refuse: dict[str, str] = {}
        self.after_data = "250 OK"
        self.hold = threading.Event()
        self.hold.set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await server.loop.run_in_executor(None, self.hold.wait, 120)
        self.sessions.add(session.peer)
        if self.after_data.startswith("250"):
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.after_data


class _AnyPort(Controller):
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox(settings) -> Iterator[Mailbox]:
    box = Mailbox()
    server = _AnyPort(box, hostname="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL, settings.EMAIL_TIMEOUT = "", False, False, 30
    yield box
    box.hold.set()
    server.stop()


def queue(
    recipient, *, kinds=(), key="told", at=NOON, thread="alert:1", reason="first", group=None, context=None, **fields
) -> list[Delivery]:
    """Deliveries of one notification, as a step would queue them."""
    told = Message(reason=reason, urgency="high", priority=fields.pop("priority", 1), context=context or {"alert": ALERT}, step=0,
                   expires_at=at + 24 * HOUR, **fields)  # fmt: skip
    people = frozenset({str(recipient.pk)}) if recipient else frozenset()
    groups = frozenset({group}) if group else frozenset()
    dispatch.tell([Order(thread, key, told, recipients=people, groups=groups, kinds=frozenset(kinds))], at=at)
    return list(
        Delivery.objects.filter(notification__key__startswith=f"{key}:")
        .select_related("notification__recipient", "method")
        .order_by("method__order")
    )


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return as soon as ``condition`` holds; fail after ``seconds``."""
    done = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError("the awaited condition did not come about")


class Receiver(ThreadingHTTPServer):
    """An HTTP server that keeps what it got and answers as ``answer(request)`` says: (status, headers, body)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Request)
        self.requests = []
        self.peers = set()
        self.hold = threading.Event()
        self.hold.set()
        self.answer = lambda request: (200, {}, b"")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Clients that gave up are no error here."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(self)
        self.server.peers.add(self.client_address)
        self.server.hold.wait(120)
        status, headers, body = self.server.answer(self)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Silence."""

    @property
    def json(self):
        return json.loads(self.body)


@contextmanager
def serving():
    """A running Receiver."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_open_connections():
    yield
    for transport in transports.TRANSPORTS.values():
        transport.close()


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with serving() as server:
        yield server


@pytest.fixture
def slack_server(settings) -> Iterator[Slack]:
    with Slack() as server:
        settings.SLACK_BASE_URL, settings.SLACK_BOT_TOKEN, settings.SLACK_SIGNING_SECRET = server.url, TOKEN, SECRET
        yield server
