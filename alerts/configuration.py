"""What operators configure here, for the history of changes."""

from alerts.models import (
    EscalationPolicy,
    Inhibition,
    MaintenanceWindow,
    PolicyStep,
    ReportMapping,
    Route,
    Silence,
    Source,
    Subscription,
    Wall,
    WebhookSecret,
)
from alerts.models.mapping import EXPRESSIONS
from notifications.models.people import mask
from sentinel_site.lib.configuration import Part, declare

declare(
    Source,
    (
        "slug", "name", "kind", "severity", "life_safety", "dedup_attributes", "group_attributes", "group_window_seconds", "group_max",
        "flood_limit", "flap_opens", "flap_calm_opens", "flap_window_seconds", "triage", "policy", "enabled",
    ),
)  # fmt: skip
declare(WebhookSecret, ("source", "secret"), within=("source",))
declare(ReportMapping, ("slug", "source", "enabled", *EXPRESSIONS, "words"), engine=("changed_at",), within=("source",))
declare(
    EscalationPolicy,
    (
        "name", "stops_at", "seen_hold_seconds", "min_gap_seconds", "repeat_seconds", "last_resort_after_seconds",
        "expires_after_seconds", "seen_timeout_seconds", "ack_timeout_seconds", "ack_timeout_action", "last_resort_groups",
        "last_resort_recipients", "last_resort_schedules",
    ),
    parts=(
        Part(
            "steps", PolicyStep, "policy", ("delay_seconds", "label", "urgency", "kinds", "groups", "recipients", "schedules"),
            ("delay_seconds", "id"),
        ),
    ),
)  # fmt: skip
declare(
    Route,
    (
        "position", "matchers", "source", "policy", "priority", "continues", "hours_from", "hours_until", "weekdays", "time_zone",
        "enabled", "catch_all",
    ),
    within=("source", "policy"),
)  # fmt: skip
declare(
    Silence,
    ("matchers", "reason", "starts_at", "ends_at", "origin", "window"),
    engine=("author", "author_name", "occurrence_at", "created_at", "changed_at", "digested_at"),
    within=("window",),
)
declare(
    MaintenanceWindow,
    ("name", "matchers", "reason", "time_zone", "weekdays", "begins", "cron", "duration_minutes", "enabled"),
    engine=("author", "created_at", "changed_at"),
)
declare(Inhibition, ("name", "source_matchers", "target_matchers", "equal", "wait_seconds", "enabled"), engine=("hits",))
declare(
    Subscription,
    ("name", "url", "secret", "kinds", "matchers", "format", "enabled"),
    engine=(
        "created_at", "cursor", "sent", "lost", "failures", "failing_since", "sent_at", "attempted_at", "next_attempt_at", "last_error",
        "gone_at", "lease", "leased_until",
    ),
    shown={"url": lambda _values, text: mask("webhook", text)},
)  # fmt: skip
declare(
    Wall,
    (
        "name", "matchers", "site_label", "rotate_seconds", "language", "sound", "names", "expires_at", "revoked_at",
    ),
    engine=("prefix", "digest", "created_at", "last_seen_at", "last_seen_address"),
)  # fmt: skip
