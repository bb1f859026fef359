"""What operators configure here, for the history of changes."""

from notifications.models import (
    CalendarFeed,
    ContactMethod,
    MessageTemplate,
    NotificationRule,
    OnCallOverride,
    OnCallSchedule,
    Recipient,
    RecipientGroup,
    Rotation,
    RotationMember,
)
from notifications.models.people import mask
from sentinel_site.lib.configuration import Part, declare

LAYER = (
    "position", "name", "kind", "length", "handoff_time", "handoff_weekday", "starts_on", "hours_from", "hours_until", "weekdays",
    "holiday_rule", "holiday_country",
)  # fmt: skip

declare(
    Recipient, ("name", "user", "language", "time_zone", "quiet_from", "quiet_until", "active"), engine=("created_at",)
)  # fmt: skip
declare(RecipientGroup, ("slug", "name", "members"))
declare(
    ContactMethod,
    ("recipient", "group", "kind", "address", "secret", "label", "order", "verified", "active", "disabled_at", "platform", "push_kind"),
    engine=("address_digest", "disabled_reason", "proved_at", "tested_at", "created_at"),
    within=("recipient", "group"),
    shown={"address": lambda values, text: mask(values["kind"], text)},
)
declare(
    NotificationRule, ("recipient", "priority_from", "priority_to", "kind", "method", "delay_seconds"), within=("recipient",)
)  # fmt: skip
declare(
    OnCallSchedule,
    ("name", "time_zone", "handoff_notices"),
    engine=("created_at",),
    parts=(
        Part("layers", Rotation, "schedule", LAYER, ("position", "id")),
        Part(
            "members", RotationMember, "rotation__schedule", ("rotation__name", "recipient"),
            ("rotation__position", "rotation_id", "position", "id"),
        ),
    ),
)  # fmt: skip
declare(OnCallOverride, ("schedule", "starts_at", "ends_at", "recipient"), engine=("uid", "created_at"), within=("schedule", "recipient"))
declare(
    CalendarFeed,
    ("schedule", "recipient", "label", "revoked_at"),
    engine=("token_digest", "created_at"),
    within=("schedule", "recipient"),
)
declare(
    MessageTemplate,
    ("form", "language", "reason", "source", "type", "text", "active"),
    engine=("author", "changed_at", "failed_at", "failed_because"),
)
