"""What may stand in a report and in an answer to an alert. Free of requests: a body goes in, values or errors come out."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from alerts.enums import Promise, Resolution, Severity, Usefulness
from alerts.errors import InvalidReport
from alerts.folding import NewReport
from alerts.intake import MAX_BATCH
from sentinel_site.lib import jsontext
from sentinel_site.lib.instants import instant

MAX_TITLE: Final = 300
MAX_LABELS: Final = 64
MAX_LINKS: Final = 20
MAX_PAYLOAD_DEPTH: Final = 16
EARLIEST_YEAR: Final = 1970
LATE, LATEST = timedelta(seconds=5), timedelta(days=1)
"""How long an answer may have been on its way, for the time at which it was given to be worth a word."""
_WEB_URL: Final = re.compile(r"https?://[^\s/\\]", re.I)
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.A)
_UNSET: Final = "0001-01-01T00:00:00"
"""How programs written in Go say that a time is not set."""


def _title(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("is empty; say in a few words what is wrong")
    return text if len(text) <= MAX_TITLE else f"{text[: MAX_TITLE - 1]}…"


def _web_url(text: str | None) -> str | None:
    if text and not _WEB_URL.match(text):
        raise ValueError("must begin with http:// or https://")
    return text


def _label_text(value: Any) -> Any:
    if value is True or value is False:
        return "true" if value else "false"
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) else value


def _labels(labels: Any) -> Any:
    if labels is None:
        return {}
    if isinstance(labels, dict) and len(labels) > MAX_LABELS:
        raise ValueError(f"has {len(labels)} labels; send at most {MAX_LABELS}, the rest belongs into payload")
    return labels


def _instant(value: Any) -> Any:
    if value is None or isinstance(value, datetime):
        return value
    found = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is not a time; write it as 2026-03-02T12:00:00Z")
    if value.startswith(_UNSET):
        return None
    if found.group(2) is None:
        raise ValueError("has no zone; add Z or an offset such as +01:00")
    return value


def _plausible(at: datetime | None) -> datetime | None:
    if at is not None and at.year < EARLIEST_YEAR:
        raise ValueError(f"lies before {EARLIEST_YEAR}; set the sender's clock")
    return at


def _empty_if_none(value: Any) -> Any:
    return "" if value is None else value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Text = Annotated[str, BeforeValidator(_empty_if_none)]
WebUrl = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_web_url)]


class Link(BaseModel):
    """A link that helps whoever answers."""

    href: WebUrl
    text: Annotated[Text, StringConstraints(max_length=200)] = ""


class ReportIn(BaseModel):
    """A report. Only ``source`` and ``title`` are required; unknown fields are kept in the raw report."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    source: Annotated[str, StringConstraints(min_length=1, max_length=60), Field(description="The slug of an enabled source.")]
    title: Annotated[str, AfterValidator(_title), Field(description="What is wrong; cut at 300 characters.")]
    type: Annotated[str, StringConstraints(max_length=80), BeforeValidator(lambda value: value or "generic")] = "generic"
    severity: Annotated[Severity | None, BeforeValidator(_none_if_empty)] = None
    description: Text = ""
    subject: Annotated[Text, StringConstraints(max_length=200)] = ""
    dedup_key: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None
    labels: Annotated[
        dict[
            Annotated[str, StringConstraints(min_length=1, max_length=128)],
            Annotated[str, StringConstraints(max_length=1024), BeforeValidator(_label_text)],
        ],
        BeforeValidator(_labels),
    ] = Field(default_factory=dict)
    occurred_at: Annotated[AwareDatetime | None, BeforeValidator(_instant), AfterValidator(_plausible)] = None
    links: Annotated[list[Link], Field(max_length=MAX_LINKS), BeforeValidator(lambda value: [] if value is None else value)] = Field(
        default_factory=list
    )
    runbook_url: Annotated[WebUrl | None, BeforeValidator(_none_if_empty)] = None
    payload: dict[str, Any] | None = Field(default_factory=dict)


class BatchIn(BaseModel):
    """Up to 1000 reports; the good ones are stored whatever the others are."""

    alerts: Annotated[list[ReportIn], Field(max_length=MAX_BATCH)]


class ResolveIn(BaseModel):
    """Which open alert is over."""

    source: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    dedup_key: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    resolution: Resolution = Resolution.RECOVERED
    note: Annotated[Text, StringConstraints(max_length=2000)] = ""


