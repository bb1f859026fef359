"""Jobs as REST writes and shows them: a form that is checked whole, with what a job follows, and what goes with one that is deleted."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, ExpressionWrapper, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from alerts.enums import Severity
from alerts.models import Source
from jobs import audit, http_runs, scheduling
from jobs.enums import After, CatchUp, JobKind, Overlap
from jobs.errors import NotRunnable
from jobs.models import DAY_SECONDS, Job, JobLink
from notifications import http
from notifications.errors import PermanentError
from sentinel_site.lib import english, problems, registry
from sentinel_site.lib.crud import STRICT, unknown
from sentinel_site.lib.instants import instant
from sentinel_site.lib.moments import Moment
from sentinel_site.lib.zones import site_time_zone

RESERVED: Final = frozenset({"runs", "stats", "callables"})
"""Paths of REST and pages, and so no slugs."""
SECRET: Final = ("http_url", "http_headers")
MAX_LINKS: Final = 20
WEEK_SECONDS: Final = 7 * DAY_SECONDS
AGAIN: Final = (
    "are stored for another address and are not sent to a new one unseen: send them again with this change, or empty to forget them"
)
Text = Annotated[str, StringConstraints(max_length=2000)]
Secret = Annotated[
    str,
    StringConstraints(max_length=4000),
    Field(description="Stored encrypted and never answered; left out, the stored one stays.", json_schema_extra={"writeOnly": True}),
]


class Follows(BaseModel):
    """A job that this one follows."""

    model_config = STRICT

    job: str
    on: After = After.SUCCESS


class _Fields(BaseModel):
    slug: Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]+$", max_length=80)]
    name: Annotated[str, StringConstraints(max_length=120)] = ""
    description: Text = ""
    kind: JobKind = JobKind.EXTERNAL
    callable: Annotated[str, StringConstraints(max_length=120)] = ""
    arguments: dict[str, Any] = {}
    http_method: Annotated[str, StringConstraints(pattern="^(GET|POST|PUT)$")] = "POST"
    http_body: Annotated[str, StringConstraints(max_length=20_000)] = ""
    enabled: bool = True
    paused_until: Moment | None = None
    cron: Annotated[str, Field(max_length=120, description="Five fields, in the job's time zone. Empty: no schedule.")] = ""
    time_zone: Annotated[str, StringConstraints(max_length=64)] = Field(default_factory=site_time_zone)
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.ONCE
    timeout_seconds: Annotated[int, Field(ge=1, le=WEEK_SECONDS)] = 3600
    retries: Annotated[int, Field(ge=0, le=20)] = 0
    retry_seconds: Annotated[int, Field(ge=1, le=DAY_SECONDS)] = 60
    grace_seconds: Annotated[int, Field(ge=0, le=WEEK_SECONDS)] = 300
    long_seconds: Annotated[int | None, Field(ge=1, le=WEEK_SECONDS)] = None
    severity: Severity = Severity.HIGH
    source: Annotated[str | None, Field(description="The slug of the source whose alerts it raises; null: jobs.")] = None
    after: Annotated[list[Follows], Field(max_length=MAX_LINKS, description="What it follows: it runs when all of them have ended.")] = []


class JobForm(_Fields):
    """Work that is done again and again."""

    model_config = STRICT

    http_url: Secret = ""
    http_headers: Annotated[Secret, Field(description="Name: value, a line each. Stored encrypted and never answered.")] = ""


class JobShape(_Fields):
    """A job. Of its URL only the host is answered, of its headers only whether there are any."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    http_host: str
    http_headers_set: bool
    built_in: bool
    before: list[Follows]
    next_run_at: str | None
    created_at: str
    changed_at: str


def jobs() -> QuerySet[Job]:
    """Jobs with what describing them needs; headers are not even read."""
    headers_set = ExpressionWrapper(~Q(http_headers=""), output_field=BooleanField())
    parents = Prefetch("parents", JobLink.objects.select_related("parent").order_by("parent__slug"))
    children = Prefetch("children", JobLink.objects.select_related("child").order_by("child__slug"))
    return Job.objects.defer("http_headers").select_related("source").prefetch_related(parents, children).annotate(headers_set=headers_set)


def describe_job(job: Job) -> dict[str, Any]:
    """A job (of `jobs`) as REST shows it."""
    names = [name for name in _Fields.model_fields if name not in {"source", "after", "paused_until"}]
    return {
        **{name: getattr(job, name) for name in names},
        "paused_until": instant(job.paused_until),
        "source": job.source.slug if job.source else None,
        "after": [{"job": link.parent.slug, "on": link.on} for link in job.parents.all()],
        "before": [{"job": link.child.slug, "on": link.on} for link in job.children.all()],
        "http_host": host(job.http_url),
        "http_headers_set": job.headers_set,  # type: ignore[attr-defined]  # annotated
        "built_in": job.built_in,
        "next_run_at": instant(job.next_run_at),
        "created_at": instant(job.created_at),
        "changed_at": instant(job.changed_at),
    }


def is_elsewhere(url: str, known: str) -> bool:
    """Whether ``url`` leads to another server than ``known``: another host or port, or the same one without TLS."""
    return _server(url) != _server(known)


def host(url: str) -> str:
    """Where a URL leads, without its path, which may hold a token; empty when it is none."""
    try:
        return http.target(url).host if url else ""
    except PermanentError:
        return ""


