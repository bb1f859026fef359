"""Mappings for JSON that Sentinel does not know: as REST has them, and tried on what came last. incoming/mapped.py applies them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from alerts import describe, folding, routing
from alerts.config import Slug
from alerts.enums import Verdict
from alerts.incoming import contract, expressions, mapped
from alerts.incoming.contract import Action, FormatError, Incoming
from alerts.incoming.mapped import Mapped
from alerts.models import Report, ReportMapping, Source
from alerts.models.mapping import EXPRESSIONS, MAX_EXPRESSION
from sentinel_site.lib.crud import STRICT, unknown

SAMPLES: Final = 5
"""On so many raw reports a mapping is tried."""
LOOKED_AT: Final = 20_000
"""Among so many of the newest reports those of a source are looked for."""
SHOWN_ITEMS: Final = 20


def _expression(text: str) -> str:
    if text:
        try:
            expressions.check(text)
        except expressions.ExpressionError as error:
            raise ValueError(str(error)) from None
    return text


def _words(lines: list[str]) -> list[str]:
    mapped.meanings(lines)
    return lines


Expression = Annotated[str, StringConstraints(max_length=MAX_EXPRESSION, strip_whitespace=True), AfterValidator(_expression)]


class MappingForm(BaseModel):
    """Where a foreign message has what an alert needs: JMESPath expressions."""

    model_config = STRICT

    slug: Slug
    source: Annotated[str, Field(description="The slug of a source.", max_length=60)]
    enabled: bool = True
    items: Expression = ""
    title: Annotated[Expression, StringConstraints(min_length=1)]
    action: Expression = ""
    severity: Expression = ""
    dedup_key: Expression = ""
    type: Expression = ""
    subject: Expression = ""
    description: Expression = ""
    link: Expression = ""
    labels: Expression = ""
    words: Annotated[list[Annotated[str, StringConstraints(max_length=200)]], Field(max_length=100), AfterValidator(_words)] = Field(
        default_factory=list
    )


class MappingShape(MappingForm):
    """A mapping, and where its messages are sent."""

    id: str
    path: str


def rows() -> QuerySet[ReportMapping]:
    """Mappings with what describing them needs."""
    return ReportMapping.objects.select_related("source")


def describe_mapping(row: ReportMapping) -> dict[str, Any]:
    """A mapping as api.md shows it."""
    return {
        "id": str(row.pk), "slug": row.slug, "source": row.source.slug, "enabled": row.enabled, "path": path_of(row.slug),
        **{name: getattr(row, name) for name in EXPRESSIONS}, "words": row.words,
    }  # fmt: skip


def save_mapping(row: ReportMapping, form: MappingForm, _by: User) -> None:
    """Write ``form`` onto ``row``. Raises a Problem or ValidationError."""
    source = Source.objects.filter(slug=form.source).first()
    if source is None:
        raise unknown(["source"], f"no source is called {form.source!r}; see /api/v1/sources")
    row.source = source
    for name, value in form.model_dump(exclude={"source"}).items():
        setattr(row, name, value)
    row.full_clean()
    row.save()


def path_of(slug: str) -> str:
    """Where messages for this mapping are sent."""
    return f"/integrations/json/{slug}"


def values_of(row: ReportMapping | MappingForm, source: str) -> Mapped:
    """The mapping as it is applied."""
    return Mapped(source, words=tuple(row.words), **{name: getattr(row, name) for name in EXPRESSIONS})


def samples(source: str, *, limit: int = SAMPLES) -> list[tuple[Report, Any]]:
    """The newest reports of a source, each with the message it came in."""
    newest = Report.objects.order_by("-pk").values("pk")[:LOOKED_AT]
    refused = Report.objects.filter(source__slug=source, verdict=Verdict.REJECTED).order_by("-pk").values("pk")[:limit]
    near = Q(pk__in=newest) & Q(source_slug=source)
    found = list(Report.objects.filter(near | Q(pk__in=refused)).order_by("-pk")[:limit])
    return [(report, body_of(report.raw)) for report in found]


def body_of(raw: Any) -> Any:
    """The message in a kept report: what could not be read is kept as text, and what is no object inside of one."""
    if isinstance(raw, dict) and len(raw) == 1:
        ((name, value),) = raw.items()
        if name == "value":
            return value
        if name == "body" and isinstance(value, str):
            try:
                return contract.read_json(value.encode("utf-8", "replace"))
            except FormatError:
                return raw
    return raw


def preview(mapping: Mapped, body: Any, *, at: datetime) -> dict[str, Any]:
    """What ``mapping`` makes of one message, or why it makes nothing: ``items`` and ``error``. Stores nothing."""
    try:
        found = mapped.read(mapping, body, at=at)
    except (FormatError, ValueError) as error:
        return {"items": [], "more": 0, "error": str(error)}
    return {"items": [_shown(each) for each in found[:SHOWN_ITEMS]], "more": max(0, len(found) - SHOWN_ITEMS), "error": None}


def preview_all(mapping: Mapped, *, at: datetime, body: Any = None, report: UUID | None = None) -> list[dict[str, Any]]:
    """`preview` on one message, on one report, or on the newest reports of the source. Raises Report.DoesNotExist."""
    if body is not None:
        return [{"report": None, "received_at": None, **preview(mapping, contract.cleaned(body), at=at)}]
    chosen = [Report.objects.get(pk=report)] if report else [kept for kept, _ in samples(mapping.source)]
    return [
        {
            "report": str(each.pk), "received_at": describe.instant(each.received_at), "raw": body_of(each.raw),
            **preview(mapping, body_of(each.raw), at=at),
        }
        for each in chosen
    ]  # fmt: skip


def _shown(item: Incoming) -> dict[str, Any]:
    """One thing a message says, with the key and priority that it would get."""
    report, source = item.report, routing.table().sources.get(item.report.source)
    severity = report.severity or (source.severity if source else None)
    return {
        "action": item.action.value, "title": report.title, "severity": severity,
        "dedup_key": folding.dedup_key(report, source, severity) if source and severity else report.dedup_key,
        "type": report.type, "subject": report.subject, "description": report.description[:500], "labels": dict(report.labels),
        "links": [dict(link) for link in report.links], "why": item.why if item.action == Action.IGNORE else None,
    }  # fmt: skip


def texts(body: Any) -> str:
    """A message as it is shown to people."""
    return json.dumps(body, indent=2, ensure_ascii=False)[:20_000]


def lines(texts: Sequence[str]) -> list[str]:
    """``word=meaning`` lines that can be used. Raises ValueError."""
    return _words(list(texts))
