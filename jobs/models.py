"""The rows of `jobs`: what runs by the clock, what runs after what, and what became of each run."""

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from alerts.enums import Severity
from jobs.enums import RUN_OPEN, After, CatchUp, JobKind, Overlap, RunStatus, Trigger
from sentinel_site.lib import cron
from sentinel_site.lib.crypto import EncryptedTextField
from sentinel_site.lib.ids import uuid7
from sentinel_site.lib.rolling.rows import Cell, Progress, numbers, seconds
from sentinel_site.lib.zones import check_zone, site_time_zone

DAY_SECONDS = 86_400
LINKS_LOCK: Final = 7_300_501
"""Advisory lock of who changes which job follows which."""


class Job(models.Model):
    """Work that is done again and again. ``next_run_at`` is written by scheduling.py alone."""

    slug = models.SlugField(
        _("slug"), unique=True, max_length=80, help_text=_("What programs and commands know it by, for example nightly-export.")
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(
        _("description"),
        blank=True,
        max_length=2000,
        help_text=_("What it does and what to do when it fails: whoever is woken by its alert reads this."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=8,
        choices=JobKind.choices,
        default=JobKind.EXTERNAL,
        help_text=_("Who does the work: Sentinel's worker, a program that is called by HTTP, or something outside that reports by REST."),
    )
    callable = models.CharField(_("callable"), max_length=120, blank=True, help_text=_("The name of a registered callable."))
    arguments = models.JSONField(
        _("arguments"), default=dict, blank=True, help_text=_('As JSON, for example {"days": 30}. Empty: its own defaults.')
    )
    http_method = models.CharField(
        pgettext_lazy("HTTP", "method"),
        max_length=6,
        default="POST",
        choices=[(word, word) for word in ("GET", "POST", "PUT")],
        help_text=_("As whoever is called expects it; most often POST."),
    )
    http_url = EncryptedTextField(_("URL"), blank=True, help_text=_("Stored encrypted: it may hold a token. Only its host is shown."))
    http_headers = EncryptedTextField(
        _("headers"), blank=True, help_text=_("Name: value, a line each. Stored encrypted, never shown again.")
    )
    http_body = models.TextField(_("body"), blank=True, max_length=20_000, help_text=_("Sent as it is, usually JSON. Empty: none."))
    built_in = models.BooleanField(_("built in"), default=False, editable=False, help_text="Made by Sentinel itself.")
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Off: the clock and other jobs start no run of it; you still can.")
    )
    paused_until = models.DateTimeField(null=True, blank=True, help_text="No run is started by the clock before.")
    cron = models.CharField(
        _("schedule"),
        max_length=120,
        blank=True,
        validators=[cron.validate],
        help_text=_("Minute, hour, day of month, month, weekday: 0 3 * * * is every night at 3. Empty: only by hand or after another job."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default=site_time_zone,
        validators=[check_zone],
        help_text=_("Whose clocks its schedule follows: an IANA name, for example Europe/Paris."),
    )
    overlap = models.CharField(
        _("overlap"),
        max_length=5,
        choices=Overlap.choices,
        default=Overlap.SKIP,
        help_text=_("When a run is due while another one goes on."),
    )
    catch_up = models.CharField(
        _("catch up"),
        max_length=4,
        choices=CatchUp.choices,
        default=CatchUp.ONCE,
        help_text=_("What becomes of times that passed while Sentinel was down."),
    )
    timeout_seconds = models.PositiveIntegerField(
        _("timeout seconds"),
        default=3600,
        validators=[MinValueValidator(1), MaxValueValidator(7 * DAY_SECONDS)],
        help_text=_("In seconds; then it is stopped, and that is an error. 3600 is an hour; a week at the most."),
    )
    retries = models.PositiveSmallIntegerField(
        _("retries"), default=0, validators=[MaxValueValidator(20)], help_text=_("Further tries after an error.")
    )
    retry_seconds = models.PositiveIntegerField(
        _("retry seconds"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(DAY_SECONDS)],
        help_text=_("In seconds, before the first further try; doubled each time."),
    )
    grace_seconds = models.PositiveIntegerField(
        _("grace seconds"),
        default=300,
        help_text=_("In seconds: a run that did not start so long after its time is an alert. 300 is 5 minutes."),
    )
    long_seconds = models.PositiveIntegerField(
        _("long seconds"), null=True, blank=True, help_text=_("In seconds: a run that takes longer is an alert. Empty: only the time-out.")
    )
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity.choices, default=Severity.HIGH, help_text=_("Of its alerts.")
    )
    source = models.ForeignKey(
        "alerts.Source",
        verbose_name=_("source"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Whose alerts it raises; nothing: “jobs”."),
    )
    next_run_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("job")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="callable", callable=""), name="job_callable", violation_error_message=_("Choose the callable.")
            ),
        ]
        indexes = [models.Index(fields=["next_run_at"], name="job_due", condition=Q(next_run_at__isnull=False))]
        permissions = [("run_job", "Can run jobs now, pause them, and report runs")]

    def __str__(self) -> str:
        return self.own_name

    @property
    def own_name(self) -> str:
        """Its name; one of Sentinel's own jobs that nobody renamed, in the language that is switched on."""
        return gettext(self.name) if self.built_in and self.name else self.name


