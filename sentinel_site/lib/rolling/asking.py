"""What a chart may ask: a stretch, somebody's clock, and how wide its steps are. Everything is bounded before anything is read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sentinel_site.lib import problems
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.rolling import steps
from sentinel_site.lib.rolling.steps import Step

DEFAULT: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=1830)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError("is no time zone; write an IANA name, for example Europe/Paris") from None
    return name


class RangeQuery(BaseModel):
    """From ``since`` (inclusive) to ``until`` (exclusive), the last 30 days when they are left out; ``zone``: whose days, the site's."""

    model_config = ConfigDict(extra="forbid")

    since: Moment | None = None
    until: Moment | None = None
    zone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] | None = None
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch as a chart shows it. ``edges``: where its steps begin, and the end of the last one."""

    since: datetime
    until: datetime
    zone: ZoneInfo
    step: Step
    edges: list[datetime]


def read(asked: RangeQuery, *, at: datetime, most_days: int = 0) -> Range:
    """What is asked at ``at``. Raises a 422 Problem for what is impossible or too much.

    ``most_days``: up to so many are shown day by day, where no step is asked for.
    """
    until = asked.until or at
    since = asked.since or until - DEFAULT
    if not timedelta(0) < until - since <= LONGEST:
        raise problems.invalid([(("query", "since"), f"must lie before until, by {LONGEST.days} days at the most")])
    zone, daily = ZoneInfo(asked.zone or settings.TIME_ZONE), until - since <= timedelta(days=most_days)
    step = asked.step or (Step.DAY if daily else steps.fitting(since, until))
    try:
        edges = steps.bounds(since, until, step, zone, most=max(steps.MOST_STEPS, most_days + 2))
    except ValueError as error:
        raise problems.invalid([(("query", "step"), str(error))]) from None
    return Range(edges[0], edges[-1], zone, step, edges)
