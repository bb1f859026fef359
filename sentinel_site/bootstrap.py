"""What Sentinel cannot work without, as tables: groups, policies, routes, sources, schedules and one admin user.

Every row is made once. A row that is there is never changed: an edited policy stays edited, a deleted step deleted.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from alerts.enums import Severity, SourceKind, StopsAt
from alerts.intake import OWN_SOURCE
from alerts.models import EscalationPolicy, PolicyStep, Route, Source
from backups import self_backup
from jobs import built_in
from notifications.enums import Transport, Urgency
from notifications.models import RecipientGroup
from sentinel_site.periodic import PERIODIC

EMAIL, SLACK, SMS, VOICE = Transport.EMAIL, Transport.SLACK, Transport.SMS, Transport.VOICE
RECIPIENT_GROUPS: Final = {"oncall": "On call", "manager": "Managers", "director": "Directors"}
EVERYONE: Final = ("manager", "director", "oncall")


@dataclass(frozen=True)
class Step:
    """A step of a built-in policy; no ``kinds``: every transport."""

    delay_seconds: int
    label: str
    urgency: Urgency = Urgency.NORMAL
    kinds: tuple[Transport, ...] = ()
    groups: tuple[str, ...] = ("oncall",)


@dataclass(frozen=True)
class Policy:
    """A built-in policy; ``fields`` are the model's."""

    steps: tuple[Step, ...]
    fields: dict[str, Any]
    last_resort: tuple[str, ...] = EVERYONE


POLICIES: Final = {
    "Fall": Policy(
        (
            Step(0, "First notice"),
            Step(120, "Reminder 1", Urgency.HIGH),
            Step(300, "Reminder 2", Urgency.CRITICAL),
            Step(600, "Reminder 3", Urgency.CRITICAL, groups=("oncall", "manager")),
            Step(1200, "URGENT reminder", Urgency.EMERGENCY, groups=("oncall", "manager")),
            Step(1800, "Maximum escalation", Urgency.EMERGENCY, groups=("oncall", "manager", "director")),
        ),
        {"stops_at": StopsAt.SEEN, "seen_hold_seconds": 120, "repeat_seconds": 600, "last_resort_after_seconds": 600},
    ),
    "P1": Policy(
        (
            Step(0, "On call", Urgency.CRITICAL, (EMAIL, SLACK, SMS)),
            Step(900, "On call and managers", Urgency.CRITICAL, (EMAIL, SLACK, SMS, VOICE), ("oncall", "manager")),
            Step(1800, "Managers and directors", Urgency.EMERGENCY, (EMAIL, SLACK, SMS, VOICE), ("manager", "director")),
        ),
        {"last_resort_after_seconds": 900},
    ),
    "P2": Policy(
        (
            Step(0, "On call", Urgency.HIGH, (EMAIL, SLACK)),
            Step(1800, "On call and managers", Urgency.HIGH, (EMAIL, SLACK, SMS), ("oncall", "manager")),
        ),
        {"last_resort_after_seconds": 1800},
    ),
    "P3": Policy((Step(0, "On call", kinds=(EMAIL, SLACK)),), {"last_resort_after_seconds": 5400}, ("oncall", "manager")),
    "Default": Policy((Step(0, "On call", kinds=(EMAIL,)),), {"last_resort_after_seconds": 5400}, ("oncall",)),
}
ROUTES: Final[tuple[dict[str, Any], ...]] = (
    {"position": 10, "matchers": ["source=smarteye"], "policy": "Fall"},
    {"position": 20, "matchers": ["severity=critical"], "policy": "P1"},
    {"position": 30, "matchers": ["severity=high"], "policy": "P2"},
    {"position": 40, "matchers": ["severity=medium"], "policy": "P3"},
    {"position": 1000, "matchers": [], "policy": "Default", "catch_all": True},
)
SOURCES: Final[dict[str, dict[str, Any]]] = {
    "smarteye": {
        "name": "SmartEye cameras", "kind": SourceKind.CAMERA, "severity": Severity.CRITICAL, "life_safety": True, "triage": True,
        "group_attributes": [], "policy": "Fall",
    },
    OWN_SOURCE: {"name": "Sentinel itself", "severity": Severity.HIGH},
    "generic": {"name": "Generic source"},
    "alertmanager": {"name": "Prometheus", "kind": SourceKind.MONITORING},
    "grafana": {"name": "Grafana", "kind": SourceKind.MONITORING},
    "pagerduty": {"name": "Senders of PagerDuty events", "kind": SourceKind.MONITORING, "severity": Severity.HIGH},
    "cloudevents": {"name": "CloudEvents"},
    "uptime-kuma": {"name": "Uptime Kuma", "kind": SourceKind.MONITORING, "severity": Severity.HIGH},
    "meters": {"name": "Sound level meters", "kind": SourceKind.METER},
    "sensors": {"name": "Humidity and other sensors", "kind": SourceKind.HUMIDITY},
    "notes": {"name": "Technicians' notes"},
    "backups": {"name": "Backups", "kind": SourceKind.BACKUP, "severity": Severity.HIGH},
    "jobs": {"name": "Jobs", "kind": SourceKind.JOB, "severity": Severity.HIGH},
}  # fmt: skip

