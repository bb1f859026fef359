"""The outside dead-man switch: as long as Sentinel is healthy it calls a URL; the service behind it tells people when calls stop."""

import logging
import threading
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from sentinel_site import health

EVERY: Final = timedelta(seconds=60)
TIMEOUT_SECONDS: Final = (3, 5)
logger = logging.getLogger(__name__)
_next_at: datetime | None = None


def ping(*, at: datetime) -> None:
    """Call SENTINEL_DEADMAN_URL once a minute while nothing is wrong. In a thread: a slow service must not slow the watch."""
    global _next_at
    if not settings.SENTINEL_DEADMAN_URL or (_next_at is not None and at < _next_at):
        return
    _next_at = at + EVERY
    if not health.problems(at=at):
        threading.Thread(target=_call, args=(settings.SENTINEL_DEADMAN_URL,), daemon=True, name="deadman").start()


def _call(url: str) -> None:
    import requests  # noqa: PLC0415 (4 MiB that the clock of the house needs for nothing else)

    try:
        requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False, headers={"User-Agent": "Sentinel"}).close()
    except requests.RequestException as error:
        logger.warning("the dead-man URL did not answer: %s", type(error).__name__)
