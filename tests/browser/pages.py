"""Every page that people see, for the walk over all of them (test_every_page.py). Who makes a page adds a line."""

from datetime import timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.utils import timezone

from alerts import escalation, lifecycle
from alerts.noise import making
from backups.enums import BackupVerdict
from backups.models import UnexpectedDatabase
from devices import readings
from devices.models import Device, DeviceStatus
from jobs.models import JobLink
from notifications import links, proofs
from notifications.models import Delivery, RecipientGroup
from sentinel_site import beats, bootstrap
from sentinel_site.models import ProcessBeat
from tests.browser.test_backups_page import nightly
from tests.factories import make_method, make_policy, make_recipient, make_source, raise_alert
from tests.jobs.rows import make_job, make_run

PAGES = {
    "sign in": "/accounts/login/",
    "not found": "/nothing-is-here/",
    "board": "/live/",
    "alert": "/live/alerts/{alert}",
    "story": "/live/alerts/{number}/story/",
    "answer": "/a/{answer}",
    "answer of a group": "/a/{group}",
    "answer, too old": "/a/{answer}x",
    "proof": "/proof/{proof}",
    "me": "/live/me/",
    "wall": "/live/wall/",
    "wall, refused": "/live/wall/open/nothing",
    "devices": "/live/devices/",
    "device": "/live/devices/quay/",
    "sensor": "/live/devices/cellar/",
    "backups": "/live/backups/",
    "backup": "/live/backups/{backup}/",
    "jobs": "/live/jobs/",
    "run of a job": "/live/jobs/runs/{run}/",
    "noise": "/live/noise/",
    "dashboards": "/live/dashboards/",
    "admin": "/admin/",
    "admin, first steps": "/admin/first-steps/",
    "admin, a list": "/admin/alerts/alert/",
    "admin, a form": "/admin/notifications/recipient/{recipient}/change/",
}
"""Its name, and its address with what `furnish` made."""
ONCE = {"no line": "/offline", "not allowed": "/admin/sentinel_site/bulkrun/add/", "sign in, closed": "/accounts/login/"}
"""Pages with little on them and nothing that ticks: looked at in one language."""
CLOSED = "mallory"
"""Nobody signs in by this name from here for a while."""
_CHAIN = {"export-all": "0 2 * * *", "load-all": ""}


def furnish() -> dict[str, str]:
    """Something to see on each page. Returns what the addresses name."""
    at = timezone.now()
    for role in (ProcessBeat.Role.WATCHDOG, ProcessBeat.Role.WORKER, ProcessBeat.Role.MONITOR):
        beats.beat(role, at=at + timedelta(hours=1))
    AccessAttempt.objects.create(username=CLOSED, ip_address="127.0.0.1", failures_since_start=settings.AXES_FAILURE_LIMIT, attempt_time=at)
    return {**_alerts(at), **_devices(at), **_backups(at), **_jobs(at), **_noise(at)}


def _alerts(at):
    """One that is told and taken, one that waits, one that is over, and what nobody ever acted on; and the links that answer."""
    ada, grace = (make_recipient(name, groups=["oncall"], language="fr") for name in ("Ada Byron", "Grace Hopper"))
    make_method(RecipientGroup.objects.get(slug="oncall"), kind="webhook", address="https://desk.example.org/")
    make_source(policy=make_policy("Calls", 0, 600, 1800))
    for day in range(8):
        _came_and_went(at - timedelta(days=day + 1))
    raise_alert(at=at - timedelta(hours=2), title="Pump 2", subject="Cellar", severity="medium")
    taken = raise_alert(
        at=at - timedelta(minutes=3), title="Fall in room 12", subject="Room 12", severity="critical", description="She does not get up.",
        labels={"floor": "3"}, links=[{"href": "https://example.org/door", "text": "Door"}],
    )  # fmt: skip
    escalation.advance_due(at=at)
    lifecycle.acknowledge(taken, by=None, at=at, promise="on_my_way", note="Two minutes.")
    raise_alert(at=at, title="Smoke on the stairs", subject="Stairs", severity="critical")
    told = Delivery.objects.select_related("notification").filter(notification__thread=f"alert:{taken.pk}")
    (proof,) = proofs.send(ada.contact_methods.get(), at=at).ids
    return {
        "alert": str(taken.pk), "number": str(taken.number), "recipient": str(grace.pk),
        "answer": links.token(told.get(notification__recipient=grace)), "group": links.token(told.exclude(notification__group=None).get()),
        "proof": links.token(Delivery.objects.select_related("notification").get(pk=proof)),
    }  # fmt: skip


def _came_and_went(at):
    alert = raise_alert(at=at, title="Load is high", subject="db-1", severity="medium")
    escalation.advance_due(at=at)
    lifecycle.resolve(alert, by=None, at=at + timedelta(minutes=10), resolution="recovered")


def _devices(at):
    """A meter that nobody reaches, and a sensor that sends."""
    make_source("meters")
    meter = Device.objects.create(slug="quay", name="Quay 3", place="East side", host="192.0.2.7")
    meter.rules.create(name="Loud", threshold=80)
    sensor = Device.objects.create(slug="cellar", name="Cellar", place="Lower floor", driver="push", time_zone="Europe/Paris")
    rows = [readings.NewReading(sensor.pk, at - timedelta(minutes=minutes), {"humidity": 60.0 - minutes}) for minutes in range(20)]
    readings.store(rows)
    frame = {"type": "frame", "values": {"humidity": 60.0, "temperature": 19.5}}
    DeviceStatus.objects.create(device=sensor, reachable=True, last_frame_at=at, frame=frame)
    sensor.rules.create(name="Damp", metric="humidity", threshold=70)
    sensor.notes.create(text="Filter changed.", written_at=at)
    return {}


def _backups(at):
    bootstrap.run()
    nightly("accounts")
    bad = nightly("pharmacy", BackupVerdict.HASH_MISMATCH, message="The content is not what the agent reports.")
    UnexpectedDatabase.objects.create(agent="ACME_LYON_NORTH", database_name="scratch", first_seen_at=at, last_seen_at=at)
    return {"backup": str(bad.pk)}


def _jobs(at):
    """An export that failed, and a load that did not run because of it."""
    export, load = (make_job(slug, kind="http", http_url="https://example.org/", cron=cron) for slug, cron in _CHAIN.items())
    JobLink.objects.create(parent=export, child=load)
    for days in (3, 2, 1):
        make_run(export, at=at - timedelta(days=days), stats={"rows": 1234})
    run = make_run(export, "error", at=at - timedelta(minutes=9), message="exit code 2", error="ValueError: no disk", output="row 1\nrow 2")
    follows = {"trigger": "chain", "chain_id": run.chain_id, "parent": run, "started_at": None}
    make_run(load, "skipped", at=at - timedelta(minutes=8), reason="Export failed", **follows)
    return {"run": str(run.pk)}


def _noise(at):
    making.nightly(at=at)
    return {}