class JobLink(models.Model):
    """``child`` runs after ``parent``; after all of them when it has several."""

    parent = models.ForeignKey(
        Job,
        verbose_name=_("parent"),
        on_delete=models.CASCADE,
        related_name="children",
        help_text=_("It runs when this one has ended; of several, when all have."),
    )
    child = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="parents")
    on = models.CharField(
        _("on"),
        max_length=7,
        choices=After.choices,
        default=After.SUCCESS,
        help_text=_("Whether an error of it keeps this one from running."),
    )

    class Meta:
        verbose_name = _("job link")
        verbose_name_plural = _("job links")
        constraints = [
            models.UniqueConstraint(fields=["parent", "child"], name="link_once"),
            models.CheckConstraint(
                condition=~Q(parent=F("child")), name="link_to_another", violation_error_message=_("A job cannot follow itself.")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} → {self.child_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Refuses what `clean` refuses, also when two are saved at once."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LINKS_LOCK])
            self.clean()
            super().save(*args, **kwargs)

    def clean(self) -> None:
        """Raises ValidationError when a job would follow itself through others, or Sentinel could not start the child."""
        if self.child_id in ancestors(self.parent_id, besides=self.pk):
            raise ValidationError(
                {
                    "child": _("%(parent)s already runs after %(child)s: the chain would never end.")
                    % {"parent": self.parent, "child": self.child}
                }
            )
        if self.child.kind == JobKind.EXTERNAL:
            raise ValidationError(
                {"child": _("%(child)s is external: Sentinel cannot start it. It can only be followed.") % {"child": self.child}}
            )


def ancestors(job_id: int, *, besides: int | None = None) -> set[int]:
    """The jobs after which this one runs, directly or through others. The link ``besides`` is taken as not there."""
    return _reached(job_id, JobLink.objects.exclude(pk__in=[besides] if besides else []).values_list("child_id", "parent_id"))


def descendants(job_id: int) -> set[int]:
    """The jobs that run after this one, directly or through others."""
    return _reached(job_id, JobLink.objects.values_list("parent_id", "child_id"))


def _reached(job_id: int, steps: Iterable[tuple[int, int]]) -> set[int]:
    """Where the steps (from, to) lead from ``job_id``."""
    found: set[int] = set()
    ways, new = list(steps), {job_id}
    while new:
        new = {to for start, to in ways if start in new} - found
        found |= new
    return found


class JobRun(models.Model):
    """One run, there from the start. ``status`` is written by runs.py alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, verbose_name=_("job"), on_delete=models.CASCADE, related_name="runs")
    status = models.CharField(_("status"), max_length=8, choices=RunStatus.choices)
    trigger = models.CharField(_("trigger"), max_length=9, choices=Trigger.choices)
    triggered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    triggered_by_name = models.CharField(max_length=150, blank=True, help_text="As an external program names it.")
    scheduled_for = models.DateTimeField(_("scheduled for"), null=True, help_text=_("The slot of its schedule."))
    not_before = models.DateTimeField(null=True, help_text="A further try waits until then.")
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    chain_id = models.UUIDField(help_text="The run that began the chain: its own id, or the first one's.")
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="followed_by")
    arguments = models.JSONField(default=dict)
    queued_at = models.DateTimeField(_("queued at"))
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    duration_ms = models.PositiveBigIntegerField(null=True)
    beat_at = models.DateTimeField(_("beat at"), null=True, help_text=_("The last sign of life."))
    worker = models.CharField(_("worker"), max_length=120, blank=True)
    progress = models.JSONField(default=dict, help_text="what, done, of")
    stats = models.JSONField(default=dict)
    message = models.CharField(_("message"), max_length=1000, blank=True)
    error = models.TextField(blank=True, help_text="With its traceback.")
    output = models.TextField(blank=True, help_text="The end of what it printed.")
    reason = models.CharField(_("reason"), max_length=300, blank=True, help_text=_("Why it was skipped or orphaned."))

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "scheduled_for"], condition=Q(trigger="scheduler"), name="one_run_per_slot"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["job", "-id"], name="run_job"),
            models.Index(fields=["status", "id"], name="run_open", condition=Q(status__in=RUN_OPEN)),
            models.Index(fields=["chain_id"], name="run_chain"),
            models.Index(fields=["-finished_at"], name="run_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.job}, {self.get_status_display()}, {self.queued_at:%Y-%m-%d %H:%M:%S}"


class RunRollup(Cell):
    """Runs by the quarter of an hour in which they were queued (rollups.py). An empty job: all of them."""

    pk = models.CompositePrimaryKey("seconds", "job", "at")
    job = models.CharField(max_length=80)
    runs = models.BigIntegerField()
    success = models.BigIntegerField()
    warning = models.BigIntegerField()
    error = models.BigIntegerField()
    orphaned = models.BigIntegerField()
    skipped = models.BigIntegerField()
    lasted_total = seconds()
    lasted_most = seconds()
    lasted_bins = numbers()
    lasted_counts = numbers()

    class Meta:
        indexes = [models.Index(fields=["seconds", "at"], name="run_rollup_at")]


class RunRollupProgress(Progress):
    """How far the roll-ups of runs are."""
