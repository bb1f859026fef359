"""Public holidays by country, from the `holidays` library: loaded when a schedule first asks, and kept by year.

A calendar is named by a country, or a country and a part of it: FR, CA-QC, DE-BY.
"""

import logging
from datetime import date
from functools import lru_cache

logger = logging.getLogger(__name__)


class PublicHolidays:
    """The holidays of one place: ``day in PublicHolidays("FR")``."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._years: dict[int, frozenset[date]] = {}

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        if day.year not in self._years:
            self._years[day.year] = _of_year(self._place, day.year)
        return day in self._years[day.year]


@lru_cache(maxsize=256)
def of(place: str) -> PublicHolidays:
    """The holidays of ``place``. For a place nobody knows there are none, and the log says so."""
    return PublicHolidays(place)


@lru_cache(maxsize=256)
def is_known(place: str) -> bool:
    """Whether there is a calendar for ``place``."""
    import holidays  # noqa: PLC0415 (heavy: only who uses holidays pays for it)

    country, _, part = place.partition("-")
    known = holidays.list_supported_countries(include_aliases=True)
    return country in known and (not part or part in known[country])


def _of_year(place: str, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 (heavy: only who uses holidays pays for it)

    country, _, part = place.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
    except (NotImplementedError, ValueError, KeyError):
        logger.error("there is no calendar of public holidays for %r; no day of %d counts as one", place, year)
        return frozenset()