class AnswerIn(BaseModel):
    """What a person says with an answer; everything may be left out."""

    note: Annotated[Text, StringConstraints(max_length=2000)] = ""
    promise: Annotated[Promise | None, BeforeValidator(_none_if_empty)] = None
    resolution: Literal["handled", "help_sent", "false_alarm", "test"] | None = None
    delivery: UUID | None = Field(None, description="The delivery that brought the message.")
    pressed_at: Annotated[AwareDatetime | None, BeforeValidator(_none_if_empty)] = Field(
        None, description="When the person said it, where the line was bad: kept on record when it was more than 5 s ago and within a day."
    )

    def pressed(self, *, at: datetime) -> str:
        """``pressed_at`` as the record keeps it, for an answer that arrives at ``at``; empty when it says nothing, or cannot be true."""
        if self.pressed_at is None or not LATE <= at - self.pressed_at <= LATEST:
            return ""
        return instant(self.pressed_at)


NO_ANSWER: Final = AnswerIn.model_validate({})
"""What an empty body says."""


class CommentIn(AnswerIn):
    """A remark for the record."""

    note: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class FeedbackIn(BaseModel):
    """What somebody says of an alert afterwards."""

    feedback: Usefulness
    note: Annotated[Text, StringConstraints(max_length=2000)] = ""


_REPORT: Final = TypeAdapter(ReportIn)
_WORDS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "string_type": "must be text",
    "dict_type": "must be a JSON object",
    "list_type": "must be a list",
    "model_type": "must be a JSON object",
    "string_too_short": "must not be empty",
}
_FIELD_WORDS: Final[Mapping[str, str]] = {
    "severity": f"is not a severity; use one of {', '.join(Severity.values)}",
}


def parse_report(value: object, raw_text: str | None = None) -> NewReport:
    """The report in ``value`` (parsed JSON). ``raw_text`` is its storable JSON, if the caller has it from ``jsontext.dump``.

    Raises InvalidReport with every error at once.
    """
    if not isinstance(value, dict):
        raise InvalidReport([("body", "must be a JSON object with at least source and title")])
    try:
        raw = raw_text or jsontext.dump(value, depth=MAX_PAYLOAD_DEPTH + 1)
        report = _REPORT.validate_python(value)
    except jsontext.JsonError as error:
        raise InvalidReport([(".".join(map(str, error.loc)) or "body", str(error))]) from None
    except ValidationError as error:
        raise InvalidReport(_errors(error)) from None
    return NewReport(
        source=report.source,
        title=report.title,
        type=report.type,
        severity=report.severity and report.severity.value,
        subject=report.subject,
        description=report.description,
        dedup_key=report.dedup_key,
        labels=report.labels,
        links=[link.model_dump() for link in report.links],
        runbook_url=report.runbook_url or "",
        occurred_at=report.occurred_at,
        raw=raw,
    )


def parse_batch(body: bytes) -> list[NewReport | InvalidReport]:
    """The reports of ``{"alerts": [...]}``; one that cannot be accepted is an InvalidReport in its place.

    Raises InvalidReport when the body itself cannot be read.
    """
    return [parse_item(item) for item in batch_items(body)]


def parse_item(value: object) -> NewReport | InvalidReport:
    """Like ``parse_report``, with the error as a value."""
    try:
        return parse_report(value)
    except InvalidReport as error:
        return error


def batch_items(body: bytes) -> list[object]:
    """The unread items of a batch. Raises InvalidReport."""
    value = read(body)
    items = value.get("alerts") if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise InvalidReport([("alerts", 'must be a list: send {"alerts": [...]}')])
    if len(items) > MAX_BATCH:
        raise InvalidReport([("alerts", f"has {len(items)} reports; send at most {MAX_BATCH} at once")])
    return items


def read(body: bytes) -> Any:
    """The JSON document of a body. Raises InvalidReport that says where it breaks."""
    try:
        return jsontext.read(body)
    except jsontext.JsonError as error:
        raise InvalidReport([("body", str(error))]) from None


def _errors(error: ValidationError) -> list[tuple[str, str]]:
    found = []
    for each in error.errors(include_url=False, include_input=False, include_context=True):
        place = ".".join(str(part) for part in each["loc"]) or "body"
        field = str(each["loc"][0]) if each["loc"] else ""
        text = _FIELD_WORDS.get(field) or _WORDS.get(each["type"]) or each["msg"].removeprefix("Value error, ")
        found.append((place, text))
    return found
