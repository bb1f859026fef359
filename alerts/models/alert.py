"""What is wrong, how far it got, and the record that proves it."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from alerts.enums import (
    FINAL,
    OPEN,
    UNACKNOWLEDGED,
    AlertStatus,
    EventKind,
    LogKind,
    Priority,
    Promise,
    Resolution,
    Severity,
    TriageMode,
)  # fmt: skip
from alerts.models.policy import PolicySnapshot
from alerts.models.source import Source
from notifications.models import Recipient
from sentinel_site.lib.ids import uuid7

NEXT_NUMBER = models.Func(models.Value("alerts_alert_number"), function="nextval")
"""The sequence is made by the first migration; folded reports do not use it up."""
SEARCH = SearchVector("title", "subject", "type", config="simple")


class AlertGroup(models.Model):
    """Alerts that are told together: the first at once, those that follow in bundled updates at ``bundle_at``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=310)
    source = models.ForeignKey(Source, on_delete=models.CASCADE)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    size = models.PositiveIntegerField(default=0)
    max_size = models.PositiveIntegerField()
    first_alert_id = models.UUIDField(null=True, help_text="The alert that opened it, which is told at once and alone.")
    bundle_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["key", "-closes_at"], name="group_key")]

    def __str__(self) -> str:
        return f"{self.source} {self.opened_at:%Y-%m-%d %H:%M}"


class Alert(models.Model):
    """What a person handles. ``status`` is written by lifecycle.py alone, ``next_step_at`` by escalation.py alone.

    ``round``/``step`` is the next escalation step; ``next_step_at`` its time, None when none is planned.
    ``deadline_at`` is when the present status times out. ``round_started_at`` is where the steps count from:
    creation, or the start of a later round.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.BigIntegerField(unique=True, editable=False, db_default=NEXT_NUMBER)
    status = models.CharField(_("status"), max_length=12, choices=AlertStatus.choices, default=AlertStatus.PENDING)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices)
    # Whoever raises alerts holds their source and their policy once for all of them (intake.py), and neither can be deleted while an alert
    # names it (a trigger of the first migration): a constraint would look both up, and lock them, again for every alert.
    source = models.ForeignKey(
        Source, verbose_name=_("source"), on_delete=models.PROTECT, related_name="alerts", db_index=False, db_constraint=False
    )
    type = models.CharField(max_length=80, default="generic")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    translations = models.JSONField(default=dict, help_text="Title and description in other languages than the site's, by language.")
    subject = models.CharField(max_length=200, blank=True)
    labels = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    runbook_url = models.CharField(max_length=2000, blank=True)
    dedup_key = models.CharField(max_length=300)
    life_safety = models.BooleanField(default=False)
    occurrences = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("created at"))
    first_seen_at = models.DateTimeField(help_text="When the source first noticed it.")
    last_seen_at = models.DateTimeField()
    previous = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)

    policy = models.ForeignKey(PolicySnapshot, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    round = models.PositiveSmallIntegerField(default=1)
    step = models.PositiveSmallIntegerField(default=0)
    round_started_at = models.DateTimeField()
    last_sent_at = models.DateTimeField(null=True)
    told = models.PositiveIntegerField(default=0, help_text="Messages handed to the outbox so far.")
    next_step_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    unanswered = models.BooleanField(default=False)
    suppressed_by = models.JSONField(default=list)
    group_key = models.CharField(max_length=300, blank=True)
    group = models.ForeignKey(AlertGroup, null=True, on_delete=models.SET_NULL, related_name="alerts", db_index=False)

    delivered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    promise = models.CharField(max_length=12, choices=Promise.choices, blank=True)
    closed_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=12, choices=Resolution.choices, blank=True)
    image = models.CharField(max_length=200, blank=True, help_text="Name in the private media directory.")
    said = ""
    """What whoever looks at it said of it (feedback.py), while the answer page is made; it is no field."""

    class Meta:
        verbose_name = _("alert")
        ordering = ["-id"]
        permissions = [
            ("report_alert", "Can report alerts"),
            ("answer_alert", "Can acknowledge, resolve and comment alerts"),
            ("escalate_alert", "Can escalate alerts by hand"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "dedup_key"], condition=Q(status__in=OPEN), name="alert_one_open"),
            models.CheckConstraint(condition=Q(status__in=OPEN) | Q(next_step_at=None, deadline_at=None), name="alert_closed_has_no_timer"),
            models.CheckConstraint(condition=Q(status__in=AlertStatus.values), name="alert_status_known"),
            models.CheckConstraint(condition=Q(priority__gte=1, priority__lte=5), name="alert_priority_known"),
            models.CheckConstraint(condition=Q(life_safety=False) | Q(suppressed_by=[]), name="alert_life_safety_never_suppressed"),
        ]
        indexes = [
            # Open alerts are found by alert_one_open: what a flood raises needs no second entry by its key before it is closed.
            models.Index(fields=["source", "dedup_key", "-id"], name="alert_history", condition=Q(status__in=FINAL)),
            models.Index(fields=["source", "-id"], name="alert_source"),
            models.Index(fields=["group"], name="alert_group", condition=Q(group__isnull=False)),
            models.Index(fields=["priority", "next_step_at"], name="alert_due", condition=Q(next_step_at__isnull=False)),
            models.Index(fields=["deadline_at"], name="alert_deadline", condition=Q(deadline_at__isnull=False)),
            models.Index(fields=["status", "-id"], name="alert_status"),
            models.Index(fields=["priority", "-id"], name="alert_open", condition=Q(status__in=OPEN)),
            GinIndex(SEARCH, name="alert_search"),
            GinIndex(fields=["suppressed_by"], opclasses=["jsonb_path_ops"], name="alert_held", condition=~Q(suppressed_by=[])),
            models.Index(fields=["previous"], name="alert_previous", condition=Q(previous__isnull=False)),  # or no old alert can be deleted
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.own_title}"

    @property
    def own_title(self) -> str:
        """The title in the language that is switched on."""
        return self._own("title") or self.title

    @property
    def own_description(self) -> str:
        """The description in the language that is switched on."""
        return self._own("description") or self.description

    def _own(self, name: str) -> str:
        return str((self.translations.get(translation.get_language() or "") or {}).get(name) or "")

    @property
    def thread(self) -> str:
        """The name under which `notifications` keeps its messages."""
        return f"alert:{self.pk}"

    @property
    def is_bundled(self) -> bool:
        """Whether it is told together with others of its group (everyone but the group's first)."""
        return self.group is not None and self.group.first_alert_id != self.pk

    @property
    def is_open(self) -> bool:
        """Whether it is neither resolved nor expired."""
        return self.status in OPEN

    @property
    def is_unacknowledged(self) -> bool:
        """Whether nobody took it yet."""
        return self.status in UNACKNOWLEDGED

    @property
    def rests(self) -> bool:
        """Whether somebody has it and nobody is called any more: taking it once more would change nothing."""
        return self.status == AlertStatus.ACKNOWLEDGED and self.next_step_at is None and not self.unanswered


class LogEntry(models.Model):
    """One line of an alert's record. ``id`` orders them; entries are never changed."""

    id = models.BigAutoField(primary_key=True)
    # Millions of rows, each written while its alert is held or made: a constraint would only be paid for.
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="log", db_constraint=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=LogKind.choices)
    actor = models.CharField(max_length=150, blank=True, help_text="Empty: Sentinel itself.")
    actor_user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    actor_recipient = models.ForeignKey(Recipient, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "log entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.get_kind_display()}"


class StepClaim(models.Model):
    """A step that was taken: unique per alert, round and step, so that no two runners take the same one."""

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="step_claims", db_index=False)
    round = models.PositiveSmallIntegerField()
    step = models.PositiveIntegerField(help_text="Repeats of the last step count on.")
    at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "round", "step"], name="step_claim_once")]
        indexes = [BrinIndex(fields=["due_at"], name="step_claim_due")]  # they come in this order, more or less: it costs next to nothing

    def __str__(self) -> str:
        return f"{self.alert_id} {self.round}.{self.step}"


