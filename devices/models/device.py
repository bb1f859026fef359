"""Devices: what they are, how they are at the moment, and who looks at them."""

import unicodedata

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from devices.enums import POLLED, DriverKind, Mode, RunState, Scenario
from sentinel_site.lib.crypto import EncryptedTextField
from sentinel_site.lib.zones import check_zone, site_time_zone

CONTROL_PORT, FTP_PORT = 2255, 21
MIN_POLL_SECONDS, MAX_POLL_SECONDS = 1.0, 3600.0
PORT = (MinValueValidator(1), MaxValueValidator(65_535))
RESERVED_SLUGS = ("commands", "events", "monitor", "new", "notes", "push-tokens", "readings", "rules", "status")
"""Words that stand where a slug may stand in the addresses of REST and pages."""


def check_slug(slug: str) -> None:
    """Validator: ``slug`` is no word of our own addresses. Raises ValidationError."""
    if slug.lower() in RESERVED_SLUGS:
        raise ValidationError(
            _("%(slug)s has a meaning of its own in addresses. Take another name, for example %(slug)s-1.") % {"slug": slug}
        )


def check_line(text: str) -> None:
    """Validator: one line without control characters, so that nothing of it is taken for a command or a header. Raises ValidationError."""
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text):
        raise ValidationError(_("Write it on one line, without control characters."))


class Device(models.Model):
    """Something that measures. What is written here is followed by a running monitor within two seconds (a trigger tells it)."""

    slug = models.SlugField(
        _("slug"), unique=True, max_length=60, validators=[check_slug], help_text=_("Its name in addresses, and the subject of its alerts.")
    )
    name = models.CharField(_("name"), max_length=120, validators=[check_line])
    driver = models.CharField(
        _("driver"),
        max_length=16,
        choices=DriverKind.choices,
        default=DriverKind.NL43,
        help_text=_("What speaks with it: a meter is asked over the network, a device that pushes sends by REST itself."),
    )
    host = models.CharField(
        _("host"), max_length=253, blank=True, help_text=_("Address or name in the network; of a simulated meter what it simulates.")
    )
    port = models.PositiveIntegerField(_("port"), default=CONTROL_PORT, validators=PORT, help_text=_("Control port of the meter."))
    ftp_port = models.PositiveIntegerField(
        _("FTP port"), default=FTP_PORT, validators=PORT, help_text=_("For the files on the meter, usually 21.")
    )
    username = models.CharField(
        _("username"), max_length=120, blank=True, validators=[check_line], help_text=_("For FTP; Rion's default is USER.")
    )
    password = EncryptedTextField(
        _("password"), blank=True, validators=[check_line], help_text=_("For FTP. Stored encrypted, never shown again.")
    )
    place = models.CharField(
        _("place"), max_length=200, blank=True, validators=[check_line], help_text=_("Where it stands; said in its alerts.")
    )
    time_zone = models.CharField(_("time zone"),
        max_length=64, default=site_time_zone, validators=[check_zone],
        help_text=_("Of its place, for example Europe/Paris: its own clock and the hours of its rules are read in it."),
    )  # fmt: skip
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: nobody talks to it, and it raises no alert."))
    keepalive = models.BooleanField(
        _("keepalive"),
        default=True,
        help_text=_("Watch it day and night. Off: only while somebody looks at it; its connection is free otherwise."),
    )
    poll_seconds = models.FloatField(_("poll seconds"),
        default=1.25, validators=[MinValueValidator(MIN_POLL_SECONDS), MaxValueValidator(MAX_POLL_SECONDS)],
        help_text=_("In seconds, between two samples while it is watched. At least 1: the meter needs a pause of a second."),
    )  # fmt: skip
    silent_after_seconds = models.PositiveIntegerField(
        _("silent after (seconds)"),
        null=True,
        blank=True,
        help_text=_("In seconds: a device that pushes raises an alert when it sent nothing for so long. Empty: never."),
    )
    source = models.ForeignKey(
        "alerts.Source", verbose_name=_("source"), null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text=_("Whose alerts it raises; nothing: “meters” for a meter, “sensors” for a device that pushes."),
    )  # fmt: skip
    default_rules_made = models.BooleanField(default=False, editable=False, help_text="Once: rules that were deleted do not come back.")
    metrics = ArrayField(models.CharField(max_length=40), default=list, editable=False, help_text="What it ever pushed (metric_names.py).")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("device")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(poll_seconds__gte=MIN_POLL_SECONDS), name="device_poll_seconds",
                violation_error_message=_("The meter needs a pause of a second between two samples."),
            ),
        ]  # fmt: skip
        permissions = [("operate_device", "Can operate devices: start, stop, set and fetch files")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_polled(self) -> bool:
        """Whether the monitor talks to it (else it pushes)."""
        return self.driver in POLLED

    def clean(self) -> None:
        """A meter in the network needs an address, a simulated one a scenario that there is."""
        if self.driver == DriverKind.NL43 and not self.host:
            raise ValidationError({"host": _("Write the address of the meter, for example 192.168.1.40.")})
        if self.driver == DriverKind.SIMULATED and self.host and self.host not in Scenario.values:
            raise ValidationError({"host": _("Write what it simulates: %(known)s.") % {"known": ", ".join(Scenario.values)}})


class DeviceStatus(models.Model):
    """How a device is: one row per device, written by the monitor that has its lease (a pushing device's by who takes its readings in).

    The lease: only the ``holder`` may talk to the device, until ``leased_until`` by the database's clock.
    """

    device = models.OneToOneField(Device, primary_key=True, on_delete=models.CASCADE, related_name="status")
    holder = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True)
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.STANDBY)
    reachable = models.BooleanField(null=True, help_text="Empty: not tried yet, or not wanted at the moment.")
    unreachable_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.UNKNOWN)
    last_frame_at = models.DateTimeField(null=True)
    frame = models.JSONField(null=True, help_text="The last frame as it went over the wire.")

    class Meta:
        verbose_name_plural = _("device status")

    def __str__(self) -> str:
        return f"{self.device_id}: {self.mode}"


class DeviceViewer(models.Model):
    """How many people look at a device through one web process, as long as ``seen_until`` has not passed."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="viewers", db_constraint=False)
    """No constraint: a row written while its device is deleted must not make that fail; it runs out."""
    process = models.CharField(max_length=80)
    count = models.PositiveIntegerField()
    seen_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "process"], name="viewer_per_process")]

    def __str__(self) -> str:
        return f"{self.device_id} × {self.count}"