ALERTS_READ: Final = (
    "alerts.view_alert", "alerts.view_silence", "alerts.view_inhibition", "alerts.view_maintenancewindow",
    "alerts.view_alertgroup", "alerts.view_logentry", "alerts.view_triageopinion", "alerts.view_source", "alerts.view_foreignalert",
    "alerts.view_flapping", "alerts.view_reportmapping",
    "notifications.view_notification", "notifications.view_delivery",
    "notifications.view_oncallschedule", "notifications.view_oncalloverride",
)  # fmt: skip
DEVICES_READ: Final = tuple(
    f"devices.view_{model}"
    for model in ("device", "devicestatus", "reading", "rollup", "alertrule", "ruleevent", "devicecommand", "techniciannote", "notefinding")
)
BACKUPS_READ: Final = tuple(
    f"backups.view_{model}"
    for model in ("expectedbackupjob", "backupentry", "restoreproof", "ping", "quarantinedreport", "unexpecteddatabase", "scan")
)
JOBS_READ: Final = ("jobs.view_job", "jobs.view_joblink", "jobs.view_jobrun")
REPORT_BACKUPS: Final = ("backups.add_backupentry",)
RUN_JOBS: Final = ("jobs.run_job",)
READINGS: Final = ("devices.add_reading", "devices.add_techniciannote")
BACK_UP: Final = (*REPORT_BACKUPS, *RUN_JOBS, "backups.add_restoreproof", "backups.add_scan", "backups.change_quarantinedreport")
OPERATE: Final = ("devices.operate_device",)
REACHABILITY_READ: Final = (
    "alerts.view_escalationpolicy", "alerts.view_policystep", "alerts.view_route", "alerts.view_report",
    "alerts.view_noisereport", "alerts.add_noisereport",
    "notifications.view_recipient", "notifications.view_recipientgroup", "notifications.view_contactmethod",
    "notifications.view_notificationrule", "notifications.view_messagetemplate",
    "notifications.view_rotation", "notifications.view_rotationmember", "notifications.view_calendarfeed", "alerts.view_subscription",
    "alerts.view_wall", "sentinel_site.view_configchange",
)  # fmt: skip
EDITABLE: Final = (
    "alerts.source", "alerts.reportmapping", "alerts.silence", "alerts.maintenancewindow", "alerts.inhibition",
    "alerts.subscription", "alerts.wall", "alerts.escalationpolicy", "alerts.policystep", "alerts.route",
    "notifications.recipient", "notifications.recipientgroup", "notifications.contactmethod",
    "notifications.notificationrule", "notifications.messagetemplate",
    "notifications.oncallschedule", "notifications.rotation", "notifications.rotationmember", "notifications.oncalloverride",
    "notifications.calendarfeed",
    "devices.device", "devices.alertrule", "devices.techniciannote", "devices.notefinding",
    "backups.expectedbackupjob", "backups.pingkey", "backups.unexpecteddatabase", "jobs.job", "jobs.joblink",
)  # fmt: skip
EDIT: Final = tuple(
    f"{app}.{verb}_{model}" for app, model in (name.split(".") for name in EDITABLE) for verb in ("add", "change", "delete")
)
ACCESS: Final = tuple(
    f"{app}.{verb}_{model}"
    for app, model in (("auth", "user"), ("auth", "group"), ("sentinel_site", "apikey"))
    for verb in ("view", "add", "change", "delete")
)
RUNS: Final = ("sentinel_site.view_bulkrun", "sentinel_site.change_bulkrun")
RETRY: Final = ("notifications.retry_delivery",)
VERIFY: Final = ("notifications.verify_contactmethod",)
ANSWER: Final = ("alerts.answer_alert",)
ESCALATE: Final = ("alerts.escalate_alert",)
REPORT: Final = ("alerts.report_alert",)
SHARE: Final = ("sentinel_site.share_savedfilter",)
VIEW: Final = (*ALERTS_READ, *DEVICES_READ, *BACKUPS_READ, *JOBS_READ)
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "Viewer": VIEW,
    "Responder": (*VIEW, *ANSWER, *ESCALATE),
    "Operator": (*VIEW, *REACHABILITY_READ, *ANSWER, *ESCALATE, *REPORT, *READINGS, *OPERATE, *BACK_UP, *EDIT, *RETRY, *SHARE),
    "Administrator": (
        *VIEW,
        *REACHABILITY_READ,
        *ANSWER,
        *ESCALATE,
        *REPORT,
        *READINGS,
        *OPERATE,
        *BACK_UP,
        *EDIT,
        *RETRY,
        *SHARE,
        *VERIFY,
        *RUNS,
        *ACCESS,
    ),
    "Ingest": (*REPORT, *READINGS),
    "Agent": (*REPORT, *REPORT_BACKUPS),
}
ADMIN: Final = "admin"


