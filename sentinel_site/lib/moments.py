"""Instants that a sender names, within the years that Sentinel keeps."""

from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

YEARS: Final = range(2000, 2101)


def _near(at: AwareDatetime) -> AwareDatetime:
    if at.year not in YEARS:
        raise ValueError("lies outside of the years 2000 to 2100")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_near)]
