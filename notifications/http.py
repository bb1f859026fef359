"""POSTing to addresses that users enter, without letting them reach into our own network.

A name is resolved once and the connection goes to the address that was checked. Private, loopback, link-local and other
special addresses are refused unless SENTINEL_WEBHOOK_ALLOWED_NETWORKS names them, and so are ports other than the web's.
Redirects are not followed, proxies not used, every wait is bounded. Threads keep their connections open for a while.
"""

import http.client
import io
import ipaddress
import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop

from notifications.errors import NotificationError, OutcomeUnknown, PermanentError, TemporaryError

CONNECT_SECONDS, TOTAL_SECONDS = 3.0, 10.0
BODY_BYTES: Final = 64 * 1024
WEB_PORTS: Final = frozenset({80, 443, 8443})
IDLE_SECONDS: Final = 15
KEPT_CONNECTIONS: Final = 8
_NOT_GLOBAL: Final = tuple(
    ipaddress.ip_network(net)
    for net in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/23",
        "192.88.99.0/24",
        "192.0.0.0/24",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
"""Some Pythons call these global: NAT64, 6to4 and Teredo lead to an IPv4 address nobody looked at, the others nowhere."""
_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"
_local = threading.local()
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Connection = http.client.HTTPConnection


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; ``headers`` have lower-case names, ``body`` is cut at 64 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def target(url: str) -> Target:
    """The parts of ``url``. Raises PermanentError when it is not a plain http(s) address."""
    if any(ord(char) <= 32 or ord(char) == 127 or char == "\\" for char in url):
        raise PermanentError(gettext_noop("the address contains blanks, control characters or backslashes"))
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (ValueError, UnicodeError):
        raise PermanentError(gettext_noop("the address is not a URL")) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise PermanentError(gettext_noop("the address must begin with http:// or https:// and name a host"))
    if "@" in parts.netloc:
        raise PermanentError(gettext_noop("the address must not hold a user name or a password"))
    path = quote(parts.path or "/", safe=_IN_PATH)
    if parts.query:
        path += "?" + quote(parts.query, safe=_IN_PATH + "?")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def permitted(address: str, port: int) -> bool:
    """Whether a connection to ``address`` may be opened."""
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    allowed = settings.SENTINEL_WEBHOOK_ALLOWED_NETWORKS
    if "*" in allowed or any(ip in ipaddress.ip_network(net, strict=False) for net in allowed):
        return True
    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified or any(ip in net for net in _NOT_GLOBAL)
    return port in WEB_PORTS and ip.is_global and not special


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, total_seconds: float = TOTAL_SECONDS, trusted: bool = False, once: bool = False,
    method: str = "POST",
) -> Reply:  # fmt: skip
    """The answer to ``body`` within ``total_seconds``, whatever its status. Raises PermanentError, TemporaryError or OutcomeUnknown.

    ``trusted``: the operator's settings name the address, no user does; any network and port will do. ``once``: for a
    provider that knows no idempotency key; on a connection of its own, so that nothing is ever sent again from here. A
    trusted connection is not kept either: it may lead where an address that users enter must not.
    """
    to, deadline = target(url), time.monotonic() + total_seconds
    kept = None if once or trusted else _kept(to)
    if kept is not None:
        try:
            return _exchange(kept, to, method, body, headers, deadline=deadline)
        except (ConnectionError, http.client.RemoteDisconnected, ssl.SSLError):
            kept.close()  # the other side had closed it meanwhile: once more, on a new one
        except (OSError, http.client.HTTPException) as error:
            kept.close()
            raise _meaning(error) from error
    connection = (_Secure if to.scheme == "https" else _Plain)(to.host, to.port)
    connection.trusted = trusted
    headers = {**headers, "Connection": "close"} if once else headers
    connected = False
    try:
        connection.connect()
        connected = True
        return _exchange(connection, to, method, body, headers, deadline=deadline, keep=not once and not trusted)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise _meaning(error, connected=connected) from error
    except NotificationError:
        connection.close()
        raise


