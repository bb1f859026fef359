"""The front door for reports: a body in, an answer out, whatever server carried it.

A report that is refused is kept as evidence and told to people (intake.refuse), then answered with its errors.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from alerts import intake, queries, schemas
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.intake import Accepted
from alerts.models import Alert
from sentinel_site.lib import jsontext, problems

MAX_REFUSALS: Final = 20
"""So many refused reports of one batch are kept; a broken sender must not fill the table."""


def take(body: bytes, *, at: datetime, by_id: int | None) -> tuple[Alert, bool]:
    """Store the report in ``body``. Returns its alert, ready to describe, and whether it is a new one.

    Committed on return. Raises InvalidReport (after keeping the refused report) and DatabaseError.
    """
    value = schemas.read(body)
    report = schemas.parse_item(value)
    outcome = intake.accept([report], at=at, by_id=by_id)[0] if isinstance(report, NewReport) else report
    if isinstance(outcome, InvalidReport):
        _refuse(value, outcome, at=at, by_id=by_id)
        raise outcome
    return queries.one(outcome.alert_id), outcome.created


def take_batch(body: bytes, *, at: datetime, by_id: int | None) -> list[dict[str, Any]]:
    """Store the reports of ``{"alerts": [...]}``. Answers, in their order, ``{index, id, created}`` or ``{index, error}``.

    Good reports are committed whatever the others are. Raises InvalidReport when the body is no batch, and DatabaseError.
    """
    items = schemas.batch_items(body)
    parsed = [schemas.parse_item(item) for item in items]
    good = [report for report in parsed if isinstance(report, NewReport)]
    stored = iter(intake.accept(good, at=at, by_id=by_id) if good else ())
    outcomes = [next(stored) if isinstance(report, NewReport) else report for report in parsed]
    refused = [(item, outcome) for item, outcome in zip(items, outcomes, strict=True) if isinstance(outcome, InvalidReport)]
    for item, error in refused[:MAX_REFUSALS]:
        _refuse(item, error, at=at, by_id=by_id)
    return [_result(index, outcome) for index, outcome in enumerate(outcomes)]


def problem(error: InvalidReport) -> problems.Problem:
    """The 422 that says what is wrong with a report."""
    return problems.invalid([(("body", *_loc(place)), text) for place, text in error.errors])


def _result(index: int, outcome: Accepted | InvalidReport) -> dict[str, Any]:
    if isinstance(outcome, InvalidReport):
        return {"index": index, "error": problem(outcome).body()}
    return {"index": index, "id": str(outcome.alert_id), "created": outcome.created}


def _refuse(value: object, error: InvalidReport, *, at: datetime, by_id: int | None) -> None:
    """Keep the report when it names a source; without one there is nobody to ask about it."""
    slug = value.get("source") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(slug, str) and slug:
        kept = jsontext.cleaned(value)
        intake.refuse(
            slug=kept["source"], subject=str(kept.get("subject") or ""), errors=error.errors, raw=jsontext.dump(kept), at=at, by_id=by_id
        )


def _loc(place: str) -> Iterable[str | int]:
    return [int(part) if part.isdigit() else part for part in place.split(".") if part != "body"]