def save_job(job: Job, form: JobForm, by: User) -> None:
    """Write ``form`` onto ``job``, with what it follows; secrets that were not sent stay. Raises a Problem or ValidationError."""
    was_new, before = job.pk is None, _values(job)
    _require_secrets(job, form)
    for name, value in form.model_dump(exclude={"source", "after", *SECRET}).items():
        setattr(job, name, value)
    for name in SECRET:
        if was_new or name in form.model_fields_set:
            setattr(job, name, getattr(form, name))
    job.name = form.name.strip() or form.slug
    job.source = _source(form.source)
    if wrong := errors(job):
        raise problems.invalid([(("body", name), text) for name, text in wrong.items()])
    job.full_clean(exclude=None if was_new else _unread(job))
    job.save()
    follow(job, _parents(form.after))
    scheduling.reschedule(job.pk, at=timezone.now())
    changed = sorted(name for name, value in _values(job).items() if before.get(name) != value)
    audit.did(
        by, job, "By REST." if was_new else f"By REST: {', '.join(changed) or 'what it follows'}.", kind="added" if was_new else "changed"
    )


def errors(job: Job) -> dict[str, str]:
    """Field → what is wrong with it, beyond what the model's own validators say. The same for REST and admin."""
    wrong: dict[str, str] = {}
    if job.slug in RESERVED:
        wrong["slug"] = _("is a word of the API (%(words)s); choose another") % {"words": ", ".join(sorted(RESERVED))}
    if job.kind == JobKind.CALLABLE:
        wrong |= _callable_errors(job)
    elif job.kind == JobKind.HTTP:
        wrong |= _http_errors(job)
    if job.kind != JobKind.CALLABLE and job.arguments:
        wrong["arguments"] = _("are for Python callables only; leave them empty")
    if job.long_seconds is not None and job.long_seconds >= job.timeout_seconds:
        wrong["long_seconds"] = _("must be less than the time-out, or the run ends before anybody is told that it takes long")
    return wrong


def follow(job: Job, parents: Mapping[Job, str]) -> None:
    """Let ``job`` follow exactly ``parents`` (job → on). Raises a 422 Problem when it would follow itself in the end."""
    if job in parents:
        raise problems.invalid([(("body", "after"), _("%(job)s cannot follow itself") % {"job": job.name})])
    if parents and job.kind == JobKind.EXTERNAL:
        raise problems.invalid(
            [(("body", "after"), _("%(job)s is external: Sentinel cannot start it; it can only be followed") % {"job": job.name})]
        )
    known = {link.parent_id: link for link in JobLink.objects.filter(child=job)}
    wanted = {parent.pk: on for parent, on in parents.items()}
    JobLink.objects.filter(child=job).exclude(parent__in=wanted).delete()
    try:
        for parent, on in wanted.items():
            link = known.get(parent) or JobLink(parent_id=parent, child=job)
            if link.pk is None or link.on != on:
                link.on = on
                link.save()
    except ValidationError as error:
        raise problems.invalid([(("body", "after"), " ".join(english.messages(error)))]) from None


def require_deletable(job: Job) -> None:
    """Raises a 409 Problem for a job that Sentinel makes again."""
    if job.built_in:
        raise problems.Problem(409, _("%(job)s is Sentinel's own and would be made again. Switch it off instead.") % {"job": job.name})


def _require_secrets(job: Job, form: JobForm) -> None:
    """What Sentinel made stays what it is; headers that belong to another server are not sent to a new one unseen."""
    if job.built_in and (form.slug, form.kind, form.callable) != (job.slug, job.kind, job.callable):
        raise problems.invalid([(("body", "slug"), "slug, kind and callable of Sentinel's own jobs stay as they are")])
    moved = job.pk is not None and "http_url" in form.model_fields_set and is_elsewhere(form.http_url, job.http_url)
    if moved and getattr(job, "headers_set", False) and "http_headers" not in form.model_fields_set:
        raise problems.invalid([(("body", "http_headers"), AGAIN)])


def _callable_errors(job: Job) -> dict[str, str]:
    try:
        job.arguments = registry.check(registry.get(job.callable), job.arguments)
    except registry.UnknownCallableError as error:
        return {"callable": str(error)}
    except registry.ArgumentsError as error:
        return {"arguments": str(error)}
    return {}


def _http_errors(job: Job) -> dict[str, str]:
    if not job.http_url:
        return {"http_url": _("is missing: write the address that is to be called")}
    try:
        http.target(job.http_url)
    except PermanentError as error:
        return {"http_url": _(str(error))}
    if "http_headers" not in job.get_deferred_fields():
        try:
            http_runs.headers(job.http_headers)
        except NotRunnable as error:
            return {"http_headers": str(error)}
    return {}


def _server(url: str) -> tuple[str, str, int]:
    try:
        to = http.target(url)
    except PermanentError:
        return "", "", 0
    return to.scheme, to.host, to.port


def _unread(job: Job) -> set[str]:
    return set(job.get_deferred_fields())


def _parents(follows: Sequence[Follows]) -> dict[Job, str]:
    found = {job.slug: job for job in Job.objects.filter(slug__in=[each.job for each in follows])}
    for place, each in enumerate(follows):
        if each.job not in found:
            raise unknown(["after", place, "job"], f"no job is called {each.job[:80]!r}; see /api/v1/jobs")
    return {found[each.job]: each.on.value for each in follows}


def _source(slug: str | None) -> Source | None:
    source = None if slug is None else Source.objects.filter(slug=slug).first()
    if source is None and slug is not None:
        raise unknown(["source"], f"no source is called {slug[:60]!r}; see /api/v1/sources")
    return source


def _values(job: Job) -> dict[str, Any]:
    unread = job.get_deferred_fields()
    return {
        field.name: getattr(job, field.attname) for field in Job._meta.concrete_fields
        if field.attname not in unread and field.name not in {"changed_at", "next_run_at"}
    }  # fmt: skip
