"""Sources, routes and silences as REST writes and shows them: forms that are checked whole, and what they become."""

from typing import Annotated, Any, Final, Literal

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from alerts import calming, describe
from alerts import silences as suppressions
from alerts.enums import Severity, SourceKind
from alerts.incoming import signatures
from alerts.intake import OWN_SOURCE
from alerts.models import EscalationPolicy, Route, Silence, Source, WebhookSecret
from alerts.models.source import ATTRIBUTES
from notifications.people import Zone
from notifications.schedule_config import MaybeWallTime, Weekday
from sentinel_site.lib import matchers
from sentinel_site.lib.crud import STRICT, unknown
from sentinel_site.lib.problems import Problem
from sentinel_site.lib.zones import site_time_zone

DAY: Final = 86_400


def _attribute(name: str) -> str:
    if name not in ATTRIBUTES and not name.startswith("label."):
        raise ValueError(f"is not an attribute; use {', '.join(ATTRIBUTES)} or label.<name>")
    return name


def _matcher(text: str) -> str:
    try:
        matchers.parse(text)
    except matchers.MatcherError as error:
        raise ValueError(str(error)) from None
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]+$", max_length=60)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Attribute = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_attribute)]
Matcher = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_matcher)]
Secret = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^(.{12,})?$"),
    Field(
        description="With one, of 12 characters or more, webhooks for this source must be signed. Never answered; left out, it stays.",
        json_schema_extra={"writeOnly": True, "format": "password"},
    ),
]
PriorityWord = Literal["P1", "P2", "P3", "P4", "P5"]


class _SourceFields(BaseModel):
    slug: Slug
    name: Annotated[str, StringConstraints(max_length=120)] = ""
    kind: SourceKind = SourceKind.GENERIC
    severity: Severity = Severity.MEDIUM
    life_safety: bool = False
    dedup_attributes: Annotated[list[Attribute], Field(max_length=20)] = Field(default_factory=lambda: list(ATTRIBUTES))
    group_attributes: Annotated[list[Attribute], Field(max_length=20)] = Field(default_factory=lambda: ["source", "type"])
    group_window_seconds: Annotated[int, Field(ge=1, le=DAY)] = 300
    group_max: Annotated[int, Field(ge=0, le=1000)] = 10
    flood_limit: Annotated[int, Field(ge=0, le=50_000, description="More new alerts in 5 minutes are a flood; 0: never.")] = 200
    flap_opens: Annotated[int, Field(ge=0, le=1000, description="Raised so often within the window it flaps. 0: never.")] = 5
    flap_calm_opens: Annotated[int, Field(ge=0, le=1000)] = 1
    flap_window_seconds: Annotated[int, Field(ge=60, le=DAY)] = 1800
    triage: bool = False
    policy: Annotated[str | None, Field(description="The name of a policy.")] = None
    enabled: bool = True


class SourceForm(_SourceFields):
    """Something that may report, and what Sentinel does with its reports."""

    model_config = STRICT

    webhook_secret: Secret = ""


class SourceShape(_SourceFields):
    """A source. Its webhook secret is never answered, only whether there is one."""

    id: str
    webhook_secret_set: bool


class RouteForm(BaseModel):
    """If every matcher holds, use this policy and priority."""

    model_config = STRICT

    position: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    matchers: Annotated[list[Matcher], Field(max_length=20)] = Field(default_factory=list)
    source: Annotated[str | None, Field(description="The slug of a source.")] = None
    policy: Annotated[str | None, Field(description="The name of a policy.")] = None
    priority: PriorityWord | None = None
    continues: bool = Field(False, alias="continue")
    hours_from: Annotated[MaybeWallTime, Field(description="Counts from this time of day; null: all day.")] = None
    hours_until: Annotated[MaybeWallTime, Field(description="Until this time; before hours_from: of the next day.")] = None
    weekdays: Annotated[list[Weekday], Field(max_length=7, description="Days on which it counts; empty: every day.")] = Field(
        default_factory=list
    )
    time_zone: Zone = Field(default_factory=site_time_zone)
    enabled: bool = True

    @model_validator(mode="after")
    def _whole(self) -> "RouteForm":
        if (self.hours_from is None) != (self.hours_until is None):
            raise ValueError("hours_from and hours_until belong together: send both or neither")
        return self


class RouteShape(RouteForm):
    """A route. The catch-all is asked last and cannot be deleted."""

    id: str
    catch_all: bool


