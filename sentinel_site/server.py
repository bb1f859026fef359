"""The web server: daphne, with what it lacks. ``python -m sentinel_site.server --bind 127.0.0.1 --port 8000``.

* A websocket, or whoever fetches a file, that does not read makes its sender wait, instead of filling the memory.
* An answer that breaks off in the middle is cut off, so that nobody takes what came for the whole.
* SIGTERM closes websockets with 1012 ("come back"), lets requests in hand finish, and takes 5 s at most.
* A body over the limit is refused with 413 while it arrives: it is neither spooled nor given to Django.
* Of a ping's body, however long, the beginning and the end are kept: whoever sends its whole log must not be refused for it.
"""

import sentinel_site.slim  # isort: skip  # noqa: F401 (it loads what installs Twisted's reactor, which must come first)

import argparse
import asyncio
import json
import logging
import os
import random
import resource
import sys
import time
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from daphne import http_protocol, ws_protocol
from daphne.server import Server
from django.conf import settings
from twisted.internet import defer

from sentinel_site.asgi import application
from sentinel_site.lib import garbage
from sentinel_site.lib.ends import Ends
from sentinel_site.lib.wire import PUSH
from sentinel_site.ping_door import BODY_BYTES, PREFIXES, both_ends

BODY_LIMIT: Final = 1024 * 1024
IMAGE_BODY_LIMIT: Final = 11 * 1024 * 1024 + 64 * 1024
IMAGE_PATHS: Final = (b"/api/v1/detections",)
MONITORING_BODY_LIMIT: Final = 4 * 1024 * 1024
MONITORING_PATHS: Final = (b"/integrations/alertmanager/", b"/integrations/grafana")
"""Monitoring systems send everything that fires at once."""
PING_BODY_LIMIT: Final = 256 * 1024 * 1024
"""What is longer has no end."""
PING_PATHS: Final = tuple(prefix.encode() for prefix in PREFIXES)
DISCARD_LIMIT: Final = 32 * 1024 * 1024
"""How much of a refused body is read and thrown away, so that its sender can read the refusal, before the line is cut."""
MESSAGE_LIMIT: Final = 64 * 1024
BACKLOG: Final = 2048
PING_SECONDS, PONG_SECONDS = 10, 15
DRAIN_SECONDS: Final = 5.0
HANDLER_SECONDS: Final = 60
COME_BACK: Final = 1012
FILES: Final = 65_536


class Socket(ws_protocol.WebSocketProtocol):
    """A websocket that knows whether its peer takes what is sent."""

    taking: asyncio.Event | None = None
    maxMessagePayloadSize: int  # noqa: N815
    maxFramePayloadSize: int  # noqa: N815

    def onOpen(self) -> None:  # noqa: N802
        """Watch the transport: it says when its buffer is full."""
        self.taking = asyncio.Event()
        self.taking.set()
        self.transport.unregisterProducer()  # the HTTP channel of the upgrade is still registered
        self.transport.registerProducer(self, True)
        self.last_ping -= random.uniform(0, PING_SECONDS)  # noqa: S311 (or all who came at once would be pinged at once)
        super().onOpen()

    def pauseProducing(self) -> None:  # noqa: N802
        """The transport's buffer is full."""
        if self.taking is not None:
            self.taking.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport's buffer has room."""
        if self.taking is not None:
            self.taking.set()

    stopProducing = resumeProducing  # noqa: N815

    def sendMessage(self, payload: bytes, isBinary: bool = False, **how: Any) -> None:  # noqa: N802, N803
        """Send a message of any size: MESSAGE_LIMIT is for what comes in, where autobahn means both."""
        limits = self.maxMessagePayloadSize, self.maxFramePayloadSize
        self.maxMessagePayloadSize = self.maxFramePayloadSize = 0
        try:
            super().sendMessage(payload, isBinary, **how)
        finally:
            self.maxMessagePayloadSize, self.maxFramePayloadSize = limits

    def push(self, message: bytes) -> bool:
        """Write a whole websocket message at once if the peer takes it now (lib/wire.py says why). False: nothing was written.

        It goes straight to the kernel, past the reactor's queue, so nothing may wait there. What does not fit is left to the reactor.
        """
        transport = self.transport
        if self.state != self.STATE_OPEN or not transport.connected or transport.disconnecting or self.send_queue:
            return False
        if getattr(transport, "dataBuffer", b"?") or transport._tempDataBuffer:  # TLS has none of its own: it never gets here
            return False
        written = transport.writeSomeData(message)
        if not isinstance(written, int):  # the line is cut, which the reactor finds out when it writes
            written = 0
        if written < len(message):
            transport.write(message[written:])
        return True

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:  # noqa: N802, N803
        """Whoever waits for room need not wait any more."""
        self.resumeProducing()
        super().onClose(wasClean, code, reason)


