"""Raising an alert about what Sentinel itself watches: never lost for want of a source."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from alerts import intake
from alerts.errors import InvalidReport
from alerts.folding import NewReport


def raise_by(slugs: Sequence[str], report: Mapping[str, Any], *, at: datetime) -> UUID:
    """Take ``report`` in from the first of the sources ``slugs`` that is there and switched on; else from Sentinel itself.

    Returns the alert's id. Committed on return, unless the caller holds a transaction. Raises InvalidReport when no source is left,
    and DatabaseError.
    """
    refused: InvalidReport | None = None
    for slug in dict.fromkeys((*slugs, intake.OWN_SOURCE)):
        (outcome,) = intake.accept([NewReport(source=slug, **report)], at=at)
        if not isinstance(outcome, InvalidReport):
            return outcome.alert_id
        refused = outcome
    raise refused or InvalidReport([("source", "there is none")])
