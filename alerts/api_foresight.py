"""REST of what would happen: the simulation of a report, when a P1 would reach nobody, and what the linter says. Mounted under /api/v1."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from alerts import describe, linting, reachability, simulation, who_gets_what
from alerts.enums import Severity
from sentinel_site.lib.permissions import require
from sentinel_site.lib.problems import json_answer

router = Router()
VIEW = "alerts.view_escalationpolicy"


def _near(at: datetime) -> datetime:
    if at.year not in simulation.YEARS:
        raise ValueError("lies outside of the years 2000 to 2100")
    return at


class SimulateIn(BaseModel):
    """A report that is only supposed. ``at``: when; now, if it is left out."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    type: Annotated[str, StringConstraints(min_length=1, max_length=80)] = "generic"
    severity: Severity | None = None
    subject: Annotated[str, StringConstraints(max_length=200)] = ""
    labels: Annotated[
        dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Annotated[str, StringConstraints(max_length=1024)]],
        Field(max_length=64),
    ] = Field(default_factory=dict)
    at: Annotated[AwareDatetime, AfterValidator(_near)] | None = None


class SimulationOut(BaseModel):
    """What would happen; `docs/api.md` explains the members."""

    model_config = ConfigDict(extra="allow")

    at: str
    priority: str
    policy: str
    route: dict[str, Any] | None
    suppressed_by: list[Any]
    steps: list[dict[str, Any]]
    expires_at: str | None


class GapOut(BaseModel):
    """A stretch in which a P1 would reach nobody."""

    starts_at: str
    ends_at: str
    minutes: int
    policy: str
    why: list[str]


class ReachabilityOut(BaseModel):
    """The gaps between two instants; none is what one wants to see."""

    since: str
    until: str
    gaps: list[GapOut]


class WhoGetsWhatOut(BaseModel):
    """For each source that may report, and each severity: route, priority, policy and first people; `docs/api.md` explains the members."""

    at: str
    items: list[dict[str, Any]]


@router.get("/who-gets-what", response=WhoGetsWhatOut)
def read_who_gets_what(request: HttpRequest, at: Annotated[AwareDatetime, AfterValidator(_near)] | None = None) -> HttpResponse:
    """What becomes of reports, for every source and severity, at an instant (now, if it is left out)."""
    require(request, VIEW)
    when = at or timezone.now()
    rows = [who_gets_what.describe_row(row) for row in who_gets_what.overview(at=when)]
    return json_answer({"at": describe.instant(when), "items": rows})


class ThingOut(BaseModel):
    """A row that a finding is about: ``kind`` is for example route, policystep or silence."""

    kind: str
    id: str
    name: str


class FindingOut(BaseModel):
    """Something that will not work as it was meant, and what to do."""

    code: str
    level: linting.Level
    text: str
    fix: str
    about: list[ThingOut]


class LintOut(BaseModel):
    """Every finding, the worst first."""

    items: list[FindingOut]


@router.get("/lint", response=LintOut)
def read_lint(request: HttpRequest) -> HttpResponse:
    """What of routes, policies, sources, silences, inhibitions, people and schedules will not work as it was meant."""
    require(request, VIEW)
    return json_answer({"items": [linting.describe(finding) for finding in linting.examine(at=timezone.now())]})


@router.post("/simulate", response=SimulationOut)
def simulate(request: HttpRequest, body: SimulateIn) -> HttpResponse:
    """What a report would lead to: route, priority, policy, suppression, and per step who is told how. Changes nothing."""
    require(request, VIEW)
    at = body.at or timezone.now()
    supposed = simulation.Supposed(body.source, body.type, body.severity, body.subject, body.labels)
    return json_answer(simulation.describe_simulation(simulation.simulate(supposed, at=at)))


@router.get("/reachability", response=ReachabilityOut)
def read_reachability(request: HttpRequest, days: Annotated[int, Field(ge=1, le=60)] = reachability.DAYS) -> HttpResponse:
    """The minutes of the next days in which a P1 would reach nobody."""
    require(request, VIEW)
    since = timezone.now()
    until = since + timedelta(days=days)
    found = [reachability.describe_gap(gap) for gap in reachability.gaps(since=since, until=until)]
    return json_answer({"since": describe.instant(since), "until": describe.instant(until), "gaps": found})
