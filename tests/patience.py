"""Limits that fit people, who wait for an answer, and not tests, which run on a machine that may stop for half a minute."""

from typing import Any

SECONDS = 60
LIMITS = {"statement_timeout=30s": "statement_timeout=300s", "session_timeout=60s": "session_timeout=300s"}
"""Each of the settings, and for tests."""
PROVIDERS = (
    "APPRISE_TIMEOUT",
    "APPRISE_TOTAL_TIMEOUT",
    "EMAIL_TIMEOUT",
    "FIREBASE_TIMEOUT",
    "SLACK_TIMEOUT",
    "TWILIO_TIMEOUT",
    "WEBHOOK_TIMEOUT",
)
"""Tests of providers that hang give them less again."""


def have(settings: Any) -> None:
    """Have this process wait for its database, for Valkey and for providers; before it has asked any of them for anything."""
    for name in PROVIDERS:
        setattr(settings, name, SECONDS)
    database = settings.DATABASES["default"]["OPTIONS"]
    database["connect_timeout"] = database["pool"]["timeout"] = SECONDS
    for limit, patient in LIMITS.items():
        assert limit in database["options"], limit
        database["options"] = database["options"].replace(limit, patient)
    (host,) = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
    for options in (settings.CACHES["default"]["OPTIONS"], host):
        options["socket_timeout"] = options["socket_connect_timeout"] = SECONDS
