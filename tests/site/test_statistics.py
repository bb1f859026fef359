"""The charts of messages, people, devices, backups and jobs answer what was, each for its own permission."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from backups.models import BackupEntry
from devices.models import Device, Rollup
from jobs.models import Job, JobRun
from notifications.models import Delivery, Notification, RingRollup
from sentinel_site import statistics
from sentinel_site.lib.ids import uuid7
from tests.backups.factories import make_job
from tests.conftest import HOUR, SECOND
from tests.factories import make_recipient, make_schedule

pytestmark = pytest.mark.django_db
CHARTS = {
    "deliveries": ["view_delivery"], "people": ["view_notification"], "devices": ["view_reading"], "backups": ["view_backupentry"],
    "jobs": ["view_job", "view_jobrun"],
}  # fmt: skip

NOTHING = {"person": "Robin Vale", "messages": 0, "rings": 0, "nights": 0, "night_rings": 0, "hours": 0, "night_hours": 0}


@pytest.fixture
def answer(user, client):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def answered(chart, *, may=(), **asked):
        user.user_permissions.set(Permission.objects.filter(codename__in=[*CHARTS[chart], *may]))
        reply = client.get(f"/api/v1/stats/{chart}", asked).json()
        return {table["id"]: [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]] for table in reply["tables"]}

    return answered


def test_each_chart_needs_its_own_permission_and_answers_when_there_is_nothing(client, user, answer):
    for chart in CHARTS:
        user.user_permissions.clear()
        assert [client.get(f"/api/v1/stats/{chart}{form}?figure=x").status_code for form in ("", ".csv")] == [403, 403]
        assert list(answer(chart).values()) == [[]]


def test_messages_say_how_long_the_provider_took_and_whose_nights_it_was(answer):
    person, at = make_recipient(time_zone="UTC"), timezone.now().replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=2)
    told = Notification.objects.create(id=uuid7(at), key="k", thread="alert:x", recipient=person, reason="first", created_at=at)
    Delivery.objects.create(
        id=uuid7(at), notification=told, transport="voice", status="seen", queued_at=at, sent_at=at + SECOND, took_ms=400
    )

    statistics.run_due(at=timezone.now())

    (voice,), (robin,) = answer("deliveries")["by_transport"], answer("people")["by_person"]
    assert (voice["messages"], voice["accepted"], voice["proved"], voice["failed"]) == (1, 1, 1, 0)
    assert (voice["provider_median_seconds"], voice["waited_p95_seconds"]) == (pytest.approx(0.4, rel=0.025), pytest.approx(1, rel=0.025))
    assert robin == {"person": "Robin Vale", "messages": 1, "rings": 1, "nights": 1, "night_rings": 1, "hours": None, "night_hours": None}


def test_who_may_see_schedules_sees_how_long_each_was_on_call_until_now(answer):
    make_schedule("Days", make_recipient(time_zone="UTC"), layer={"kind": "daily"})
    since = timezone.now().replace(minute=0, second=0, microsecond=0) - 48 * HOUR

    past = answer("people", may=["view_oncallschedule"], since=since.isoformat(), until=(since + 24 * HOUR).isoformat())["by_person"]
    to_come = answer("people", may=["view_oncallschedule"], until=(since + 999 * HOUR).isoformat(), since=since.isoformat())["by_person"]

    assert past == [dict(NOTHING, hours=24, night_hours=9)]
    assert 48 <= to_come[0]["hours"] < 999
    assert answer("people", since=since.isoformat())["by_person"] == []


def test_nights_are_not_known_of_days_whose_quarters_were_deleted(answer):
    at = timezone.now().replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=2)
    RingRollup.objects.create(seconds=86_400, recipient="", at=at - 3 * HOUR, messages=2, rings=1)
    RingRollup.objects.create(seconds=86_400, recipient=str(make_recipient().pk), at=at - 3 * HOUR, messages=2, rings=1)

    assert answer("people")["by_person"] == [
        dict(NOTHING, messages=2, rings=1, nights=None, night_rings=None, hours=None, night_hours=None)
    ]


def test_jobs_say_how_they_ended(answer):
    at, job = timezone.now() - HOUR, Job.objects.create(slug="clean", name="Clean")
    for number, status in enumerate(("success", "success", "error")):
        pk = uuid7(at)
        JobRun.objects.create(id=pk, chain_id=pk, job=job, status=status, trigger="api", queued_at=at, duration_ms=1000 * (number + 1))

    statistics.run_due(at=timezone.now())

    (clean,) = answer("jobs", job="clean")["by_job"]
    assert (clean["job"], clean["runs"], clean["success"], clean["error"]) == ("Clean", 3, 2, 1)
    assert (clean["lasted_median_seconds"], clean["lasted_worst_seconds"]) == (pytest.approx(2, rel=0.025), 3)
    assert answer("jobs", job="none")["by_job"] == []


def test_backups_and_devices_answer_from_what_they_keep(answer):
    at, job, meter = timezone.now(), make_job(), Device.objects.create(slug="m", name="=Meter", driver="push")
    for days, status in ((1, "success"), (2, "missing")):
        entry = {"reported_by": "ping", "created_at": at, "changed_at": at}
        BackupEntry.objects.create(expected_job=job, cycle_at=at - timedelta(days=days), status=status, **entry)
    hour = at.replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    values = dict.fromkeys(("mean", "low", "high", "l10", "l50", "l90"), 1.0)
    Rollup.objects.create(device=meter, metric="lp", seconds=3600, at=hour, count=60, **values)

    (backup,), (device,) = answer("backups")["by_backup"], answer("devices")["by_device"]

    assert (backup["success"], backup["missing"], backup["failed"]) == (1, 1, 0)
    assert (device["device"], device["readings"], 0 < device["up_percent"] < 1) == ("=Meter", 60, True)