class BoundedRequest(http_protocol.WebRequest):
    """A request whose body is refused as soon as it is known to be too large."""

    refused = False
    received = 0
    limit = BODY_LIMIT
    ends: Ends | None = None
    """A ping's body."""
    taking: asyncio.Event | None = None

    def handle_reply(self, message: MutableMapping[str, Any]) -> None:
        """A part of the answer. A long one is told when its peer does not take it."""
        more = message.get("more_body", False)
        if more and self.taking is None and not self.finished and self.channel is not None:
            self.taking = asyncio.Event()
            self.taking.set()
            self.registerProducer(self, True)
        elif not more and message["type"] == "http.response.body" and self.taking is not None and self.producer is self:
            self.unregisterProducer()
        super().handle_reply(message)

    def handle_exception(self, exception: BaseException) -> None:
        """The application failed: an error while nothing was sent, and the end of the line in the middle of an answer."""
        if not self._response_started:
            super().handle_exception(exception)
        elif not self.finished and self.channel is not None:
            self.channel.transport.abortConnection()

    def pauseProducing(self) -> None:  # noqa: N802
        """The transport's buffer is full."""
        if self.taking is not None:
            self.taking.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport's buffer has room."""
        if self.taking is not None:
            self.taking.set()

    stopProducing = resumeProducing  # noqa: N815

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """Whoever waits for room need not wait any more."""
        self.resumeProducing()
        super().connectionLost(reason)

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Twisted read the headers; ``length`` is None for a chunked body."""
        path = getattr(self.channel, "_path", b"").partition(b"?")[0]
        if path.startswith(PING_PATHS):
            self.limit, self.ends = PING_BODY_LIMIT, both_ends()
            self.requestHeaders.removeHeader(b"content-type")  # or Twisted would take what is left of a form apart
        else:
            self.limit = IMAGE_BODY_LIMIT if path in IMAGE_PATHS else BODY_LIMIT
            if path.startswith(MONITORING_PATHS):
                self.limit = MONITORING_BODY_LIMIT
        too_long = (length or 0) > self.limit
        super().gotLength(0 if too_long or self.ends is not None else length)
        if too_long:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """A part of the body arrived."""
        self.received += len(data)
        if self.refused:
            if self.received > DISCARD_LIMIT:
                self.channel.transport.abortConnection()
        elif self.received > self.limit:
            self._refuse()
        elif self.ends is not None:
            self.ends.add(data)
        else:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        """The body is complete; one that was refused goes no further."""
        if self.refused:
            self.channel.loseConnection()
            return
        if self.ends is not None:
            self.content.write(self.ends.head + self.ends.tail)
        super().requestReceived(command, path, version)

    def _refuse(self) -> None:
        self.refused = True
        self.content.seek(0)
        self.content.truncate()
        asks_first = self.requestHeaders.hasHeader(b"expect")
        self.requestHeaders.removeHeader(b"expect")  # or Twisted would ask for the body
        detail = f"The body may have at most {self.limit} bytes. Send less at a time."
        body = json.dumps({"type": "about:blank", "title": "Content Too Large", "status": 413, "detail": detail}).encode()
        head = (
            "HTTP/1.1 413 Content Too Large\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        self.channel.transport.write(head.encode() + body)
        if asks_first:  # it sends nothing before it is told to
            self.channel.loseConnection()


class GracefulServer(Server):
    """daphne's server with back-pressure, and an end that loses nothing."""

    def listen_success(self, port: Any) -> None:
        """Keep the port, so that it can be closed before the connections are."""
        self.ports: list[Any] = [*getattr(self, "ports", []), port]
        super().listen_success(port)

    def listen_error(self, failure: Any) -> None:
        """The address cannot be had: one line, and exit 1."""
        sys.stderr.write(f"sentinel: cannot listen: {failure.getErrorMessage()}\n")
        os._exit(1)  # Twisted's reactor has not run yet and cannot be stopped

    def create_application(self, protocol: Any, scope: MutableMapping[str, Any]) -> Any:
        """Offer the short way out to websockets."""
        if isinstance(protocol, Socket):
            scope["extensions"] = {PUSH: protocol.push}
        elif isinstance(protocol, BoundedRequest) and protocol.ends is not None:
            scope["extensions"] = {BODY_BYTES: protocol.ends.size}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: MutableMapping[str, Any]) -> None:
        """Send, and wait while the peer does not take it."""
        await super().handle_reply(protocol, message)
        goes_on = message["type"] == "websocket.send" or message.get("more_body", False)
        if goes_on and getattr(protocol, "taking", None) is not None:
            await protocol.taking.wait()

    def kill_all_applications(self) -> Any:
        """Called before the reactor stops: let everyone finish, and only then cut."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        for port in getattr(self, "ports", []):
            port.stopListening()
        for protocol in list(self.connections):
            if isinstance(protocol, Socket) and protocol.state == protocol.STATE_OPEN:
                protocol.sendCloseFrame(code=COME_BACK)
        until = time.monotonic() + DRAIN_SECONDS
        while self._busy() and time.monotonic() < until:
            await asyncio.sleep(0.05)
        left = self._busy()
        for instance in left:
            instance.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _busy(self) -> list["asyncio.Future[None]"]:
        instances = [details.get("application_instance") for details in self.connections.values()]
        return [instance for instance in instances if instance is not None and not instance.done()]


def take_all_files() -> None:
    """Raise the soft limit of open files to the hard one: with the usual 1024, as many idle connections would shut everyone out."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def serve(bind: str, port: int, application: Any = application) -> None:
    """Serve ``application`` until SIGTERM or SIGINT."""
    take_all_files()
    ws_protocol.WebSocketFactory.protocol = Socket
    http_protocol.WebRequest = BoundedRequest
    address = bind.replace(":", r"\:")
    server = GracefulServer(
        application, [f"tcp:{port}:interface={address}:backlog={BACKLOG}"], ping_interval=PING_SECONDS, ping_timeout=PONG_SECONDS,
        websocket_max_message_size=MESSAGE_LIMIT, websocket_max_frame_size=MESSAGE_LIMIT, websocket_timeout=-1,
        application_close_timeout=10, server_name="", verbosity=1,
    )  # fmt: skip
    garbage.settle()
    server.run()
    logging.shutdown()
    os._exit(0)  # a thread that still waits for a device's reply would hold the process for as long; its caller is cut off already


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sentinel_site.server", description="Serve Sentinel's web side.")
    parser.add_argument("--bind", default=settings.SENTINEL_BIND, help="address to listen on")
    parser.add_argument("--port", type=int, default=settings.SENTINEL_PORT)
    given = parser.parse_args(arguments)
    serve(given.bind, given.port)


if __name__ == "__main__":
    main()
