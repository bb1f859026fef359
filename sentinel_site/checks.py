"""System checks: what must hold in the settings for the promises to hold. `manage.py check --deploy` runs the second half too."""

from math import ceil
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

QUEUE_NAME = "sentinel"
GUARD_CYCLES = (0.5, 1.0)
MARGIN_SECONDS = 3.5
"""How long after its time-out the queue may take to end a task that does not end itself."""


def least_retry_seconds(queue: dict[str, Any]) -> float:
    """What ``retry`` must exceed, or a task still running is handed out a second time: the prefetched ones wait for those before them."""
    turns = 1 + ceil((queue["queue_limit"] + queue["bulk"]) / queue["workers"])
    return float((queue["timeout"] + MARGIN_SECONDS) * turns)


def queue_problems(queue: dict[str, Any]) -> list[CheckMessage]:
    """What is wrong with a Q_CLUSTER setting."""
    found: list[CheckMessage] = []
    if queue["retry"] <= least_retry_seconds(queue):
        found.append(
            Error(f"Q_CLUSTER retry must be above {least_retry_seconds(queue):g} s, or tasks run twice at once.", id="sentinel.E001")
        )
    if queue["guard_cycle"] not in GUARD_CYCLES:
        found.append(Error("Q_CLUSTER guard_cycle must be 0.5 or 1.0, or a stuck worker is never ended.", id="sentinel.E002"))
    if queue["name"] != QUEUE_NAME:
        found.append(Error(f"Q_CLUSTER name must stay {QUEUE_NAME!r}: queued tasks are found and signed by it.", id="sentinel.E003"))
    if queue["workers"] < 2:
        found.append(Error("Q_CLUSTER workers must be 2 or more, or one slow task stops the second runner.", id="sentinel.E004"))
    if queue.get("orm") != "default":
        found.append(Error("Q_CLUSTER orm must be 'default': a task commits or vanishes with the rows it is about.", id="sentinel.E005"))
    return found


@register(Tags.async_support)
def check_queue(**_kwargs: Any) -> list[CheckMessage]:
    """The queue's numbers fit together."""
    return queue_problems(settings.Q_CLUSTER)


@register(Tags.security, deploy=True)
def check_production(**_kwargs: Any) -> list[CheckMessage]:
    """What a production site must have set."""
    found: list[CheckMessage] = []
    if "localhost" in settings.SENTINEL_BASE_URL or "127.0.0.1" in settings.SENTINEL_BASE_URL:
        hint = "Set it to the address people open, for example https://sentinel.example.org"
        found.append(Warning("SENTINEL_BASE_URL is local: links in messages work on this machine only.", hint, id="sentinel.W001"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Error("SENTINEL_ALLOWED_HOSTS contains *: name the hosts.", id="sentinel.E010"))
    if not settings.SENTINEL_DEADMAN_URL:
        hint = "Set it to the ping URL of a monitoring service elsewhere, which tells people when the pings stop."
        found.append(Warning("SENTINEL_DEADMAN_URL is not set: nobody learns that this whole machine is down.", hint, id="sentinel.W002"))
    if len(set(settings.SENTINEL_ENCRYPTION_KEYS) | {settings.SECRET_KEY}) <= len(set(settings.SENTINEL_ENCRYPTION_KEYS)):
        found.append(Error("SENTINEL_ENCRYPTION_KEYS must differ from SENTINEL_SECRET_KEY.", id="sentinel.E011"))
    if any(len(key) < 32 for key in settings.SENTINEL_ENCRYPTION_KEYS):
        found.append(Error("Each of SENTINEL_ENCRYPTION_KEYS needs at least 32 characters.", id="sentinel.E012"))
    return found
