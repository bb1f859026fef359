"""`manage.py job list|run|log`: jobs from the command line, by the rules of REST."""

import json
from typing import Any, Final

from django.core.management.base import CommandParser

from jobs import config, operating, run_queries, stats
from jobs.enums import GOOD, RUN_OPEN, RunStatus, Trigger
from jobs.errors import JobError
from jobs.management import job_following, job_printing
from jobs.models import Job, JobRun
from sentinel_site.lib import listing
from sentinel_site.lib.shell import NOTHING, USAGE, Call, Shell, failed
from sentinel_site.lib.typed_instants import FORMS

VIEW, VIEW_RUNS, RUN = "jobs.view_job", "jobs.view_jobrun", "jobs.run_job"
EXAMPLES: Final = """
examples:
  manage.py job list                            every job, its last run and its next
  manage.py job run nightly-export --as robin   follows it; exit code 0 when it ended well
  manage.py job run nightly-export --argument days=3 --no-wait --as robin
  manage.py job log nightly-export              its last runs
  manage.py job log 019a8f2e-7d41-7c55-8b0f-3f6f3b1f2c11    one run, with its error and what it printed

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 nothing found.
"""


class Command(Shell):
    """Jobs: what there is, running one, and what became of runs."""

    help = "Jobs: list them, run one and follow it to its end, look at what became of runs."
    examples = EXAMPLES
    refused = (JobError,)

    def add_arguments(self, parser: CommandParser) -> None:
        """A word for each thing that can be done."""
        words = parser.add_subparsers(dest="word", required=True, title="what to do", metavar="WORD")
        self.word(words, "list", self._list, says="List jobs, with their last run and their next.", lists=True)
        run = self.word(words, "run", self._run, says="Run a job now, and follow it: exit code 0 when it ends well, else 1.")
        run.add_argument("job", help="its slug, as the list shows it")
        run.add_argument(
            "--argument", action="append", default=[], metavar="NAME=VALUE", help="of a Python callable; VALUE is JSON or text"
        )
        run.add_argument("--no-wait", action="store_true", help="do not follow it: exit code 0 when it is queued")
        log = self.word(words, "log", self._log, says="What became of runs, the newest first; or of one, whole.", lists=True)
        log.add_argument("which", nargs="?", default="", metavar="JOB|RUN", help="a job's slug, or a run's id; else the runs of all jobs")
        log.add_argument(
            "--status", action="append", default=[], choices=RunStatus.values, metavar="STATUS", help=", ".join(RunStatus.values)
        )
        log.add_argument("--since", metavar="WHEN", help=FORMS)

    def _list(self, call: Call) -> None:
        call.reader(VIEW)
        listing.show(
            call, config.jobs(), config.describe_job, lambda items: job_printing.jobs(call.screen, items, _last(), at=call.at),
            order=("slug",), more=self.note, nothing="There is no job.",
        )  # fmt: skip

    def _run(self, call: Call) -> None:
        by, job = call.actor(RUN), _job(call["job"])
        name = f"{by.get_full_name() or by.get_username()} (by a command)"
        run = operating.run_now(job, by=by, by_name=name, at=call.at, trigger=Trigger.MANUAL, arguments=_arguments(call["argument"]))
        item = run_queries.describe(_run(str(run.pk))) if call["no_wait"] or run.status not in RUN_OPEN else self._follow(call, run)
        if call.json:
            call.screen.document(item)
        if item["status"] not in GOOD and not (call["no_wait"] and item["status"] in RUN_OPEN):
            raise failed(job_printing.result(item).rstrip(".") + f". `manage.py job log {run.pk}` shows all of it.")
        if not call.json:
            call.screen.say(f"{job_printing.result(item)} (run {run.pk})")

    def _follow(self, call: Call, run: JobRun) -> dict[str, Any]:
        try:
            return job_following.follow(call, str(run.pk), say=self.note)
        except KeyboardInterrupt:
            raise failed(f"No longer followed; the run goes on. `manage.py job log {run.pk}` shows what becomes of it.") from None

    def _log(self, call: Call) -> None:
        call.reader(VIEW_RUNS)
        if not listing.is_id(call["which"]) or Job.objects.filter(slug=call["which"]).exists():
            self._runs(call)
            return
        item = run_queries.describe(_run(call["which"]))
        if call.json:
            call.screen.document(item)
        else:
            job_printing.run(call.screen, item)

    def _runs(self, call: Call) -> None:
        jobs = [_job(call["which"]).slug] if call["which"] else []
        wanted = run_queries.RunFilter(job=jobs, status=call["status"], since=call.instant("since"))
        listing.show(
            call, run_queries.runs(wanted), run_queries.describe, lambda items: job_printing.runs(call.screen, items, at=call.at),
            order=("-pk",), more=self.note, nothing="There is no run.",
        )  # fmt: skip


def _job(slug: str) -> Job:
    found = Job.objects.filter(slug=slug).first()
    if found is None:
        raise failed(f"There is no job {slug[:80]}. `manage.py job list` shows them.", NOTHING)
    return found


def _run(word: str) -> JobRun:
    """The run with this id, or the only one whose id begins so. Raises CommandError."""
    return listing.one(run_queries.whole(), word, what="run", see="`manage.py job log` shows the last ones.")


def _last() -> dict[str, dict[str, Any]]:
    """The last run of each job, by the job's slug."""
    newest = [drawn[-1][0] for drawn in stats.recent(limit=1).values()]
    return {item["job"]: item for item in map(run_queries.describe, run_queries.runs().filter(pk__in=newest))}


def _arguments(texts: list[str]) -> dict[str, Any]:
    """``days=3`` as {"days": 3}: JSON where it is JSON, else text."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise failed(f"{text} is no argument: write NAME=VALUE.", USAGE)
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
