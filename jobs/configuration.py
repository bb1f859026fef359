"""What operators configure here, for the history of changes."""

from jobs.models import Job, JobLink
from notifications.models.people import mask
from sentinel_site.lib.configuration import Part, declare

declare(
    Job,
    (
        "slug", "name", "description", "kind", "callable", "arguments", "http_method", "http_url", "http_headers", "http_body", "enabled",
        "paused_until", "cron", "time_zone", "overlap", "catch_up", "timeout_seconds", "retries", "retry_seconds", "grace_seconds",
        "long_seconds", "severity", "source",
    ),
    engine=("built_in", "next_run_at", "created_at", "changed_at"),
    parts=(Part("runs_after", JobLink, "child", ("parent", "on"), ("parent__slug", "id")),),
    shown={"http_url": lambda _values, text: mask("webhook", text)},
)  # fmt: skip
