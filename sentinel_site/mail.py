"""How mail is sent: by SMTP (EMAIL_URL), by a mail service (ANYMAIL_BACKEND and its variables), or as files when neither is set.

A setting that cannot be meant stops the start, with a text that names the variable and the fix.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from sentinel_site import env

FILES: Final = "notifications.transports.eml.EmailBackend"
CONNECT_SECONDS, ANSWER_SECONDS = 3, 10
SECRET: Final = "WEBHOOK_SECRET"  # noqa: S105 (a name)
SECRET_LENGTH: Final = 20
_SHORT: Final = {"ses": "amazon_ses"}


@dataclass(frozen=True, slots=True)
class Service:
    """One mail service: the variables (after ``ANYMAIL_``) that it needs, and those that it knows besides."""

    needs: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()


SERVICES: Final[Mapping[str, Service]] = {
    "postmark": Service(("POSTMARK_SERVER_TOKEN",), ("POSTMARK_MESSAGE_STREAM", "POSTMARK_API_URL")),
    "mailgun": Service(("MAILGUN_API_KEY",), ("MAILGUN_SENDER_DOMAIN", "MAILGUN_WEBHOOK_SIGNING_KEY", "MAILGUN_API_URL")),
    "sendgrid": Service(("SENDGRID_API_KEY",), ("SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY", "SENDGRID_API_URL")),
    "brevo": Service(("BREVO_API_KEY",), ("BREVO_API_URL",)),
    "amazon_ses": Service((), ("AMAZON_SES_CONFIGURATION_SET_NAME",)),
}


def settings() -> dict[str, Any]:
    """Django's and anymail's settings for mail. Raises ImproperlyConfigured."""
    url, name = env.text("EMAIL_URL"), env.text("ANYMAIL_BACKEND").lower()
    name = _SHORT.get(name, name)
    if url and name:
        raise ImproperlyConfigured("EMAIL_URL and ANYMAIL_BACKEND are both set: mail goes one way. Remove one of them.")
    if url:
        return {"EMAIL_URL": url, "EMAIL_SERVICE": "", **env.email(url), "ANYMAIL": {}}
    if not name:
        return {"EMAIL_URL": "", "EMAIL_SERVICE": "", "EMAIL_BACKEND": FILES, "ANYMAIL": {}}
    if name not in SERVICES:
        raise ImproperlyConfigured(
            f"ANYMAIL_BACKEND={name!r} is not a mail service that Sentinel knows: {', '.join(SERVICES)}. Any other is used by its SMTP"
            " server: set EMAIL_URL instead."
        )
    return {
        "EMAIL_URL": "", "EMAIL_SERVICE": name, "EMAIL_BACKEND": f"anymail.backends.{name}.EmailBackend",
        "ANYMAIL": _defaults() | _checked(name, env.prefixed("ANYMAIL_")),
    }  # fmt: skip


def _defaults() -> dict[str, Any]:
    waits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": ANSWER_SECONDS, "retries": {"total_max_attempts": 1}}
    return {
        "REQUESTS_TIMEOUT": (CONNECT_SECONDS, ANSWER_SECONDS), "IGNORE_UNSUPPORTED_FEATURES": True,
        "AMAZON_SES_CLIENT_PARAMS": {"config": waits},
    }  # fmt: skip


def _checked(name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """``given`` as anymail takes it. Raises ImproperlyConfigured for what is missing, unknown or of no use."""
    service = SERVICES[name]
    missing = [f"ANYMAIL_{variable}" for variable in service.needs if variable not in given]
    if missing:
        raise ImproperlyConfigured(f"ANYMAIL_BACKEND={name} needs {', '.join(missing)}.")
    known = {"BACKEND", SECRET} | {variable for each in SERVICES.values() for variable in (*each.needs, *each.knows)}
    if unknown := sorted(set(given) - known):
        here = ", ".join(f"ANYMAIL_{variable}" for variable in (*service.needs, *service.knows, SECRET))
        raise ImproperlyConfigured(f"ANYMAIL_{unknown[0]} is not a setting that Sentinel knows. With {name} there are: {here}.")
    for variable, value in given.items():
        if variable.endswith("_API_URL") and not value.startswith(("https://", "http://")):
            raise ImproperlyConfigured(f"ANYMAIL_{variable} must begin with https://.")
    secrets = env.words(f"ANYMAIL_{SECRET}")
    if any(len(secret) < SECRET_LENGTH or not all(secret.partition(":")) for secret in secrets):
        raise ImproperlyConfigured(
            f"ANYMAIL_{SECRET} must be <user>:<password>, {SECRET_LENGTH} characters or more; several are separated by commas."
        )
    values = {variable: value for variable, value in given.items() if variable not in {"BACKEND", SECRET}}
    return {**values, SECRET: secrets} if secrets else values
