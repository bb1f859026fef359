"""The clock of the house: takes due escalation steps, time-outs and deliveries at once, and watches the other processes.

It sleeps to the next due time and is woken by the write itself (LISTEN/NOTIFY at commit). A lost wake-up costs at
most one look-around. Any number of watchdogs may run: everything they do is claimed in the database.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

import psycopg
from django.db import close_old_connections, connection, connections
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from alerts import escalation, flooding, timeouts
from alerts.publishing import Publisher
from backups import launch, missing
from jobs.upkeep import Clock
from notifications import outbox, receipts, revisions
from notifications.delivery import Dispatcher
from sentinel_site import beats, deadman, process_alerts
from sentinel_site.lib import queue, wake
from sentinel_site.models import ProcessBeat

LOOK_AROUND_SECONDS: Final = 5.0
"""The longest sleep: what a lost wake-up, or a row written without one, may cost."""
BUSY_SECONDS: Final = 1.0
"""How long to wait for a free sender when deliveries are due and every sender is taken."""
FEW: Final = 3
"""So many at once are no flood: nothing pauses for them."""
BREATH_SECONDS: Final = 0.02
"""The pause after a sweep that found more, so that in a flood the next one takes many alerts together, for much less each."""
PATIENCE: Final = 4
MOST_PATIENT_SECONDS: Final = 0.3
"""While reports flood in of which no life and no P1 depends: how much longer than a sweep the pause after it is, and its limit.
Taking them in goes before telling people about them, and well within the second that a step may be late."""
GATHER_SECONDS: Final = 0.01
"""The pause while more senders are busy, so that several hands are free when the next ones are read."""
LISTEN_SECONDS: Final = 0.5
"""How soon the thread that listens sees that the watchdog ends; it holds a connection of its own until then."""
LEAST_SECONDS: Final = 0.005
"""The shortest sleep: what is due may be in another runner's hands."""
JOBS_LEAST_SECONDS: Final = 0.2
"""The shortest pause between two looks for jobs: what is due may be in another runner's hands."""
EVENTS_SECONDS: Final = 0.1
"""The pause between two looks for events that other systems wait for: what happens together is read together."""
BEAT_SECONDS: Final = 5.0
CANARY_SECONDS: Final = 15.0
FAULT_SECONDS: Final = 1.0
BACKUPS_SECONDS: Final = 15.0
"""The longest pause between two looks at backups that are overdue: a job that was added or changed meanwhile is seen then."""
SETTLING: Final = timedelta(seconds=45)
"""How long after its own start the watchdog tells nobody that another process is dead: they all start together."""
BATCH: Final = 200
logger = logging.getLogger(__name__)