class EventCounter(models.Model):
    """Row 1 hands out event ids under its lock, so that ids can be read in commit order, without gaps. Row 2: see routing.py."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.value)


class AlertEvent(models.Model):
    """One event of the live feed: a hint that something about an alert changed. Kept for days, for replay."""

    id = models.BigIntegerField(primary_key=True)
    # No constraint: without an index it costs a whole scan for each alert deleted, and an index costs every event.
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    kind = models.CharField(max_length=12, choices=EventKind.choices)
    became = models.CharField(max_length=12, blank=True, default="", help_text="The status it moved to by that, or UNANSWERED.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"


class TriageOpinion(models.Model):
    """What an AI made of one image. It is an opinion: the constraint says that it can only ever raise a priority."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="opinions")
    state = models.CharField(max_length=12, choices=TriageMode.choices, default=TriageMode.QUEUED)
    queued_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    is_fall = models.BooleanField(null=True)
    confidence = models.FloatField(null=True)
    people = models.PositiveSmallIntegerField(null=True)
    posture = models.CharField(max_length=20, blank=True)
    severity = models.CharField(max_length=10, choices=Severity.choices, blank=True)
    description = models.CharField(max_length=500, blank=True)
    model_name = models.CharField(max_length=80, blank=True)
    latency_ms = models.PositiveIntegerField(null=True)
    tokens = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True, help_text="Why there is no opinion.")
    priority_before = models.PositiveSmallIntegerField(null=True)
    priority_after = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(priority_after=None) | Q(priority_after__lte=models.F("priority_before")),
                name="triage_never_lowers",
            )
        ]
        indexes = [models.Index(fields=["queued_at"], name="triage_waiting", condition=Q(state=TriageMode.QUEUED))]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.description[:60]}"