def close() -> None:
    """Close the connections that the calling thread kept open."""
    for connection, _ in _local.__dict__.pop("connections", {}).values():
        connection.close()


def _exchange(
    connection: _Connection, to: Target, method: str, body: bytes, headers: Mapping[str, str], *, deadline: float, keep: bool = True
) -> Reply:  # fmt: skip
    connection.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]
    connection.sock.settimeout(max(0.1, deadline - time.monotonic()))
    connection.request(method, to.path, body, dict(headers))
    response = connection.getresponse()
    try:
        content = response.read(BODY_BYTES + 1)
    except BaseException:
        response.close()
        raise
    if keep and response.isclosed() and not response.will_close:
        _keep(to, connection)
    else:
        response.close()
        connection.close()
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content[:BODY_BYTES])


def _meaning(error: Exception, *, connected: bool = True) -> NotificationError:
    if isinstance(error, socket.gaierror):
        return TemporaryError("the host's name cannot be resolved")
    if isinstance(error, ssl.SSLError):
        return TemporaryError(f"no safe connection: {getattr(error, 'verify_message', '') or error.reason or 'TLS error'}")
    if not connected:
        return TemporaryError(f"the host does not accept a connection ({type(error).__name__})")
    return OutcomeUnknown(f"the host did not answer properly in time ({type(error).__name__})")


def _dial(host: str, port: int, *, trusted: bool) -> socket.socket:
    """A connection to the first address of ``host`` that is permitted (any, when ``trusted``) and answers."""
    found = dict.fromkeys(entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    checked = [str(address) for address in found if trusted or permitted(str(address), port)]
    if not checked:
        raise PermanentError(
            "the address leads to a private or special network, or to a port other than 80, 443 and 8443;"
            " add the network to SENTINEL_WEBHOOK_ALLOWED_NETWORKS if that is meant"
        )
    for last, address in [(False, each) for each in checked[:-1][:2]] + [(True, checked[-1])]:
        try:
            sock = socket.create_connection((address, port), timeout=CONNECT_SECONDS)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError:
            if last:
                raise
    raise AssertionError("unreachable")


class _Plain(http.client.HTTPConnection):
    trusted = False

    def connect(self) -> None:
        self.sock = _dial(self.host, self.port, trusted=self.trusted)


class _Secure(http.client.HTTPConnection):
    trusted = False

    def connect(self) -> None:
        plain, deadline = _dial(self.host, self.port, trusted=self.trusted), time.monotonic() + CONNECT_SECONDS
        secure = _tls().wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        secure.setblocking(False)
        try:
            while True:
                try:
                    secure.do_handshake()
                    break
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TimeoutError("TLS handshake") from None
                    select.select([secure], [], [], left)
        except BaseException:
            secure.close()
            raise
        self.sock = secure


class _Timed(io.RawIOBase):
    """Reads a socket until a deadline, however slowly it drips. ``held`` keeps the socket from being closed too early."""

    def __init__(self, sock: socket.socket, held: Any, deadline: float) -> None:
        self._sock, self._held, self._deadline = sock, held, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        self._held.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timed(sock, self.fp, deadline))


def _kept(to: Target) -> _Connection | None:
    """The thread's open connection to the same place, taken out, unless it has been idle for long."""
    connections: dict[tuple[str, str, int], tuple[_Connection, float]] = _local.__dict__.setdefault("connections", {})
    connection, since = connections.pop((to.scheme, to.host, to.port), (None, 0.0))
    if connection is None or time.monotonic() - since <= IDLE_SECONDS:
        return connection
    connection.close()
    return None


def _keep(to: Target, connection: _Connection) -> None:
    connections: dict[tuple[str, str, int], tuple[_Connection, float]] = _local.__dict__.setdefault("connections", {})
    connections[(to.scheme, to.host, to.port)] = (connection, time.monotonic())
    while len(connections) > KEPT_CONNECTIONS:
        connections.pop(next(iter(connections)))[0].close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
