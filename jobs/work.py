"""The work itself, in a process forked for it, which tells its supervisor how far it is and what came of it, a line of JSON each."""

import json
import os
import signal
import sys
import time
import traceback
from typing import IO, Any, Final

from jobs import http_runs, kept
from jobs.enums import JobKind, RunStatus
from jobs.errors import NotRunnable
from jobs.models import JobRun
from sentinel_site.lib import parents, registry

MARK: Final = "SENTINEL_RUN"
"""Environment variable that everything the work starts carries: what is left of a run that was killed is found by it."""
PROGRESS_SECONDS: Final = 0.5
NICE: Final = 5
"""Jobs yield to those who escalate and send."""


def become(run: JobRun, results: IO[str], output: int, parent: int) -> None:
    """Do the work of ``run`` in this process, which was forked for it by ``parent``, and end it. Never returns.

    The process leads a group of its own, and dies with its parent, however that dies. What it prints goes to ``output``.
    """
    code = 1
    try:
        os.setpgid(0, 0)
        parents.die_with(parent)
        _own_signals()
        _own_streams(output)
        parents.own_connections()
        os.environ[MARK] = str(run.pk)
        os.nice(NICE)
        _say(results, result=perform(run, results))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(_flushed(code))


def perform(run: JobRun, results: IO[str]) -> dict[str, Any]:
    """Run it, whatever it is: status, stats, message and error, bounded. Raises nothing that the work raised."""
    try:
        outcome = http_runs.call(run) if run.job.kind == JobKind.HTTP else _call(run, results)
    except (registry.UnknownCallableError, registry.ArgumentsError, NotRunnable) as error:
        outcome = {"status": RunStatus.ERROR, "message": str(error)}
    except BaseException as error:  # SystemExit and KeyboardInterrupt are faults of the work, too
        said = traceback.format_exception_only(error)[-1].strip()
        outcome = {"status": RunStatus.ERROR, "message": said, "error": traceback.format_exc()}
    bounded = kept.result(**{"stats": {}, "message": "", "error": "", "output": "", **{k: v for k, v in outcome.items() if k != "status"}})
    return {"status": str(outcome["status"]), **bounded}


def _call(run: JobRun, results: IO[str]) -> dict[str, Any]:
    declared = registry.get(run.job.callable)
    arguments = registry.check(declared, run.arguments)
    registry.reporting_to(_Reporter(results))
    returned = declared.function(**arguments)
    outcome = returned if isinstance(returned, registry.Outcome) else registry.Outcome(stats=returned or {})
    if not isinstance(outcome.stats, dict):
        raise TypeError(f"{declared.name} returned {type(outcome.stats).__name__}: it must return a dict, an Outcome or None")
    json.dumps(outcome.stats)
    return {"status": RunStatus.WARNING if outcome.warning else RunStatus.SUCCESS, "stats": outcome.stats, "message": outcome.message}


class _Reporter:
    """Hands progress on, but not more often than anybody reads it."""

    def __init__(self, results: IO[str]) -> None:
        self._results = results
        self._next = 0.0

    def __call__(self, what: str, done: int, of: int | None) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            _say(self._results, progress={"what": str(what)[:200], "done": done, "of": of})


def _say(results: IO[str], **said: Any) -> None:
    results.write(json.dumps(said) + "\n")
    results.flush()


def _own_signals() -> None:
    """Nothing that the parent had set up for itself."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def _own_streams(output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115


def _flushed(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    return code
