"""Sentinel's settings with nothing around a view: what pings are measured against."""

from sentinel_site.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.ping_views"
