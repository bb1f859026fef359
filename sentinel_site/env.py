"""Reading the environment: one function per type, and an error text that names the variable and the fix."""

import base64
import os
import re
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
TRUE = frozenset({"1", "true", "yes", "on"})
UNITS = {"s": 1, "m": 60, "h": 3600}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FALSE = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str = "") -> str:
    """The variable ``name``, stripped; ``default`` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """The variable ``name`` as a boolean. Raises ImproperlyConfigured for a word that is neither yes nor no."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is not a yes or a no. Set it to 1 or 0.")


def number(name: str, default: int) -> int:
    """The variable ``name`` as a whole number. Raises ImproperlyConfigured for anything else."""
    raw = text(name)
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number.") from None


def rate(name: str, default: str = "") -> float | None:
    """The variable ``name`` as messages per second: ``10/s``, ``30/m`` or ``100/h``; None for ``0`` or nothing.

    Raises ImproperlyConfigured for anything else.
    """
    raw = text(name, default)
    if raw in {"", "0"}:
        return None
    count, _, unit = raw.partition("/")
    if not count.isascii() or not count.isdigit() or int(count) < 1 or unit not in UNITS:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a rate. Write 10/s, 30/m or 100/h, or 0 for none.")
    return int(count) / UNITS[unit]


def host(name: str, value: str) -> str:
    """``value`` in small letters, when it is empty or the name of a host. Raises ImproperlyConfigured for anything else."""
    if value and not re.fullmatch(r"(?=.{4,190}$)[a-z0-9-]+(\.[a-z0-9-]+)+", value, re.I | re.A):
        raise ImproperlyConfigured(f"{name}={value!r} is not a domain. Write it like replies.example.org.")
    return value.lower()


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """The variable ``name``, which is one of ``choices``, in small letters. Raises ImproperlyConfigured for anything else."""
    value = text(name, default).lower()
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of these: {', '.join(choices)}.")
    return value


def time_zone(name: str, default: str) -> str:
    """The variable ``name`` as the name of a time zone that this machine knows. Raises ImproperlyConfigured for anything else."""
    value = text(name, default)
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImproperlyConfigured(f"{name}={value!r} is not a time zone. Write an IANA name, for example Europe/Paris.") from None


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """The variable ``name`` as a list, split at commas, blanks removed."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()] or list(default)


def networks(name: str, values: list[str]) -> list[str]:
    """``values`` as networks. Raises ImproperlyConfigured for one that is none."""
    try:
        return [str(ip_network(value, strict=False)) for value in values]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Write networks like 192.168.1.0/24, separated by commas.") from None


def ports(name: str, values: list[str]) -> list[int]:
    """``values`` as TCP ports. Raises ImproperlyConfigured for one that is none."""
    for value in values:
        if not (value.isascii() and value.isdigit() and 0 < int(value) < 65_536):
            raise ImproperlyConfigured(f"{name}: {value!r} is not a port. Write numbers from 1 to 65535, separated by commas.")
    return [int(value) for value in values]


def vapid_key(name: str, value: str) -> str:
    """``value`` when it is empty or a private key of Web Push: 32 bytes in base64 for URLs. Raises ImproperlyConfigured."""
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if value and (len(raw) != 32 or not 0 < int.from_bytes(raw, "big") < P256_ORDER):
        raise ImproperlyConfigured(f"{name} is no private key for Web Push. Write the 43 characters that a VAPID key generator prints.")
    return value


def path(name: str, default: Path) -> Path:
    """The variable ``name`` as an absolute path; a relative one is taken from the project's root."""
    raw = text(name)
    return (BASE_DIR / Path(raw).expanduser()).resolve() if raw else default


def prefixed(prefix: str) -> dict[str, str]:
    """Every variable that starts with ``prefix``, by the rest of its name."""
    return {name.removeprefix(prefix): value.strip() for name, value in os.environ.items() if name.startswith(prefix) and value.strip()}


def email(url: str) -> dict[str, object]:
    """Django's e-mail settings for ``smtp://user:password@host:port/?tls=starttls|ssl|none`` or ``smtps://...``.

    A user, a password or a port of 587 means STARTTLS unless told otherwise. Raises ImproperlyConfigured.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured("EMAIL_URL cannot be read: encode special characters of the password, for example @ as %40.") from None
    if parts.scheme in {"postmark", "mailgun", "sendgrid", "brevo", "ses", "amazon_ses"}:
        raise ImproperlyConfigured(
            f"EMAIL_URL is for SMTP servers. For {parts.scheme}, set ANYMAIL_BACKEND={parts.scheme} (docs/transports.md)."
        )
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp://user:password@mail.example.org:587/?tls=starttls (tls=ssl, tls=none).")
    usual = "ssl" if parts.scheme == "smtps" or port == 465 else "starttls" if parts.username or port == 587 else "none"
    tls = dict(parse_qsl(parts.query)).get("tls", usual)
    if tls not in {"starttls", "ssl", "none"}:
        raise ImproperlyConfigured(f"EMAIL_URL says tls={tls}; write starttls, ssl or none.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or {"ssl": 465, "starttls": 587, "none": 25}[tls],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": tls == "starttls",
        "EMAIL_USE_SSL": tls == "ssl",
    }


def database(url: str) -> dict[str, object]:
    """Django's database settings for a ``postgresql://user:password@host:port/name?sslmode=...`` URL.

    Raises ImproperlyConfigured for any other scheme: Sentinel runs on PostgreSQL only.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL must start with postgresql://, not {parts.scheme or 'nothing'}://.")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": dict(query),
    }