@transaction.atomic
def run(*, admin_password: str = "") -> str:
    """Make whatever is missing. Returns the password of the admin user if one was made now, else ""."""
    for name, permissions in GROUPS.items():
        _group(name, permissions)
    if not EscalationPolicy.objects.exists():
        _first_start()
    _source(OWN_SOURCE)
    _schedules()
    self_backup.expected(at=timezone.now())
    built_in.make(at=timezone.now())
    return _admin(admin_password)


def _group(name: str, permissions: tuple[str, ...]) -> None:
    group, made = Group.objects.get_or_create(name=name)
    if made:
        known = {
            f"{app}.{codename}": pk for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
        }
        group.permissions.set([known[permission] for permission in permissions])


def _first_start() -> None:
    """What people are free to change and delete afterwards."""
    for slug, name in RECIPIENT_GROUPS.items():
        RecipientGroup.objects.get_or_create(slug=slug, defaults={"name": name})
    for name, policy in POLICIES.items():
        _policy(name, policy)
    for slug in SOURCES:
        _source(slug)
    for route in ROUTES:
        Route.objects.create(**{**route, "policy": EscalationPolicy.objects.get(name=route["policy"])})


def _policy(name: str, built_in: Policy) -> None:
    policy = EscalationPolicy.objects.create(name=name, **built_in.fields)
    policy.last_resort_groups.set(RecipientGroup.objects.filter(slug__in=built_in.last_resort))
    for step in built_in.steps:
        row = PolicyStep.objects.create(
            policy=policy, delay_seconds=step.delay_seconds, label=step.label, urgency=step.urgency, kinds=list(step.kinds)
        )
        row.groups.set(RecipientGroup.objects.filter(slug__in=step.groups))


def _source(slug: str) -> None:
    fields = SOURCES[slug] | {"policy": EscalationPolicy.objects.filter(name=SOURCES[slug].get("policy")).first()}
    Source.objects.get_or_create(slug=slug, defaults=fields)


def _schedules() -> None:
    """django-q2's schedule rows follow the table: they are made, corrected and removed by code alone."""
    for name, (dotted, minutes) in PERIODIC.items():
        Schedule.objects.update_or_create(
            name=name, defaults={"func": dotted, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1}
        )
    Schedule.objects.exclude(name__in=PERIODIC).delete()


def _admin(password: str) -> str:
    if User.objects.filter(is_superuser=True).exists():
        return ""
    password = password or secrets.token_urlsafe(15)
    User.objects.create_superuser(ADMIN, password=password)
    return password
