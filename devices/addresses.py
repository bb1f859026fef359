"""Where devices may be: the networks and ports the site's operator names, never this machine and never a cloud's metadata.

A name is resolved once, and the connection goes to the address that was checked. Names are checked at every connect, literal
addresses when they are saved, too.
"""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from devices.errors import NotAllowed, Unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
RESOLVE_SECONDS: Final = 5.0
ADDRESSES_TRIED: Final = 2
KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 15), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))
"""Seconds of silence, seconds between questions, questions without an answer: holds NAT open and finds a peer that is gone."""
_HERE: Final = ipaddress.ip_address("127.0.0.1")
_NEVER: Final = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "192.0.0.0/24",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "::/128",
        "::/96",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
    )
)
"""Nowhere, link-local, multicast, reserved, the metadata services of clouds, and what leads to an IPv4 address nobody looked at."""


_simulated: set[int] = set()
"""Ports of meters that this very process simulates."""


def admit(*ports: int) -> None:
    """This process simulates meters at ``ports`` of 127.0.0.1: they may be connected to from here."""
    _simulated.update(ports)


def dismiss(*ports: int) -> None:
    """They are gone."""
    _simulated.difference_update(ports)


def permitted(address: str, port: int) -> bool:
    """Whether a connection to ``address`` may be opened."""
    ip = _plain(address)
    if ip == _HERE and port in _simulated:
        return True
    if port in _own_services():
        return False
    if ip.is_loopback or (not _is_never(ip) and _is_this_machine(str(ip))):
        return bool(settings.SENTINEL_DEVICE_LOOPBACK)
    return port in settings.SENTINEL_DEVICE_PORTS and not _is_never(ip) and any(ip in net for net in _networks())


def complaint(host: str, port: int) -> str:
    """Why ``host`` cannot be a device's address, or nothing. No name is resolved: a name that leads astray is refused at the connect."""
    if not host or len(host) > 253 or any(ord(char) <= 32 or char in '/\\@?#"<>[]' for char in host):
        return "Write the address or the name of the device alone, for example 192.168.1.40."
    try:
        found = _literal(host, port)
    except UnicodeError:
        return "This is no name of a host."
    except OSError:
        found = []
    if found and not any(permitted(address, port) for address in found):
        return _refusal(port)
    if not found and not settings.SENTINEL_DEVICE_LOOPBACK and port not in settings.SENTINEL_DEVICE_PORTS:
        return _refusal(port)
    return ""


async def dial(host: str, port: int, *, seconds: float) -> socket.socket:
    """A connected, non-blocking socket to the device within ``seconds``, kept alive. Raises NotAllowed or Unreachable."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await _resolved(host, port)
    except TimeoutError:
        raise Unreachable("the name of the device is not resolved in time; look at the DNS server") from None
    sock = None
    for address in _checked(found, port):
        sock = _socket(address)
        try:
            async with asyncio.timeout(seconds):
                await loop.sock_connect(sock, (address, port))
            return _sound(sock)
        except OSError as error:  # TimeoutError is one
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
    raise _meaning(last)


def dial_blocking(host: str, port: int, *, seconds: float) -> socket.socket:
    """The same in a thread: a connected socket whose every wait is bounded by ``seconds``. Raises NotAllowed or Unreachable."""
    try:
        found = _names(socket.getaddrinfo(_ascii(host), port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        raise Unreachable(f"the name {host} leads nowhere; look at the device's address") from None
    for address in _checked(found, port):
        sock = _socket(address)
        sock.settimeout(seconds)
        try:
            sock.connect((address, port))
            return _sound(sock)
        except OSError as error:
            sock.close()
            last = error
    raise _meaning(last)


def _socket(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    return sock


def _sound(sock: socket.socket) -> socket.socket:
    """A port of this machine to which nobody listens can be connected to itself, by chance."""
    if sock.getsockname() == sock.getpeername():
        sock.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens")
    return sock


def _meaning(error: OSError) -> Unreachable:
    if isinstance(error, ConnectionRefusedError):
        return Unreachable("the device refuses the connection", refused=True)
    if isinstance(error, TimeoutError):
        return Unreachable("the device does not take the connection: it is off, asleep, out of reach, or another program has its one slot")
    return Unreachable(f"there is no way to the device ({errno.errorcode.get(error.errno or 0, type(error).__name__)})")


async def _resolved(host: str, port: int) -> list[str]:
    """Addresses of ``host``; a literal one without asking anybody, so that a slow DNS server stops no device that needs none."""
    try:
        return _literal(host, port)
    except (OSError, UnicodeError):
        pass
    try:
        return _names(await asyncio.get_running_loop().getaddrinfo(_ascii(host), port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        raise Unreachable(f"the name {host} leads nowhere; look at the device's address") from None


def _literal(host: str, port: int) -> list[str]:
    return _names(socket.getaddrinfo(_ascii(host), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))


def _ascii(host: str) -> str:
    return host if host.isascii() and host else host.encode("idna").decode()


def _names(found: Sequence[tuple[Any, ...]]) -> list[str]:
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _checked(found: Sequence[str], port: int) -> list[str]:
    good = [address for address in found if permitted(address, port)][:ADDRESSES_TRIED]
    if not good:
        with translation.override(None):  # it is kept with the device
            raise NotAllowed(_refusal(port))
    return good


def _refusal(port: int) -> str:
    if port not in settings.SENTINEL_DEVICE_PORTS:
        ports = ", ".join(str(each) for each in settings.SENTINEL_DEVICE_PORTS)
        return _("Devices are reached at the ports %(ports)s only; add %(port)s to SENTINEL_DEVICE_PORTS if that is meant.") % {
            "ports": ports,
            "port": port,
        }
    return _("This address is not in the networks of devices; add its network to SENTINEL_DEVICE_NETWORKS if that is meant.")


def _plain(address: str) -> Address:
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def _is_never(ip: Address) -> bool:
    return any(ip in net for net in _NEVER)


def _networks() -> tuple[Network, ...]:
    return _parsed(tuple(settings.SENTINEL_DEVICE_NETWORKS))


@lru_cache(maxsize=8)
def _parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(net, strict=False) for net in networks)


def _is_this_machine(address: str) -> bool:
    """Whether ``address`` is one of this machine's. Nothing is sent: a datagram socket only looks up the way."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
            return bool(probe.getsockname()[0] == address)
        except OSError:
            return False


def _own_services() -> set[int]:
    """Ports of the database and of Redis: nobody's meter is there."""
    ports = {str(settings.DATABASES["default"].get("PORT") or "5432")}
    try:
        ports.add(str(urlsplit(settings.REDIS_URL).port or 6379))
    except ValueError:
        ports.add("6379")
    return {int(port) for port in ports if port.isdigit()}
