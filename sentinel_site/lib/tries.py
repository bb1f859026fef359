"""Counting what is wrong, by where it comes from, in Redis: all web processes see the same count."""

from typing import Final

from django.core.cache import cache
from redis.exceptions import RedisError

MOST: Final = 30
"""So many wrong tries from one address within WINDOW_SECONDS, then it has to wait."""
WINDOW_SECONDS: Final = 60


def are_too_many(kind: str, address: str, *, most: int = MOST) -> bool:
    """Count one more try of ``kind`` from ``address``; whether there are more than ``most`` now. Without Redis nobody is held up."""
    key = f"wrong-{kind}:{address}"
    try:
        cache.add(key, 0, WINDOW_SECONDS)
        return cache.incr(key) > most
    except (RedisError, OSError, ValueError):
        return False