class Watchdog:
    """Eight threads, each in a loop that survives every error: listen, escalate, send, change what was sent, keep watch, start jobs,
    miss backups, and tell other systems."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._due, self._urgent, self._reported, self._outbox, self._revisions, self._jobs, self._events = (
            threading.Event() for _ in range(7)
        )
        self._wakes = {
            wake.DUE: (self._due, self._urgent), wake.REPORTED: (self._due, self._reported), wake.PLANNED: (self._due,),
            wake.OUTBOX: (self._outbox,), wake.REVISIONS: (self._revisions,), wake.JOBS: (self._jobs,),
            wake.EVENTS: (self._events,),
        }  # fmt: skip
        self._dispatcher = Dispatcher()
        self._dispatcher.on_free = self._outbox.set
        self._publisher = Publisher(freed=self._events.set)
        self._scans = launch.Overdue()
        self._began_at = self._next_canary_at = timezone.now()
        self._settled_at = self._began_at + SETTLING
        self._job_clock = Clock()

    def run(self) -> None:
        """Work until ``stop`` is called; then let senders finish what they have in hand (a few seconds at the most)."""
        loops: dict[str, Callable[[], None]] = {
            "listen": self._listen, "escalate": self._escalate, "send": self._send, "revise": self._revise, "watch": self._watch,
            "jobs": self._start_jobs, "backups": self._miss, "publish": self._publish,
        }  # fmt: skip
        threads = [threading.Thread(target=self._forever, args=(step,), name=name, daemon=True) for name, step in loops.items()]
        for thread in threads:
            thread.start()
        self._stopping.wait()
        self._due.set()
        self._outbox.set()
        self._revisions.set()
        self._jobs.set()
        self._events.set()
        self._dispatcher.close(timeout=5)
        self._publisher.close(timeout=2)
        for thread in threads:
            thread.join(timeout=2)

    def stop(self) -> None:
        """End ``run``; safe to call from a signal handler."""
        self._stopping.set()

    def _forever(self, step: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                step()
            except Exception:  # a fault of the database or of one alert must not end the clock
                logger.exception("the watchdog's %s loop failed; it goes on", threading.current_thread().name)
                close_old_connections()
                self._stopping.wait(FAULT_SECONDS)
        connections.close_all()

    def _listen(self) -> None:
        """Set the loops' events when a writer's commit wakes us. Needs a connection of its own: the pool's are shared."""
        with psycopg.connect(make_conninfo("", **_parameters()), autocommit=True) as listener:
            for topic, events in self._wakes.items():
                listener.execute(f"LISTEN {topic}")
                events[0].set()  # whatever was written while nobody listened
            while not self._stopping.is_set():
                for notice in listener.notifies(timeout=LISTEN_SECONDS):
                    for event in self._wakes[notice.channel]:
                        event.set()

    def _escalate(self) -> None:
        for event in (self._due, self._urgent, self._reported):
            event.clear()
        step_at, deadline_at = timeouts.next_at()
        at, began = timezone.now(), time.monotonic()
        taken, urgent = escalation.sweep(at=at, limit=BATCH) if step_at and step_at <= at else (0, False)
        expired = timeouts.expire_due(at=at) if deadline_at and deadline_at <= at else 0
        if taken > FEW and not urgent and self._reported.is_set():
            self._urgent.wait(min(PATIENCE * (time.monotonic() - began), MOST_PATIENT_SECONDS))
        elif not taken and not expired:
            soonest = min((moment for moment in (step_at, deadline_at) if moment), default=None)
            self._due.wait(_until(soonest, LOOK_AROUND_SECONDS) or LEAST_SECONDS)
        elif FEW < taken < BATCH:
            self._stopping.wait(BREATH_SECONDS)

    def _send(self) -> None:
        self._outbox.clear()
        at = timezone.now()
        waiting = outbox.waiting()
        overdue = waiting.get(outbox.RECEIPTS)
        missed = receipts.miss_due(at=at) if overdue and overdue <= at else 0
        if self._dispatcher.run_once(at=at, waiting=waiting) or missed:
            self._stopping.wait(GATHER_SECONDS if self._dispatcher.busy() > FEW else 0)
        else:
            self._outbox.wait(rest_seconds(waiting.values(), at=at))

    def _revise(self) -> None:
        self._revisions.clear()
        if not revisions.run_due(at=timezone.now()):
            self._revisions.wait(_until(revisions.next_due_at(), LOOK_AROUND_SECONDS))

    def _start_jobs(self) -> None:
        """The clock of the jobs, in a thread of its own: nothing of it holds up an alert."""
        self._jobs.clear()
        due_at = self._job_clock.look(at=timezone.now())
        self._jobs.wait(max(_until(due_at, LOOK_AROUND_SECONDS), JOBS_LEAST_SECONDS))

    def _miss(self) -> None:
        """Write down what is overdue. In a thread of its own: what goes wrong with backups delays nobody's call."""
        if missing.sweep(at=timezone.now(), up_since=self._began_at):
            return
        next_at = missing.next_at()
        overdue = next_at is not None and next_at <= timezone.now()  # in another runner's hands, or it cannot be judged
        self._stopping.wait(BACKUPS_SECONDS if overdue else _until(next_at, BACKUPS_SECONDS))

    def _publish(self) -> None:
        """Tell other systems what happened. What they answer, or do not, is waited for in threads of its own."""
        self._events.clear()
        retry_at = self._publisher.look(at=timezone.now())
        self._stopping.wait(EVENTS_SECONDS)
        self._events.wait(_until(retry_at, LOOK_AROUND_SECONDS))

    def _watch(self) -> None:
        """Beat, give the worker something to do, tell people when a process is dead, and tell the outside that we live."""
        at = timezone.now()
        beats.beat(ProcessBeat.Role.WATCHDOG, at=at)
        if at >= self._next_canary_at:
            self._next_canary_at = at + timedelta(seconds=CANARY_SECONDS)
            if queue.waiting() < queue.CANARY_LIMIT:
                queue.enqueue("sentinel_site.tasks.canary")
        if at >= self._settled_at:
            process_alerts.check(watched_by=ProcessBeat.Role.WATCHDOG, at=at)
        deadman.ping(at=at)
        flooding.watch(at=at)
        if at >= self._settled_at:
            self._scans.start(at=at)
        self._stopping.wait(BEAT_SECONDS)


def rest_seconds(due: Iterable[datetime], *, at: datetime) -> float:
    """How long to sleep when nothing of what is ``due`` could be taken at ``at``: what was due then must not delay the next."""
    moments = list(due)
    soonest = min((moment for moment in moments if moment > at), default=None)
    late = any(moment <= at for moment in moments)
    return min(_until(soonest, LOOK_AROUND_SECONDS), BUSY_SECONDS if late else LOOK_AROUND_SECONDS)


def _until(moment: datetime | None, longest: float) -> float:
    """Seconds to sleep to ``moment``, at most ``longest``; several watchdogs do not wake in step."""
    if moment is None:
        return longest * random.uniform(0.8, 1.0)  # noqa: S311 (not a secret)
    return min(max(0.0, (moment - timezone.now()).total_seconds()), longest)


def _parameters() -> dict[str, str]:
    """What psycopg needs to reach our database, without the pool."""
    parameters = connection.get_connection_params()
    return {name: parameters[name] for name in ("host", "port", "user", "password", "dbname", "sslmode") if parameters.get(name)}