class SilenceForm(BaseModel):
    """Nobody is told about alerts that match; they are still listed. Never holds where lives depend."""

    model_config = STRICT

    matchers: Annotated[list[Matcher], Field(min_length=1, max_length=20)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> "SilenceForm":
        if not 1970 <= self.starts_at.year <= self.ends_at.year < 9000 or self.ends_at <= self.starts_at:
            raise ValueError("ends_at must lie after starts_at")
        return self


class SilenceShape(SilenceForm):
    """A silence, with how many alerts it held back."""

    id: str
    author: str | None
    hits: int


def policy_named(name: str | None) -> EscalationPolicy | None:
    """The policy; None for None. Raises a 422 Problem."""
    policy = None if name is None else EscalationPolicy.objects.filter(name=name).first()
    if policy is None and name is not None:
        raise unknown(["policy"], f"no policy is called {name[:80]!r}; see /api/v1/policies")
    return policy


def sources() -> QuerySet[Source]:
    """Sources with what describing them needs."""
    secret = Exists(WebhookSecret.objects.filter(pk=OuterRef("pk")))
    return Source.objects.select_related("policy").annotate(webhook_secret_set=secret)


def describe_source(source: Source) -> dict[str, Any]:
    """A source as api.md shows it."""
    names = [name for name in _SourceFields.model_fields if name != "policy"]
    return {
        "id": str(source.pk),
        **{name: getattr(source, name) for name in names},
        "policy": source.policy.name if source.policy else None,
        "webhook_secret_set": source.webhook_secret_set,  # type: ignore[attr-defined]  # annotated
    }


def save_source(source: Source, form: SourceForm, _by: User) -> None:
    """Write ``form`` onto ``source``. Raises a Problem: Sentinel's own source stays as it is named, and enabled."""
    if source.slug == OWN_SOURCE and (form.slug != OWN_SOURCE or not form.enabled):
        raise Problem(409, "Sentinel reports its own troubles through this source: it keeps its name and stays enabled.")
    fill_source(source, form)
    source.full_clean()
    source.save()
    if "webhook_secret" in form.model_fields_set:
        signatures.set_secret(source, form.webhook_secret)
    calming.reconsider(source, at=timezone.now())


def fill_source(source: Source, form: SourceForm) -> None:
    """Make ``source`` say what ``form`` says. Stores nothing. Raises a 422 Problem for a policy that there is not."""
    for name, value in form.model_dump(exclude={"policy", "webhook_secret"}).items():
        setattr(source, name, value)
    source.name = form.name.strip() or form.slug
    source.policy = policy_named(form.policy)


def keep_own_source(source: Source) -> None:
    """Raises a 409 Problem for Sentinel's own source."""
    if source.slug == OWN_SOURCE:
        raise Problem(409, "Sentinel reports its own troubles through this source; it cannot be deleted.")


def routes() -> QuerySet[Route]:
    """Routes with what describing them needs."""
    return Route.objects.select_related("source", "policy")


def describe_route(route: Route) -> dict[str, Any]:
    """A route as api.md shows it."""
    return {
        "id": str(route.pk),
        "position": route.position,
        "matchers": route.matchers,
        "source": route.source.slug if route.source else None,
        "policy": route.policy.name if route.policy else None,
        "priority": f"P{route.priority}" if route.priority else None,
        "continue": route.continues,
        "hours_from": f"{route.hours_from:%H:%M}" if route.hours_from else None,
        "hours_until": f"{route.hours_until:%H:%M}" if route.hours_until else None,
        "weekdays": list(route.weekdays),
        "time_zone": route.time_zone,
        "enabled": route.enabled,
        "catch_all": route.catch_all,
    }


def save_route(route: Route, form: RouteForm, _by: User) -> None:
    """Write ``form`` onto ``route``. Raises a Problem or ValidationError, for example when the catch-all gets a condition."""
    fill_route(route, form)
    route.full_clean()
    route.save()


def fill_route(route: Route, form: RouteForm) -> None:
    """Make ``route`` say what ``form`` says. Stores nothing. Raises a 422 Problem for a source or a policy that there is not."""
    source = None if form.source is None else Source.objects.filter(slug=form.source).first()
    if source is None and form.source is not None:
        raise unknown(["source"], f"no source is called {form.source[:60]!r}; see /api/v1/sources")
    route.position, route.matchers, route.source = form.position, form.matchers, source
    route.policy = policy_named(form.policy)
    route.priority = int(form.priority[1]) if form.priority else None
    route.continues, route.enabled = form.continues, form.enabled
    route.hours_from, route.hours_until, route.time_zone = form.hours_from, form.hours_until, form.time_zone
    route.weekdays = sorted(set(form.weekdays))


def keep_catch_all(route: Route) -> None:
    """Raises a 409 Problem for the catch-all."""
    if route.catch_all:
        raise Problem(409, "This is the catch-all: without it a report could reach nobody. Change its policy instead.")


def silences() -> QuerySet[Silence]:
    """Silences with what describing them needs."""
    return Silence.objects.select_related("author").annotate(held=Count("holds"))


def describe_silence(silence: Silence) -> dict[str, Any]:
    """A silence as api.md shows it."""
    return {
        "id": str(silence.pk),
        "matchers": silence.matchers,
        "reason": silence.reason,
        "starts_at": describe.instant(silence.starts_at),
        "ends_at": describe.instant(silence.ends_at),
        "author": silence.author.get_username() if silence.author else None,
        "hits": silence.hits,
    }


def save_silence(silence: Silence, form: SilenceForm, by: User) -> None:
    """Write ``form`` onto ``silence``; whoever makes it is its author. What it no longer holds back is told."""
    for name, value in form.model_dump().items():
        setattr(silence, name, value)
    at = timezone.now()
    silence.full_clean()
    suppressions.check(silence, at=at)
    suppressions.save(silence, by=by, at=at)


def end_silence(silence: Silence) -> None:
    """A silence that ran stays in the list, ended now; what it held back is told."""
    suppressions.end(silence, at=timezone.now())
