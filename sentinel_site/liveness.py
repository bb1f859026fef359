"""What `up` knows about its programs beyond that they run: does web answer, do the others beat?"""

import logging
import platform
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Final

import psycopg

from sentinel_site.supervisor import Program

LIMITS: Final = {"web": 30.0, "worker": 90.0, "watchdog": 30.0, "monitor": 30.0}
"""Seconds without a sign of life after which a program counts as frozen."""
WORKER_ALONE_SECONDS: Final = 180.0
"""The worker's limit while the watchdog, which gives it something to do, does not beat."""
OK: Final = 200
LOOK_SECONDS: Final = 5.0
START_SECONDS: Final = 0.2
HTTP_SECONDS: Final = 5.0
_BEATS: Final = "SELECT role, extract(epoch FROM beat_at)::float8 FROM sentinel_site_processbeat WHERE instance = ANY(%s)"
logger = logging.getLogger(__name__)


class Liveness:
    """Looks every few seconds, in a thread, and answers ``frozen`` from what it saw. Without ``base_url`` there is no web to look at."""

    def __init__(self, base_url: str, host: str, database_url: str, *, on_ready: Callable[[], None]) -> None:
        self._base_url, self._host, self._database_url, self._on_ready = base_url, host, database_url, on_ready
        self._seen: dict[str, float] = {}
        self._judging_since: float | None = None
        self._ready = not base_url

    def watch(self, programs: Sequence[Program]) -> None:
        """Begin to look at ``programs``."""
        threading.Thread(target=self._look_on, args=(programs,), daemon=True, name="liveness").start()

    def frozen(self, program: Program) -> str:
        """Why ``program`` counts as frozen, or "". While the database does not answer, nobody who beats there is judged."""
        since = 0.0 if program.name == "web" else self._judging_since
        if since is None:
            return ""
        silent = time.monotonic() - max(program.started, since, self._seen.get(program.name, 0.0))
        return f"no sign of life for {silent:.0f} s" if silent > self._limit(program.name) else ""

    def _limit(self, name: str) -> float:
        if name == "worker" and time.monotonic() - self._seen.get("watchdog", 0.0) > LIMITS["watchdog"]:
            return WORKER_ALONE_SECONDS
        return LIMITS[name]

    def _look_on(self, programs: Sequence[Program]) -> None:
        look_at = 0.0
        while True:
            if not self._ready and self._status("/healthz") == OK:
                self._ready = True
                self._on_ready()
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_SECONDS
                if self._base_url and self._status("/livez"):
                    self._seen["web"] = time.monotonic()
                self._read_beats({program.pid for program in programs})
            time.sleep(LOOK_SECONDS if self._ready else START_SECONDS)

    def _read_beats(self, pids: set[int]) -> None:
        """Take each role's newest beat; beats are wall clock, our own times are not."""
        instances = [f"{platform.node()[:60]}:{pid}" for pid in pids]
        try:
            with psycopg.connect(self._database_url, connect_timeout=3, options="-c statement_timeout=3s") as connection:
                rows = connection.execute(_BEATS, [instances]).fetchall()
        except psycopg.Error:
            self._judging_since = None
            return
        now, wall = time.monotonic(), time.time()
        self._judging_since = now if self._judging_since is None else self._judging_since
        for role, beat in rows:
            self._seen[role] = max(self._seen.get(role, 0.0), now - max(0.0, wall - beat))

    def _status(self, path: str) -> int:
        """The status web answers with; 0 when it does not answer."""
        request = urllib.request.Request(self._base_url + path, headers={"Host": self._host})  # noqa: S310 (our own http address)
        try:
            with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
