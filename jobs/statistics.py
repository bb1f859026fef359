"""Charts of jobs: how runs ended, and how long they took."""

from typing import Annotated

from pydantic import Field

from jobs.models import Job
from jobs.rollups import RUNS
from sentinel_site.lib.rolling import reading
from sentinel_site.lib.rolling.answer import Answer, Figure, Series, Table
from sentinel_site.lib.rolling.asking import Range, RangeQuery

SHARES = {"median": 0.5, "p95": 0.95}
ENDS = ("success", "warning", "error", "orphaned", "skipped")
MOST_JOBS = 500


class RunQuery(RangeQuery):
    """A range, of one job or of all."""

    job: Annotated[str, Field(max_length=80)] | None = None


def runs(asked: RunQuery, within: Range) -> Answer:
    """Runs by how they ended, how long they took, and both for each job."""
    parts, one = reading.cut(RUNS, within.edges), {"job": [asked.job or ""]}
    counted = {key[0]: found for key, found in reading.counters(RUNS, parts, one).items()}
    times = {key[0]: found for key, found in reading.spread(RUNS, "lasted", parts, one).items()}
    steps = range(len(within.edges) - 1)
    figures = [
        Figure("ended", "", [Series(name, name, [counted[n][name] if n in counted else 0 for n in steps]) for name in ENDS]),
        Figure("lasted", "s", [
            Series(name, name, [times[n].percentile(share) if n in times else None for n in steps]) for name, share in SHARES.items()
        ]),
    ]  # fmt: skip
    return Answer(within, figures, [_by_job(asked, within)])


def _by_job(asked: RunQuery, within: Range) -> Table:
    whole = reading.cut(RUNS, [within.since, within.until])
    every = [asked.job] if asked.job else reading.known(RUNS, "job", since=within.since, until=within.until)[:MOST_JOBS]
    counted = {key[1]: found for key, found in reading.counters(RUNS, whole, {"job": every}).items()}
    times = {key[1]: found for key, found in reading.spread(RUNS, "lasted", whole, {"job": every}).items()}
    names = dict(Job.objects.filter(slug__in=every).values_list("slug", "name"))
    rows = []
    for slug in sorted(counted, key=lambda slug: (-counted[slug]["error"] - counted[slug]["orphaned"], names.get(slug, slug))):
        found = times.get(slug)
        lasted = [found.percentile(0.5), found.percentile(0.95), found.most] if found else [None, None, None]
        rows.append([names.get(slug, slug), *counted[slug].values(), *lasted])
    return Table("by_job", ("job", *RUNS.counters, "lasted_median_seconds", "lasted_p95_seconds", "lasted_worst_seconds"), rows)
